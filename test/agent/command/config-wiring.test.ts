import { describe, expect, it } from "vitest";
import { configWiring } from "../../../agent/command/config-wiring.ts";
import { configOf } from "../../config/loading.ts";

/** What stands at the pins, by their number. */
function wires(yaml: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of configWiring(configOf(yaml), 78)) {
    const [, left, odd, even, right] = /^(?: *(.*?) <--)? .*? ?(\d+)\|(\d+) .*?(?:--> (.*))?$/.exec(line) ?? [];
    if (left) found[odd ?? ""] = left;
    if (right) found[even ?? ""] = right;
  }
  return found;
}

describe("the wiring of a configuration", () => {
  it("has a pin for both sides of each contact, one module for all relays, one bus for all thermometers; where supplies run out two share a pin", () => {
    const found = wires(`
inputs:
  bell: { line: 17, active: low, bias: pull-up }
  door: { line: pin13 }
  knob: { line: GPIO23, line_b: 24, kind: encoder, active: low }
outputs: { lamp: { line: 5 }, fan: { line: 6 } }
sensors:
  attic: { driver: w1, id: 28-0316a2795bff }
  cellar: { driver: w1, id: 28-0316a2795bfe }
`);
    expect(found).toEqual({
      1: "relay VCC + 1-wire VDD",
      6: "1-wire GND",
      7: "1-wire data, 4.7k to 3V3",
      9: "bell, other side",
      11: "bell",
      13: "door",
      17: "door, other side",
      14: "knob, other side",
      16: "knob",
      18: "knob, B",
      29: "relay IN: lamp",
      30: "relay GND",
      31: "relay IN: fan",
    });
  });

  it.each(["gpio: { driver: sim }\ninputs: { bell: { line: 17 } }", "inputs: { bell: { line: { chip: pcf8574, offset: 3 } } }", ""])(
    "has no picture where nothing is on the header: %s",
    (yaml) => {
      expect(configWiring(configOf(yaml), 78)).toEqual([]);
    },
  );
});
