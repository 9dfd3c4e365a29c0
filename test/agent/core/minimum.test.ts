import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../runs.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;

function relay(output = {}): World {
  return new World(configOf({ outputs: { pump: output } }));
}

const iso = (at: number) => new Date(at).toISOString();

describe("min_on", () => {
  it("refuses what would end it sooner, and says when it is allowed", () => {
    const world = relay({ min_on: 5 * second });
    world.control("pump", "ON");
    world.advance(2 * second);
    expect(world.mqtt("pump", "OFF")).toMatchObject({ ok: false, reason: "min_on", allowed_at: iso(6000) });
    expect(world.control("pump", "TOGGLE")).toMatchObject({ ok: false, reason: "min_on", allowed_at: iso(6000) });
    expect(world.isOn("pump")).toBe(true);
    expect(world.outputState("pump").history.at(-1)).toMatchObject({ state: "REFUSED", detail: expect.stringContaining("min_on") });
    world.advance(3 * second);
    expect(world.mqtt("pump", "OFF")).toMatchObject({ ok: true });
  });

  it("is refused to the millisecond, from the observed write on", () => {
    const world = relay({ min_on: 5 * second });
    world.control("pump", "ON");
    world.advance(5 * second - 1);
    expect(world.control("pump", "OFF")).toMatchObject({ ok: false });
    world.advance(1);
    expect(world.control("pump", "OFF")).toMatchObject({ ok: true });
  });

  it("makes a shorter pulse longer, and leaves a longer one", () => {
    const world = relay({ min_on: 5 * second });
    world.control("pump", "PULSE", 300);
    expect(world.attr("pump").until).toBe(iso(6000));
    world.advance(20 * second);
    world.control("pump", "PULSE", 7000);
    world.advance(20 * second);
    expect(world.moves).toEqual(["pump on 1000", "pump off 6000", "pump on 21000", "pump off 28000"]);
  });

  it("does not lengthen a pulse of an output that was on long enough", () => {
    const world = relay({ min_on: 5 * second });
    world.control("pump", "ON");
    world.advance(10 * second);
    world.control("pump", "PULSE", 300);
    world.advance(second);
    expect(world.moves).toEqual(["pump on 1000", "pump off 11300"]);
  });

  it("does not hold up the stop", () => {
    const world = relay({ min_on: 5 * second });
    world.control("pump", "ON");
    world.dispatch({ type: "stop-requested", at: world.now });
    expect(world.isOn("pump")).toBe(false);
  });

  it("holds within one rule: a second toggle is refused, and told", () => {
    const rules = { both: when("porch press", ["pump", "toggle"], ["pump", "toggle"]) };
    const world = new World(configOf({ inputs: { porch: {} }, outputs: { pump: { min_on: second } }, rules }));
    world.advance(10 * second);
    world.press("porch", 100);
    expect(world.isOn("pump")).toBe(true);
    expect(world.moves).toHaveLength(1);
    expect(world.logs.at(-1)).toMatchObject({ level: expect.any(String) });
    expect(world.outputState("pump").history.filter(({ state }) => state === "REFUSED")).toMatchObject([
      { cause: { kind: "rule", text: "rule both", detail: "porch press" } },
    ]);
  });
});

describe("min_off", () => {
  it("refuses what would end it sooner, from the start on, and says when it is allowed", () => {
    const world = relay({ min_off: 5 * second });
    world.advance(second);
    expect(world.mqtt("pump", "ON")).toMatchObject({ ok: false, reason: "min_off", allowed_at: iso(6000) });
    expect(world.mqtt("pump", "PULSE")).toMatchObject({ ok: false, reason: "min_off" });
    world.advance(4 * second);
    expect(world.mqtt("pump", "ON")).toMatchObject({ ok: true });
    world.mqtt("pump", "OFF");
    expect(world.mqtt("pump", "ON")).toMatchObject({ ok: false, allowed_at: iso(11_000) });
  });

  it("does not refuse an ON for an output that is on", () => {
    const world = relay({ min_off: 5 * second });
    world.advance(5 * second);
    world.mqtt("pump", "ON");
    expect(world.mqtt("pump", "PULSE")).toMatchObject({ ok: true, changed: false });
  });
});

describe("the ceiling of a pulse", () => {
  const world = relay({ pulse: { default: 300, max: 2000 } });
  it("refuses a longer one with the ceiling in the message", () => {
    expect(world.mqtt("pump", '{"state":"PULSE","for_ms":2001}')).toMatchObject({
      ok: false,
      reason: "too-long",
      message: expect.stringContaining("2000 ms"),
    });
    expect(world.control("pump", "ON", 5000)).toMatchObject({ ok: false, reason: "too-long" });
    expect(world.moves).toEqual([]);
  });
  it("serves one that is just as long, the default without a length, and ON without an end", () => {
    expect(world.control("pump", "PULSE", 2000)).toMatchObject({ ok: true });
    world.advance(10 * second);
    world.control("pump", "PULSE");
    world.advance(10 * second);
    expect(world.control("pump", "ON")).toMatchObject({ ok: true });
    expect(world.moves.slice(0, 4)).toEqual(["pump on 1000", "pump off 3000", "pump on 11000", "pump off 11300"]);
  });
  it("is the length itself where it is shorter than the usual one", () => {
    const short = relay({ pulse: { default: null, max: 200 } });
    expect(short.control("pump", "PULSE")).toMatchObject({ ok: true });
    short.advance(second);
    expect(short.moves.at(-1)).toBe("pump off 1200");
  });
});

describe("any traffic", () => {
  it("never makes an on shorter than min_on or an off shorter than min_off, and allowed_at is kept", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(3000), late: fc.nat(500) }),
      fc.record({ kind: fc.constantFrom("ON" as const, "OFF" as const, "TOGGLE" as const, "PULSE" as const) }),
      fc.record({ kind: fc.constantFrom("break" as const, "mend" as const, "edge" as const) }),
    );
    const rules = {
      press: when("porch press", ["pump", "toggle"]),
      release: when("porch release", ["pump", "toggle"], ["pump", "toggle"]),
    };
    const config = configOf({ inputs: { porch: {} }, outputs: { pump: { min_on: 900, min_off: 700, max_on: 4000 } }, rules });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const world = new World(config);
        for (const one of steps) {
          if (one.kind === "wait") world.advance(one.ms, () => one.late);
          else if (one.kind === "edge") world.edge("porch", !world.inputs[0]);
          else if (one.kind === "break" || one.kind === "mend") world.breakOutput("pump", one.kind === "break");
          else {
            const verdict = world.control("pump", one.kind);
            if (verdict?.ok !== false || verdict.allowed_at === undefined) continue;
            world.breakOutput("pump", false);
            world.now = Date.parse(verdict.allowed_at);
            expect(world.control("pump", one.kind)).toMatchObject({ ok: true });
          }
        }
        const times = world.moves.map((move) => ({ on: move.includes(" on "), at: Number(move.split(" ")[2]) }));
        let before = { on: false, at: 1000 };
        for (const move of times) {
          expect(move.at - before.at).toBeGreaterThanOrEqual(before.on ? 900 : 700);
          before = move;
        }
      }),
      { numRuns: runs(1000) },
    );
  });
});
