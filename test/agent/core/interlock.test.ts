import fc from "fast-check";
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

describe("any traffic on a group of three", () => {
  const ids = ["one", "two", "three"] as const;
  const names = fc.constantFrom(...ids);
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.oneof(fc.nat(60), fc.nat(900)), late: fc.nat(400) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("command" as const),
        output: names,
        word: fc.constantFrom("ON" as const, "OFF" as const, "TOGGLE" as const, "PULSE" as const),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("edge" as const), ago: fc.nat(40) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom("break" as const, "mend" as const, "lose" as const, "return" as const, "lock" as const, "unlock" as const),
        output: names,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("link" as const), online: fc.boolean() }) },
  );
  const configs = fc.record({
    mode: fc.constantFrom("switch" as const, "refuse" as const),
    dead_time: fc.constantFrom(0, 1, 300),
    min_on: fc.constantFrom(0, 200),
    min_off: fc.constantFrom(0, 150),
    on_start: fc.constantFrom("on" as const, "off" as const),
  });

  it("never has two on, dead time included; every command is answered once; every pulse ends", () => {
    fc.assert(
      fc.property(configs, fc.array(step, { maxLength: 50 }), (settings, steps) => {
        const { mode, dead_time, min_on, min_off, on_start } = settings;
        const interlock = "motor";
        const rules = {
          press: when("porch press", ["one", "on"], ["two", "on"], ["one", "pulse"]),
          release: when("porch release", ["three", "toggle"], ["three", "toggle"], ["two", "off"], ["three", "on"]),
        };
        const world = new World(
          configOf({
            inputs: { porch: {} },
            outputs: {
              one: { interlock, min_on, on_start },
              two: { interlock, min_off, max_on: 700 },
              three: { interlock, on_broker_lost: { after: 1000, do: "off" } },
            },
            interlocks: { motor: { mode, dead_time } },
            rules,
          }),
        );
        let asked = 0;
        for (const one of steps) {
          if (one.kind === "wait") world.advance(one.ms, () => one.late);
          else if (one.kind === "edge") world.edge("porch", !world.inputs[0], world.now - one.ago);
          else if (one.kind === "link") world.link(one.online);
          else if (one.kind === "command") {
            asked++;
            world.control(one.output, one.word, one.word === "PULSE" ? 250 : null);
          } else if (one.kind === "lose") world.loseOutput(one.output);
          else if (one.kind === "return") world.returnOutput(one.output);
          else if (one.kind === "lock" || one.kind === "unlock") world.lock(one.output, one.kind === "lock");
          else world.breakOutput(one.output, one.kind === "break");
        }
        world.advance(20 * second);
        expect(world.answers).toHaveLength(asked);
        let on: string | undefined;
        const offAt = new Map<string, number>();
        for (const wire of world.wires) {
          const { id, active, at } = wire;
          if (!active) {
            if (on === id) on = undefined;
            offAt.set(id, at);
            continue;
          }
          expect(on === undefined || on === id, `${id} goes on while ${on} is on`).toBe(true);
          for (const [other, off] of offAt) if (other !== id) expect(at - off, `${id} after ${other}`).toBeGreaterThanOrEqual(dead_time);
          on = id;
        }
        for (const { waiting } of world.state.outputs) expect(waiting).toBeNull();
        // Lines that stay broken are tried again for ever; nothing else is left to come.
        expect([...world.timers.keys()].filter((key) => !/^(hold|retry):/.test(key))).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });
});
