import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OutputConfig } from "../../../config/schema.ts";
import { configOf, rule } from "./fixture.ts";
import { World } from "./world.ts";

const runs = Number(process.env.PINBUS_RUNS ?? 200);
const on = { identify: "on" } as const;
const lampWith = (output: Partial<OutputConfig> = {}) => new World(configOf({ outputs: { lamp: { ...on, ...output } } }));
/** What moved since then, with times counted from there. */
const moved = (world: World, from: number, since: number) =>
  world.moves.slice(since).map((move) => move.replace(/ (\d+)$/, (_, at) => ` ${Number(at) - from}`));

describe("identify", () => {
  it("blinks an output that is off, ends in time, and leaves it off", () => {
    const world = lampWith();
    world.advance(100);
    expect(world.identify("lamp", 3000)).toEqual({ ok: true, state: "ON", changed: true });
    world.advance(60_000);
    expect(moved(world, 1100, 0)).toEqual([0, 1000, 2000].flatMap((at) => [`lamp on ${at}`, `lamp off ${at + 500}`]));
    expect(world.identify("lamp", 1000)).toMatchObject({ ok: true });
  });

  it("goes back to on, with the cause that it had behind it", () => {
    const world = lampWith();
    world.control("lamp", "ON");
    world.advance(10_000);
    const { length } = world.moves;
    expect(world.identify("lamp", 2500, "7")).toEqual({ ok: true, state: "OFF", changed: true });
    world.advance(60_000);
    expect(moved(world, 11_000, length)).toEqual(["lamp off 0", "lamp on 500", "lamp off 1000", "lamp on 1500"]);
    expect(world.attr("lamp")).toMatchObject({ cause: "identify", kind: "mqtt", id: "7", until: null });
    expect(world.attr("lamp").text).toBe(
      "ON because a command over MQTT asked which output it is; before that it was on because somebody switched it on with `pinbus set`",
    );
    expect((world.attr("lamp").chain as { text: string }[]).map(({ text }) => text)).toEqual(["cli", "identify"]);
  });

  it("neither lengthens a pulse nor max_on, and does not blink on beyond their end", () => {
    for (const [output, start] of [
      [{}, (world: World) => world.control("lamp", "PULSE", 10_000)],
      [{ max_on: 10_000 }, (world: World) => world.control("lamp", "ON")],
    ] as const) {
      const world = lampWith(output);
      start(world);
      world.advance(4000);
      world.identify("lamp", 2000);
      world.advance(3000);
      expect(world.isOn("lamp")).toBe(true);
      world.advance(60_000);
      expect(moved(world, 1000, 0).at(-1)).toBe("lamp off 10000");
      start(world);
      const began = world.now;
      const { length } = world.moves;
      world.advance(8000);
      world.identify("lamp", 60_000);
      world.advance(60_000);
      const ends = moved(world, began, length).map((move) => Number(move.split(" ")[2]));
      expect(Math.max(...ends)).toBeLessThanOrEqual(10_000);
      expect(world.isOn("lamp")).toBe(false);
    }
  });

  it("is refused for an output that is not listed, locked, busy, or that its contract would keep from blinking", () => {
    const refusal = (world: World, forMs?: number) => world.identify("lamp", forMs);
    expect(refusal(lampWith({ identify: "off" }))).toMatchObject({
      reason: "not-allowed",
      message: "lamp may not be blinked: write outputs.lamp.identify: on to allow it",
    });
    const locked = lampWith();
    locked.lock("lamp", true);
    expect(refusal(locked)).toMatchObject({ reason: "locked" });
    const fresh = lampWith({ min_on: 5000 });
    fresh.control("lamp", "ON");
    expect(refusal(fresh, 60_000)).toMatchObject({ reason: "min_on", allowed_at: "1970-01-01T00:00:06.000Z" });
    expect(refusal(lampWith({ min_off: 90_000 }), 60_000)).toMatchObject({ reason: "too-long" });
    const ending = lampWith();
    ending.control("lamp", "PULSE", 400);
    expect(refusal(ending)).toMatchObject({ reason: "busy", message: "lamp goes off by itself in a moment: wait until it is off" });
    const busy = lampWith();
    busy.identify("lamp");
    expect(refusal(busy)).toMatchObject({ reason: "busy" });
    const stopping = lampWith();
    stopping.dispatch({ type: "stop-requested", at: stopping.now });
    expect(refusal(stopping)).toMatchObject({ reason: "stopping" });
    for (const world of [locked, stopping]) expect(world.moves).toEqual([]);
  });

  it("keeps min_on and min_off, also when timers come late", () => {
    const world = lampWith({ min_on: 700, min_off: 1200 });
    world.advance(5000);
    world.identify("lamp", 8000);
    let timers = 0;
    world.advance(60_000, () => (timers++ % 2 === 0 ? 40 : 0));
    const times = world.moves.map((move) => Number(move.split(" ")[2]));
    expect(times).toHaveLength(8);
    for (const [index, time] of times.slice(1).entries())
      expect(time - (times[index] ?? 0)).toBeGreaterThanOrEqual(index % 2 === 0 ? 700 : 1200);
  });

  const gates = (mode: "switch" | "refuse") =>
    new World(
      configOf({
        outputs: { up: { ...on, interlock: "gate" }, down: { ...on, interlock: "gate" } },
        interlocks: { gate: { mode, dead_time: 300 } },
      }),
    );

  it("never switches another output of its interlock off, and gives way to one that is wanted", () => {
    for (const mode of ["switch", "refuse"] as const) {
      const world = gates(mode);
      world.advance(1000);
      world.control("down", "ON");
      expect(world.identify("up")).toMatchObject({ reason: "interlock" });
      expect(world.isOn("down")).toBe(true);
      expect(world.identify("down", 60_000)).toMatchObject({ ok: true });
      // It is off for a moment: the other one may go on, and stays on.
      world.advance(400);
      world.control("up", "ON");
      world.advance(60_000);
      expect([world.isOn("up"), world.isOn("down")]).toEqual([true, false]);
      expect(world.logs.at(-1)?.message).toContain("identify of down ended: interlock");
    }
  });

  it("ends by whatever is wanted next, and never moves the output after that", () => {
    const ends: [string, (world: World) => void, boolean][] = [
      ["off", (world) => world.mqtt("lamp", "OFF"), false],
      ["on", (world) => world.control("lamp", "ON"), true],
      ["lock", (world) => world.lock("lamp", true), false],
      ["stop", (world) => world.dispatch({ type: "stop-requested", at: world.now }), false],
      ["loss", (world) => world.loseOutput("lamp"), false],
    ];
    for (const [name, end, isOn] of ends) {
      const world = lampWith();
      world.identify("lamp", 20_000);
      world.advance(5700);
      end(world);
      const { length } = world.moves;
      world.advance(60_000);
      expect([name, world.moves.length, world.isOn("lamp")]).toEqual([name, length, isOn]);
    }
  });

  it("goes on over a reload, unless that takes another line", () => {
    for (const [gpio, blinks] of [
      [16, 10],
      [20, 6],
    ] as const) {
      const world = lampWith();
      world.identify("lamp", 5000);
      world.advance(2250);
      world.reload(configOf({ outputs: { lamp: { max_on: 3_600_000, line: { kind: "gpio", gpio } } } }));
      world.advance(60_000);
      expect(world.moves).toHaveLength(blinks);
      expect(world.isOn("lamp")).toBe(false);
    }
  });

  it("keeps its first and its last blink in the history, so that it does not hide what was before", () => {
    const world = lampWith();
    world.control("lamp", "ON");
    world.advance(1000);
    world.identify("lamp", 60_000);
    world.advance(120_000);
    expect(world.outputState("lamp").history.map(({ state, cause }) => `${state} ${cause.text}`)).toEqual([
      "OFF start",
      "ON cli",
      "OFF identify",
      "ON identify",
    ]);
    expect(world.logs.filter(({ level }) => level === "info")).toHaveLength(4);
    for (let times = 0; times < 20; times++) {
      world.identify("lamp", 1000);
      world.advance(10_000);
    }
    expect(JSON.stringify(world.outputState("lamp").cause).length).toBeLessThan(500);
  });

  it("is no end of what a rule plays", () => {
    const world = new World(
      configOf({
        inputs: { go: {} },
        outputs: { lamp: on },
        rules: { a: rule([{ input: "go", gesture: "press" }], [{ output: "lamp", pattern: [300, 300], repeat: 3 }]) },
      }),
    );
    world.press("go", 100);
    expect(world.identify("lamp")).toMatchObject({ reason: "busy" });
    world.advance(10_000);
    expect(world.moves).toHaveLength(6);
  });

  it("whatever the contract and the state: the minimums and max_on hold, no other output moves, and the state comes back", () => {
    const contract = fc.record({
      min_on: fc.constantFrom(0, 300, 900),
      min_off: fc.constantFrom(0, 300, 1500),
      max_on: fc.constantFrom(null, 2000, 20_000),
      pulse: fc.constantFrom(null, { default: null, max: 200 }),
    });
    fc.assert(
      fc.property(
        contract,
        fc.boolean(),
        fc.integer({ min: 0, max: 19_000 }),
        fc.integer({ min: 1000, max: 60_000 }),
        (own, lit, after, ms) => {
          const world = new World(configOf({ outputs: { lamp: { ...on, ...own }, fan: {} } }));
          world.advance(5000);
          if (lit) world.control("lamp", "ON");
          const began = world.now;
          world.advance(after);
          const { length } = world.moves;
          const was = world.isOn("lamp");
          const answer = world.identify("lamp", ms);
          expect(answer).toBeDefined();
          if (!answer?.ok) expect(world.moves).toHaveLength(length);
          world.advance(ms + 10_000);
          const ended = own.max_on !== null && lit && world.now >= began + own.max_on;
          expect(world.isOn("lamp")).toBe(was && !ended);
          const [min, max] = [own.min_on, own.max_on ?? Number.POSITIVE_INFINITY];
          let since = -Infinity;
          for (const move of world.moves) {
            const [id, word, at] = move.split(" ");
            expect(id).toBe("lamp");
            const length = Number(at) - since;
            expect(length).toBeGreaterThanOrEqual(word === "off" ? Math.min(min, max) : own.min_off);
            if (word === "off") expect(length).toBeLessThanOrEqual(max);
            since = Number(at);
          }
          if (was) expect(since).toBeLessThanOrEqual(began + max);
        },
      ),
      { numRuns: runs },
    );
  });
});
