import { describe, expect, it } from "vitest";
import { sentenceOf } from "../../../agent/core/reason.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;

function world(): World {
  return new World(
    configOf({
      inputs: { porch: {} },
      outputs: {
        lamp: { max_on: 7200 * second, on_broker_lost: { after: 30 * second, do: "off" } },
        up: { interlock: "gate" },
        down: { interlock: "gate", min_off: second },
      },
      interlocks: { gate: { dead_time: 300, mode: "switch" } },
      rules: { "porch-lamp": when("porch press", ["lamp", "toggle"]), "porch-long": when("porch hold", ["lamp", "pulse"]) },
    }),
  );
}

function told(play: (world: World) => void, output = "lamp"): string {
  const one = world();
  play(one);
  const { history } = one.outputState(output);
  const last = history.at(-1);
  return last === undefined ? "" : sentenceOf(last);
}

describe("why an output is as it is, for a stranger", () => {
  it.each<[string, (world: World) => void, string?]>([
    ["ON because porch was pressed and rule porch-lamp says toggle; ends by max_on", (one) => one.press("porch", 100)],
    ["ON because porch was held and rule porch-long says pulse; ends by its pulse", (one) => one.press("porch", 700)],
    ["OFF because its pulse ended (rule porch-long)", (one) => one.press("porch", 700, 10 * second)],
    [
      "ON because a command over MQTT says on (it rains, id a-1); ends by max_on",
      (one) => one.mqtt("lamp", '{"state":"ON","id":"a-1","cause":"it rains"}'),
    ],
    ["ON because somebody used `pinbus set`: toggle; ends by max_on", (one) => one.control("lamp", "TOGGLE")],
    ["ON because somebody used the terminal UI: on; ends by max_on", (one) => one.control("lamp", "ON", null, "tui")],
    ["OFF because the agent started", () => {}],
    [
      "OFF because its line came back",
      (one) => {
        one.loseOutput("lamp");
        one.returnOutput("lamp");
      },
    ],
    [
      "OFF because the agent stopped",
      (one) => {
        one.control("lamp", "ON");
        one.dispatch({ type: "stop-requested", at: one.now });
      },
    ],
    [
      "OFF because it was on for max_on (tui)",
      (one) => {
        one.link(true);
        one.control("lamp", "ON", null, "tui");
        one.advance(7200 * second);
      },
    ],
    [
      "OFF because the broker was lost for 30 s",
      (one) => {
        one.control("lamp", "ON");
        one.advance(60 * second);
      },
    ],
    [
      "OFF because interlock gate lets only one on: down goes on",
      (one) => {
        one.advance(second);
        one.control("up", "ON");
        one.control("down", "ON");
      },
      "up",
    ],
    ["REFUSED cli: down must stay off for 1000 ms", (one) => one.control("down", "ON"), "down"],
    ["REFUSED mqtt: not ON, OFF, TOGGLE, PULSE or a JSON object", (one) => one.mqtt("lamp", "BLINK")],
    [
      "FAILED because the line does not take it; wanted because somebody used `pinbus set`: on",
      (one) => {
        one.breakOutput("lamp", true);
        one.control("lamp", "ON");
      },
    ],
    ["LOCKED by cli", (one) => one.lock("lamp", true)],
  ])("%s", (sentence, play, output) => {
    expect(told(play, output)).toBe(sentence);
  });

  it("stands in the attributes, and is nothing while the line is not ours", () => {
    const one = world();
    one.press("porch", 100);
    expect(one.attr("lamp").text).toBe("ON because porch was pressed and rule porch-lamp says toggle; ends by max_on");
    one.loseOutput("lamp");
    expect(one.attr("lamp").text).toBeNull();
  });
});
