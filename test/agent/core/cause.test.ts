import { describe, expect, it } from "vitest";
import { factsOf } from "../../../agent/core/cause.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;

function world(): World {
  return new World(
    configOf({
      inputs: { porch: {} },
      outputs: {
        lamp: { max_on: 60 * second, on_broker_lost: { after: 90 * second, do: "off" } },
        up: { interlock: "g" },
        down: { interlock: "g" },
      },
      interlocks: { g: { dead_time: 300, mode: "switch" } },
      rules: { "porch-lamp": when("porch press", ["lamp", "pulse", 500]) },
    }),
  );
}

describe("the facts of a cause", () => {
  it.each<[string, (one: World) => void, unknown, string?]>([
    [
      "a rule",
      (one) => one.press("porch", 50),
      { kind: "rule", source: "porch-lamp", id: null, chain: ["porch press", "rule porch-lamp"] },
    ],
    [
      "the end of the pulse of a rule",
      (one) => one.press("porch", 50, 600),
      { kind: "contract", source: "pulse ended", id: null, chain: ["porch press", "rule porch-lamp", "pulse ended"] },
    ],
    [
      "a command with an id",
      (one) => one.mqtt("lamp", '{"state":"ON","id":"a-1","cause":"rain"}'),
      { kind: "mqtt", source: "mqtt", id: "a-1", chain: ["mqtt (rain, id a-1)"] },
    ],
    [
      "max_on, which still knows the command",
      (one) => {
        one.mqtt("lamp", '{"state":"ON","id":"a-1"}');
        one.advance(60 * second);
      },
      { kind: "contract", source: "max_on reached", id: "a-1", chain: ["mqtt (id a-1)", "max_on reached"] },
    ],
    ["a person", (one) => one.control("lamp", "ON", null, "tui"), { kind: "tui", source: "tui", id: null, chain: ["tui"] }],
    ["the start", () => {}, { kind: "start", source: "start", id: null, chain: ["start"] }],
    [
      "an interlock",
      (one) => {
        one.control("up", "ON");
        one.advance(second);
        one.control("down", "ON");
      },
      { kind: "contract", source: "interlock g", id: null, chain: ["interlock g (down goes on)"] },
      "up",
    ],
    [
      "the loss of the broker",
      (one) => {
        one.advance(80 * second);
        one.control("lamp", "ON");
        one.advance(20 * second);
      },
      { kind: "failsafe", source: "broker lost", id: null, chain: ["broker lost (for 90 s)"] },
    ],
    [
      "the stop",
      (one) => {
        one.control("lamp", "ON");
        one.dispatch({ type: "stop-requested", at: one.now });
      },
      { kind: "contract", source: "agent stops", id: null, chain: ["agent stops"] },
    ],
  ])("%s: the same in the state, the attributes and the journal", (_name, play, facts, output = "lamp") => {
    const one = world();
    play(one);
    expect(factsOf(one.outputState(output).cause)).toEqual(facts);
    expect(one.attr(output)).toMatchObject(facts as object);
    const { id, chain, ...rest } = facts as { id: string | null; chain: string[] };
    const { fields } = one.logs.findLast((entry) => entry.fields.output === output) ?? {};
    expect(fields).toMatchObject({ output, ...rest, chain: chain.join(" > "), ...(id === null ? {} : { id }) });
    for (const line of one.logs) expect(Object.values(line.fields).every((value) => typeof value === "string")).toBe(true);
  });

  it("never grows, however often one pulse follows another", () => {
    const one = world();
    for (let count = 0; count < 50; count++) {
      one.control("lamp", "PULSE", 100);
      one.advance(200);
    }
    expect(factsOf(one.outputState("lamp").cause).chain).toEqual(["cli", "pulse ended"]);
  });

  it("a flood of refused commands does not hide why the output moved", () => {
    const one = world();
    one.control("lamp", "ON");
    for (let count = 0; count < 1000; count++) one.mqtt("lamp", "BLINK");
    expect(
      one
        .outputState("lamp")
        .history.map(({ state }) => state)
        .filter((state) => state !== "REFUSED"),
    ).toEqual(["OFF", "ON"]);
    expect(one.outputState("lamp").history).toHaveLength(18);
  });

  it("is degraded while changes are not kept on disk", async () => {
    const { healthOf } = await import("../../../agent/core/health.ts");
    const one = world();
    one.link(true);
    one.dispatch({ type: "file-changed", file: "history", problem: "history.jsonl could not be written", at: one.now });
    expect(healthOf(one.plan, one.state)).toEqual({ health: "degraded", problems: ["history.jsonl could not be written"] });
    one.dispatch({ type: "file-changed", file: "history", problem: null, at: one.now });
    expect(healthOf(one.plan, one.state).health).toBe("ok");
  });
});
