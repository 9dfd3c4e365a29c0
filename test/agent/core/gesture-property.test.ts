import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { latenciesOf } from "../../../agent/core/gesture-latency.ts";
import type { Gesture } from "../../../agent/core/model.ts";
import { runs } from "../../runs.ts";
import { configOf, when } from "./fixture.ts";
import { type Edge, interpret } from "./gesture-reference.ts";
import { World } from "./world.ts";

const clicks: Gesture[] = ["click", "double", "triple", "4 clicks", "5 clicks"];
const gestures: Gesture[] = ["press", "release", ...clicks, "hold", "hold_end", "repeat"];

interface Setting {
  debounce: number;
  hold: number;
  window: number;
  repeat: number;
  bound: Gesture[];
  multi: boolean;
}
const settings: fc.Arbitrary<Setting> = fc.record({
  debounce: fc.constantFrom(0, 1, 20, 100, 400),
  hold: fc.constantFrom(50, 300, 600),
  window: fc.constantFrom(50, 120, 300),
  repeat: fc.constantFrom(50, 90, 200),
  bound: fc.subarray(gestures),
  multi: fc.boolean(),
});

/** Short, around the times that matter, and long pauses. */
const gaps = (least: number) =>
  fc.oneof(
    fc.integer({ min: least, max: least + 30 }),
    fc.constantFrom(50, 100, 120, 300, 400, 600).map((gap) => Math.max(gap, least)),
    fc.integer({ min: least, max: least + 800 }),
  );

function worldOf(setting: Setting, start = false): World {
  const { debounce, hold, window, repeat, bound, multi } = setting;
  const events: ("press_start" | "multi_press")[] = multi ? ["press_start", "multi_press"] : ["press_start"];
  const rules = Object.fromEntries(bound.map((gesture, index) => [`r${index}`, when(`porch ${gesture}`, ["lamp", "toggle"])]));
  const input = { debounce, hold, window, repeat, events };
  return new World(configOf({ inputs: { porch: input }, outputs: { lamp: {} }, rules }), { levels: [start] });
}

function mostOf({ bound, multi }: Setting): number {
  return multi ? 5 : Math.max(1, ...bound.map((gesture) => clicks.indexOf(gesture) + 1));
}

/** The rules that moved the lamp, in order: `hold 1600`, with the time of the move. */
function moved(world: World, timed: boolean): string[] {
  return world.writes.map(({ request }, index) => {
    const gesture = (request.cause.detail ?? "").replace("porch ", "");
    return timed ? `${gesture} ${world.moves[index]?.split(" ")[2]}` : gesture;
  });
}

/** What the bus saw, in order, named as the reference names it. */
function told(world: World): { gesture: string; at: number; duration: number; seen: number }[] {
  const names: Record<string, string> = { press_start: "press", press_end: "click", long_press_start: "hold", long_press_end: "hold_end" };
  return world.published
    .filter(({ kind, topic }) => kind === "event" && topic.includes("/in/"))
    .map(({ payload, at: seen }) => {
      const { event_type, multi_press_count: count, duration_ms: duration, ts } = JSON.parse(payload);
      const several = event_type === "multi_press_ongoing" ? `ongoing ${count}` : `${count} clicks`;
      return { gesture: names[event_type] ?? several, at: Date.parse(ts), duration, seen };
    });
}

const local = new Set(["release", "repeat"]);
/** The reference counts clicks; rules have names for them. */
const named = (gesture: string) => (gesture === "2 clicks" ? "double" : gesture === "3 clicks" ? "triple" : gesture);

/** Hands edges and timers over as a loop would that stalls: a timer comes up late, but never before an edge that happened earlier. */
function play(world: World, edges: readonly Edge[], late: () => number, first: () => boolean, says: "due" | "now" = "now"): void {
  const until = (at: number) => {
    for (let guard = 0; guard < 10_000; guard++) {
      const [key, next] = [...world.timers].sort((a, b) => a[1] - b[1])[0] ?? [];
      if (key === undefined || next === undefined) return;
      const due = Math.max(world.now, next + late());
      // At one and the same time either may come first.
      if (due > at || (due === at && first())) return;
      world.timers.delete(key);
      world.now = due;
      // The shell says when the timer was due; by the contract of the core it may also say when it came up.
      world.dispatch({ type: "timer-due", key, at: says === "due" ? next : due });
    }
  };
  for (const { level, at } of edges) {
    until(at);
    world.now = Math.max(world.now, at);
    world.edge("porch", level, at);
  }
  // Nobody presses any more: what is late comes up in the end.
  world.advance(3000);
}

function cycle<T>(values: readonly T[], otherwise: T): () => T {
  let index = 0;
  return () => values[index++ % Math.max(1, values.length)] ?? otherwise;
}

function trainOf(gapList: readonly { gap: number; same: boolean }[], start: boolean, from: number): Edge[] {
  let level = start;
  let at = from;
  return gapList.map(({ gap, same }) => {
    at += gap;
    if (!same) level = !level;
    return { level, at };
  });
}

const often = { numRuns: runs(500) };

describe("the gestures of any edges", () => {
  it("are those of the reference, with their times and in its order, however late timers come up", () => {
    const train = fc.array(fc.record({ gap: gaps(0), same: fc.nat(9).map((number) => number === 0) }), { maxLength: 24 });
    const lateness = fc.array(fc.oneof(fc.constant(0), fc.nat(30), fc.nat(1500)));
    fc.assert(
      fc.property(
        settings,
        fc.boolean(),
        train,
        lateness,
        fc.array(fc.boolean()),
        fc.constantFrom("due", "now"),
        (setting, start, list, late, ties, says) => {
          const world = worldOf(setting, start);
          const edges = trainOf(list, start, world.now);
          const button = { ...setting, most: mostOf(setting), repeat: setting.bound.includes("repeat") ? setting.repeat : null };
          const expected = interpret(edges, start, button).filter(({ at }) => at <= (edges.at(-1)?.at ?? 0) + 1000);
          play(world, edges, cycle(late, 0), cycle(ties, false), says);
          expect(
            told(world)
              .map(({ gesture, at, duration }) => ({ gesture, at, duration }))
              .filter(({ at }) => at <= (edges.at(-1)?.at ?? 0) + 1000),
          ).toEqual(expected.filter(({ gesture }) => !local.has(gesture)).map(({ gesture, at, duration }) => ({ gesture, at, duration })));
          const rules = expected.map(({ gesture }) => named(gesture)).filter((gesture) => (setting.bound as string[]).includes(gesture));
          expect(moved(world, false).slice(0, rules.length)).toEqual(rules);
        },
      ),
      often,
    );
  });

  it("fall at the first moment at which they can be known", () => {
    fc.assert(
      fc.property(
        settings.chain((setting) => fc.tuple(fc.constant(setting), fc.array(gaps(setting.debounce), { maxLength: 16 }))),
        ([setting, list]) => {
          const world = worldOf(setting);
          const edges = trainOf(
            list.map((gap) => ({ gap: Math.max(1, gap), same: false })),
            false,
            world.now,
          );
          const button = { ...setting, most: mostOf(setting), repeat: setting.bound.includes("repeat") ? setting.repeat : null };
          const end = (edges.at(-1)?.at ?? 0) + 2000;
          const expected = interpret(edges, false, button).filter(({ known }) => known <= end);
          play(
            world,
            edges,
            () => 0,
            () => false,
          );
          expect(
            told(world)
              .filter(({ seen }) => seen <= end)
              .map(({ gesture, seen }) => `${gesture} ${seen}`),
          ).toEqual(expected.filter(({ gesture }) => !local.has(gesture)).map(({ gesture, known }) => `${gesture} ${known}`));
          const rules = expected
            .filter(({ gesture }) => (setting.bound as string[]).includes(named(gesture)))
            .map(({ gesture, known }) => `${named(gesture)} ${known}`);
          expect(moved(world, true).filter((move) => Number(move.split(" ").at(-1)) <= end)).toEqual(rules);
        },
      ),
      often,
    );
  });
});

/** Makes one gesture cleanly; the time of the last edge that closed the contact, and of the last that opened it. */
function make(world: World, gesture: Gesture, { debounce, hold, window, repeat }: Setting): { closes: number; opens: number } {
  const times = { closes: 0, opens: 0 };
  const close = (ms: number) => {
    times.closes = world.now;
    world.edge("porch", true);
    world.advance(ms);
  };
  const open = (ms: number) => {
    times.opens = world.now;
    world.edge("porch", false);
    world.advance(ms);
  };
  const count = clicks.indexOf(gesture) + 1;
  const short = Math.max(1, debounce);
  for (let click = 1; click < count; click++) {
    close(short);
    open(Math.max(short, window - 1));
  }
  close(count > 0 || gesture === "release" || gesture === "press" ? short : hold + (gesture === "repeat" ? repeat : 0) + debounce);
  open(2000);
  return times;
}

describe("the table of latencies", () => {
  it("is true of every gesture in it, and names every gesture that is bound", () => {
    // What check accepts: a hold is longer than debounce, and so is a window that is waited for.
    const accepted = settings.filter(({ debounce, hold, window }) => debounce < hold && debounce < window);
    fc.assert(
      fc.property(accepted, (setting) => {
        const plan = worldOf(setting).plan.inputs[0];
        const table = plan ? latenciesOf(plan) : [];
        expect(table.map(({ gesture }) => gesture)).toEqual(expect.arrayContaining(setting.bound));
        for (const { gesture, after, ms, every } of table) {
          if (after === "turns") throw new Error("a button does not turn");
          const world = worldOf(setting);
          const at = make(world, gesture, setting)[after] + ms;
          const seen = told(world).filter((one) => named(one.gesture) === gesture);
          if (!local.has(gesture)) expect(seen.map((one) => one.seen)).toEqual([at]);
          const marks = moved(world, true).filter((move) => move.startsWith(`${gesture} `));
          if (setting.bound.includes(gesture)) expect(marks[0]).toBe(`${gesture} ${at}`);
          if (every !== null && marks.length > 1) expect(marks[1]).toBe(`${gesture} ${at + every}`);
        }
      }),
      { numRuns: runs(150) },
    );
  });
});
