import { describe, expect, it } from "vitest";
import type { Config } from "../../../config/schema.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;
const dead = 300;

function gate(mode: "switch" | "refuse" = "switch", up = {}, down = {}, more: Partial<Parameters<typeof configOf>[0]> = {}): Config {
  return configOf({
    outputs: { up: { interlock: "gate", ...up }, down: { interlock: "gate", ...down }, lamp: {} },
    interlocks: { gate: { dead_time: dead, mode } },
    ...more,
  });
}

/** A world whose start is so long ago that no dead time runs any more. */
function calm(config: Config = gate()): World {
  const world = new World(config);
  world.advance(9 * second);
  return world;
}

const iso = (at: number) => new Date(at).toISOString();

describe("an ON for an interlocked output", () => {
  it("goes on at once when its partner was off for the dead time", () => {
    const world = calm();
    expect(world.control("up", "ON")).toEqual({ ok: true, state: "ON", changed: true });
    expect(world.moves).toEqual(["up on 10000"]);
  });

  it("waits for the dead time after the start: nobody knows what was before", () => {
    const world = new World(gate());
    world.control("up", "ON");
    world.advance(second);
    expect(world.moves).toEqual(["up on 1300"]);
  });

  it("switches its partner off, waits from the observed write on, then goes on and is answered", () => {
    const world = calm();
    world.control("down", "ON");
    world.advance(second);
    expect(world.mqtt("up", '{"state":"ON","id":"u"}')).toBeUndefined();
    expect(world.outputState("down").cause).toMatchObject({ kind: "interlock", text: "interlock gate", detail: "up goes on" });
    world.advance(dead);
    expect(world.moves).toEqual(["down on 10000", "down off 11000", "up on 11300"]);
    expect(world.answers.at(-1)).toMatchObject({ at: 11_300, to: { id: "u" }, verdict: { ok: true, state: "ON", changed: true } });
    expect(world.attr("up")).toMatchObject({ cause: "mqtt", interlock: "gate" });
  });

  it("ends the pulse of its partner, and its own has its whole length", () => {
    const world = calm();
    world.control("down", "PULSE", 5000);
    world.control("up", "PULSE", 500);
    world.advance(20 * second);
    expect(world.moves).toEqual(["down on 10000", "down off 10000", "up on 10300", "up off 10800"]);
  });

  it("does not wait again when it is on already", () => {
    const world = calm();
    world.control("up", "ON");
    expect(world.control("up", "PULSE", 500)).toMatchObject({ ok: true, changed: false });
  });

  it("is refused while its partner must stay on, and says until when", () => {
    const world = calm(gate("switch", {}, { min_on: 2000 }));
    world.control("down", "ON");
    world.advance(second);
    expect(world.control("up", "ON")).toMatchObject({ ok: false, reason: "min_on", allowed_at: iso(12_000) });
    expect(world.isOn("down")).toBe(true);
  });

  it("is refused while nobody knows whether its partner is off", () => {
    const world = calm();
    world.control("down", "ON");
    world.loseOutput("down");
    expect(world.control("up", "ON")).toMatchObject({ ok: false, reason: "interlock" });
    world.returnOutput("down");
    world.control("up", "ON");
    world.advance(second);
    expect(world.moves.at(-1)).toBe("up on 10300");
  });

  it("is refused while its partner is on and locked", () => {
    const world = calm();
    world.control("down", "ON");
    world.lock("down", true);
    expect(world.control("up", "ON")).toMatchObject({ ok: false, reason: "interlock", message: expect.stringContaining("locked") });
  });

  it("fails when its partner cannot be switched off, and does not come later", () => {
    const world = calm();
    world.control("down", "ON");
    world.breakOutput("down", true);
    expect(world.control("up", "ON")).toMatchObject({ ok: false, reason: "failed", message: expect.stringContaining("down") });
    world.advance(3 * second);
    world.breakOutput("down", false);
    world.advance(20 * second);
    expect(world.moves.map((move) => move.split(" ").slice(0, 2).join(" "))).toEqual(["down on", "down off"]);
    expect(world.timers.size).toBe(0);
  });

  it("and of its partner in one rule: the last one counts, and the partner is seen to be off before", () => {
    const rules = { press: when("porch press", ["up", "on"], ["down", "on"]) };
    const world = calm(gate("switch", {}, {}, { inputs: { porch: { debounce: 0 } }, rules }));
    world.edge("porch", true);
    world.advance(second);
    expect(world.moves).toEqual(["up on 10000", "up off 10000", "down on 10300"]);
  });

  it("and a toggle of its partner in one rule: the partner was on its way off, so it stays", () => {
    const rules = { press: when("porch press", ["up", "on"], ["down", "toggle"]) };
    const world = calm(gate("switch", {}, {}, { inputs: { porch: { debounce: 0 } }, rules }));
    world.control("down", "ON");
    world.edge("porch", true);
    world.advance(second);
    expect([world.isOn("up"), world.isOn("down")]).toEqual([false, true]);
  });

  it("leaves other outputs alone", () => {
    const world = calm();
    world.control("lamp", "ON");
    world.control("up", "ON");
    world.control("down", "ON");
    world.advance(second);
    expect(world.isOn("lamp")).toBe(true);
  });
});

describe("an ON that waits for the dead time", () => {
  const waiting = (config?: Config) => {
    const world = calm(config);
    world.control("down", "ON");
    world.control("up", "ON");
    return world;
  };
  it.each([
    ["up", "OFF"],
    ["up", "TOGGLE"],
    ["down", "OFF"],
  ] as const)("is cancelled by %s %s, and told so", (output, word) => {
    const world = waiting();
    world.advance(100);
    expect(world.control(output, word)).toMatchObject({ ok: true, state: "OFF" });
    expect(world.answers.at(-2)).toMatchObject({ verdict: { ok: false, reason: "cancelled" } });
    world.advance(10 * second);
    expect(world.isOn("up")).toBe(false);
    expect(world.timers.size).toBe(0);
  });

  it("gives way to an ON of the other one", () => {
    const world = waiting();
    world.advance(100);
    world.control("down", "ON");
    world.advance(10 * second);
    expect(world.moves).toEqual(["down on 10000", "down off 10000", "down on 10100"]);
  });

  it("is replaced by an ON of its own, which does not start the dead time anew", () => {
    const world = waiting();
    world.advance(100);
    world.control("up", "PULSE", 500);
    world.advance(10 * second);
    expect(world.moves.slice(2)).toEqual(["up on 10300", "up off 10800"]);
  });

  it("is not cancelled by a command that is refused", () => {
    const world = waiting();
    world.mqtt("down", "BLINK");
    world.mqtt("down", "ON", { retain: true });
    world.advance(second);
    expect(world.isOn("up")).toBe(true);
  });

  it("and comes again with its id is answered once, and not cancelled by itself", () => {
    const world = calm();
    world.control("down", "ON");
    world.mqtt("up", '{"state":"ON","id":"u"}');
    world.mqtt("up", '{"state":"ON","id":"u"}');
    world.advance(second);
    expect(world.isOn("up")).toBe(true);
    expect(world.answers.filter(({ to }) => to.via === "mqtt")).toHaveLength(1);
  });

  it.each<[string, (world: World) => void]>([
    ["a stop", (world) => world.dispatch({ type: "stop-requested", at: world.now })],
    ["a lock", (world) => world.lock("up", true)],
    ["the loss of its line", (world) => world.loseOutput("up")],
    ["the loss of its partner's line", (world) => world.loseOutput("down")],
  ])("is ended by %s", (_, happen) => {
    const world = waiting();
    happen(world);
    world.returnOutput("up");
    world.returnOutput("down");
    world.advance(10 * second);
    expect(world.isOn("up")).toBe(false);
    expect(world.answers.at(-1)?.verdict).toMatchObject({ ok: false });
    expect(world.timers.size).toBe(0);
  });
});

describe("mode: refuse", () => {
  it("refuses while the partner is on, and knows when it may go on if the partner has an end", () => {
    const world = calm(gate("refuse"));
    world.control("down", "ON");
    const refused = world.control("up", "ON");
    expect(refused).toMatchObject({ ok: false, reason: "interlock" });
    expect(refused).not.toHaveProperty("allowed_at");
    world.control("down", "PULSE", 2000);
    expect(world.control("up", "ON")).toMatchObject({ ok: false, reason: "interlock", allowed_at: iso(12_300) });
    world.advance(2000);
    expect(world.control("up", "ON")).toMatchObject({ ok: false, reason: "interlock", allowed_at: iso(12_300) });
    world.advance(dead);
    expect(world.control("up", "ON")).toMatchObject({ ok: true });
  });
});

describe("on_start: on of an interlocked output", () => {
  it("is requested off, and goes on after the dead time: its partner may have been on until now", () => {
    const world = new World(gate("switch", { on_start: "on" }), { found: true });
    expect(world.isOn("up")).toBe(false);
    world.advance(second);
    expect(world.moves).toEqual(["up on 1300"]);
    expect(world.outputState("up").cause.kind).toBe("start");
  });

  it("stays off when its chip comes back while the partner is on", () => {
    const world = new World(gate("switch", { on_start: "on" }));
    world.advance(second);
    world.loseOutput("up");
    world.returnOutput("up");
    world.control("down", "ON");
    world.advance(second);
    world.loseOutput("up");
    world.returnOutput("up");
    world.advance(second);
    expect([world.isOn("up"), world.isOn("down")]).toEqual([false, true]);
    world.control("down", "OFF");
    world.advance(10 * second);
    expect(world.isOn("up")).toBe(false);
  });
});
