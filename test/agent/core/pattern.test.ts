import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OutputConfig } from "../../../config/schema.ts";
import { type ActionParts, configOf, rule } from "./fixture.ts";
import { World } from "./world.ts";

const runs = Number(process.env.PINBUS_RUNS ?? 200);

const playing = (action: ActionParts, output: Partial<OutputConfig> = {}) =>
  new World(
    configOf({
      inputs: { go: {}, stop: {} },
      outputs: { led: output },
      rules: { a: rule([{ input: "go", gesture: "press" }], [{ output: "led", ...action }]) },
    }),
  );
/** On and off times since the press was known. */
const played = (world: World) =>
  world.moves.map((move) => move.replace(/led (on|off) (\d+)/, (_, word, at) => `${word} ${Number(at) - 1020}`));

describe("a pattern", () => {
  it("flashes for its total, the last time as long as there is time left", () => {
    const world = playing({ flash: { total: 1800, on: 200, off: 100 } });
    world.press("go", 100, 10_000);
    expect(played(world)).toEqual([0, 300, 600, 900, 1200, 1500].flatMap((at) => [`on ${at}`, `off ${at + 200}`]));
    const short = playing({ flash: { total: 500, on: 200, off: 200 } });
    short.press("go", 100, 10_000);
    expect(played(short)).toEqual(["on 0", "off 200", "on 400", "off 500"]);
  });

  it("plays a tune on a line that knows no notes: two without a rest are one", () => {
    const tone = [
      { note: "C7", ms: 500 },
      { note: null, ms: 250 },
      { note: "C7", ms: 300 },
      { note: "E7", ms: 200 },
    ];
    const world = playing({ tone });
    world.press("go", 100, 10_000);
    expect(played(world)).toEqual(["on 0", "off 500", "on 750", "off 1250"]);
  });

  it("beeps, is repeated, and begins with a rest if it says so", () => {
    const beeps = playing({ beep: { times: 3, on: 100, off: 50 } });
    beeps.press("go", 100, 10_000);
    expect(played(beeps)).toEqual(["on 0", "off 100", "on 150", "off 250", "on 300", "off 400"]);
    const twice = playing({ pattern: [100, 200], repeat: 2 });
    twice.press("go", 100, 10_000);
    expect(played(twice)).toEqual(["on 0", "off 100", "on 300", "off 400"]);
    const late = playing({
      tone: [
        { note: null, ms: 100 },
        { note: "A4", ms: 100 },
      ],
    });
    late.press("go", 100, 10_000);
    expect(played(late)).toEqual(["on 100", "off 200"]);
  });

  it("ends by a button, by a message, by a command, by a lock, by a stop, and by its rule being disabled", () => {
    const ends: [string, (world: World) => void, string[]][] = [
      ["button", (world) => world.press("stop", 50), ["on 0", "off 220"]],
      ["any message", (world) => world.message("all/off", "7"), ["on 0", "off 200"]],
      ["an empty one", (world) => world.message("all/off", ""), ["on 0", "off 200"]],
      ["its message", (world) => world.message("led", "off"), ["on 0", "off 200"]],
      ["another message", (world) => world.message("led", "offline"), ["on 0", "off 1000", "on 2000", "off 3000"]],
      ["off", (world) => world.mqtt("led", "OFF"), ["on 0", "off 200"]],
      ["on", (world) => world.mqtt("led", "ON"), ["on 0"]],
      ["lock", (world) => world.lock("led", true), ["on 0", "off 1000"]],
      ["disable", (world) => world.rule("a", "OFF"), ["on 0", "off 200"]],
      ["stop", (world) => world.dispatch({ type: "stop-requested", at: world.now }), ["on 0", "off 200"]],
    ];
    for (const [, end, moves] of ends) {
      const world = playing({
        pattern: [1000, 1000],
        repeat: 2,
        until: [{ input: "stop", gesture: "press" }, { topic: "all/off" }, { topic: "led", payload: "off" }],
      });
      world.press("go", 100);
      world.advance(20);
      end(world);
      world.advance(20_000);
      expect(played(world)).toEqual(moves);
      expect(world.state.patterns).toEqual([null]);
    }
  });

  it("ends with the reason when the contract refuses a step, or ends an on-time", () => {
    const refused = playing({ pattern: [100, 100], repeat: 9 }, { min_off: 5000 });
    refused.advance(10_000);
    refused.edge("go", true);
    refused.advance(20_000);
    expect(refused.moves).toEqual(["led on 11020", "led off 11120"]);
    expect(refused.logs.map(({ message }) => message)).toContain(
      "the pattern of rule a on led ended: min_off: led must stay off for 5000 ms",
    );
    const limited = playing({ pattern: [900, 100], repeat: 9 }, { max_on: 1000 });
    limited.mqtt("led", "ON");
    limited.advance(500);
    limited.press("go", 100, 20_000);
    expect(limited.moves).toEqual(["led on 1000", "led off 2000"]);
    expect(limited.state.patterns).toEqual([null]);
  });

  it("ends when its line is lost, and does not come back with it", () => {
    const world = playing({ pattern: [100, 100], repeat: 1000 });
    world.press("go", 100);
    world.loseOutput("led");
    world.advance(1000);
    world.returnOutput("led");
    world.advance(1000);
    expect(world.isOn("led")).toBe(false);
    expect(world.state.patterns).toEqual([null]);
  });

  it("goes on over a reload that does not touch it, and ends with its rule", () => {
    const world = playing({ pattern: [100, 100], repeat: 3 });
    world.press("go", 50, 50);
    world.reload({ ...world.config, sys_interval: 1 });
    world.advance(10_000);
    expect(played(world)).toEqual(["on 0", "off 100", "on 200", "off 300", "on 400", "off 500"]);
    const gone = playing({ pattern: [100, 100], repeat: 3 });
    gone.press("go", 30, 30);
    gone.reload({ ...gone.config, rules: {} });
    gone.advance(10_000);
    expect(played(gone)).toEqual(["on 0", "off 100"]);
  });

  it("always ends, whatever it is and whatever comes in between, with the output off unless somebody else wanted it on", () => {
    const times = fc.array(fc.integer({ min: 10, max: 400 }), { minLength: 1, maxLength: 6 });
    const other = fc.constantFrom("OFF", "TOGGLE", "PULSE", "press", "stop", "lose", "lock", "fail", "say", "nothing");
    fc.assert(
      fc.property(
        times,
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.tuple(fc.integer({ max: 500, min: 1 }), other), { maxLength: 12 }),
        (pattern, repeat, others) => {
          const until = [{ input: "stop", gesture: "press" as const }, { topic: "all/off" }];
          const world = playing({ pattern, repeat, until }, { max_on: 3000, min_on: 50, min_off: 20 });
          world.press("go", 100);
          for (const [wait, what] of others) {
            world.advance(wait);
            if (what === "press") world.press("go", 30);
            else if (what === "stop") world.press("stop", 30);
            else if (what === "say") world.message("all/off", "7");
            else if (what === "lose") {
              world.loseOutput("led");
              world.returnOutput("led");
            } else if (what === "lock") {
              world.lock("led", true);
              world.lock("led", false);
            } else if (what === "fail") {
              world.breakOutput("led", true);
              world.advance(100);
              world.breakOutput("led", false);
            } else if (what !== "nothing") world.mqtt("led", what);
          }
          world.advance(60_000);
          expect(world.state.patterns).toEqual([null]);
          expect(world.isOn("led")).toBe(false);
          expect([...world.timers.keys()].filter((key) => key.startsWith("pattern:"))).toEqual([]);
        },
      ),
      { numRuns: runs },
    );
  });
});
