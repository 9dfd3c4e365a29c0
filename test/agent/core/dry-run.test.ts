import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DryRun, type Place } from "../../../agent/core/dry-run.ts";
import { isoTime } from "../../../agent/core/iso-time.ts";
import type { Effect } from "../../../agent/core/model.ts";
import { planOf } from "../../../agent/core/plan.ts";
import { eventOf, lineOf, snapshotOf } from "../../../agent/core/recording.ts";
import { newState } from "../../../agent/core/state.ts";
import { zoneOf } from "../../../agent/shell/zone.ts";
import type { RuleConfig } from "../../../config/schema.ts";
import { configOf, rule } from "./fixture.ts";
import { configs, planBy, play, record, story } from "./recorded.ts";
import { World } from "./world.ts";

const numRuns = Number(process.env.PINBUS_RUNS ?? 100);
const seen = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => {
    if (effect.type === "log") return effect.message;
    return effect.type === "publish" || effect.type === "answer" || effect.type === "setOutput" ? JSON.stringify(effect) : [];
  });

describe("a dry run of recorded events", () => {
  it("under the recorded configuration decides what was decided, when no line failed and no timer was late", () => {
    const calm = story.map((steps) =>
      steps
        // When a total is on disk is up to the disk.
        .filter((step) => step.do !== "break" && step.do !== "chip" && step.do !== "reload" && !("input" in step && step.input === "meter"))
        .map((step) => (step.do === "wait" ? { ...step, late: 0 } : step.do === "edge" ? { ...step, ago: 0 } : step)),
    );
    fc.assert(
      fc.property(calm, calm, (before, after) => {
        const world = new World(configs.before);
        play(world, before);
        const lines = record(world);
        const decided: Effect[] = [];
        const { turned } = world;
        world.turned = (event, effects) => {
          turned(event, effects);
          decided.push(...effects);
        };
        play(world, after);
        const told: Effect[] = [];
        let run: DryRun | undefined;
        for (const text of lines) {
          const line = lineOf(JSON.parse(text));
          if (line.kind === "snapshot") {
            const { at, state, timers } = snapshotOf(line.snapshot);
            run = new DryRun(planBy("before"), state, at, { zone: null, location: null }, (effect) => told.push(effect));
            run.begin(timers, []);
          }
          const event = line.kind === "event" && run ? eventOf(run.plan, line.event) : undefined;
          if (event) run?.feed(event);
        }
        expect(seen(told)).toEqual(seen(decided));
      }),
      { numRuns },
    );
  });
});

describe("the times of day of a dry run", () => {
  const hour = 3_600_000;
  const at = (time: string) => Date.parse(`2026-11-21T${time}Z`);
  const morning = rule([{ time: 7 * 60 }], [{ publish: "x" }]);

  /** A run that begins at `from` and is told the time by readings: how long after the one before, and how far the clock jumped meanwhile. */
  function run(
    from: number,
    readings: { after: number; jump?: number; set?: boolean; zone?: number }[],
    rules: Record<string, RuleConfig> = { morning },
    place: Place = { zone: null, location: null },
  ): string[] {
    const plan = planOf(configOf({ outputs: { lamp: {} }, rules }));
    const state = newState(plan, () => 1);
    // A monotonic clock with fractions, as it is.
    let now = 12_345.678901;
    let offset = from - now;
    const said: string[] = [];
    Object.assign(state, { clockOffset: offset, clockSet: readings[0]?.set ?? true });
    const dry = new DryRun(plan, state, now, place, (effect, when) => {
      if (effect.type === "log") said.push(`${isoTime(state, when).slice(8, -1)} ${effect.message}`);
    });
    dry.begin([], []);
    dry.open(0);
    said.length = 0;
    for (const { after, jump = 0, set = true, zone = 0 } of readings) {
      now += after;
      offset += jump;
      dry.feed({ type: "clock-read", offset, set, zone, at: now });
    }
    return said;
  }
  const every = (ms: number, count: number, more: object = {}) => Array.from({ length: count }, () => ({ after: ms, ...more }));

  it("come when the recorded clock says so, to the millisecond, and once a day", () => {
    const fired = "rule morning fired: it is 07:00";
    expect(run(at("06:59:47.3"), every(10_007.3, 10))).toEqual([`21T07:00:00.000 ${fired}`]);
    expect(run(at("06:00"), every(hour, 49))).toEqual([`21T07:00:00.000 ${fired}`, `22T07:00:00.000 ${fired}`, `23T07:00:00.000 ${fired}`]);
  });

  it("come within the minute that they begin, for a condition of the same minute", () => {
    const within = rule([{ time: 7 * 60 }], [{ publish: "x" }], {
      and: [{ between: [7 * 60, 7 * 60 + 1] }],
      unless: [{ between: [0, 7 * 60] }],
    });
    for (let ms = 0; ms < 200; ms++) expect(run(at("06:59:47.3") + ms * 1.001, every(10_007.3, 3), { within })).toHaveLength(1);
  });

  it("come in the order of their times with the timers, their own included", () => {
    const rules = { morning: rule([{ time: 7 * 60 }], [{ output: "lamp", set: "on", for: 2000, after: 1500 }, { publish: "x" }]) };
    expect(run(at("06:59:58"), every(10_000, 1), rules).map((line) => line.slice(3))).toEqual([
      "07:00:00.000 rule morning fired: it is 07:00",
      "07:00:01.500 lamp on: rule morning (it is 07:00)",
      "07:00:03.500 lamp off: pulse ended (rule morning)",
    ]);
  });

  it("do not come while the clock was not set, and are missed when it jumped over them", () => {
    expect(run(at("06:59"), every(10_000, 12, { set: false }))).toEqual([]);
    expect(run(at("06:59"), [{ after: 10_000 }, { after: 10_000, jump: 2 * hour }])).toEqual([
      "21T08:59:20.000 the time of a rule was missed by 7160 s, because the clock jumped; it is not made up for",
    ]);
    expect(run(at("06:59:30"), [{ after: 10_000 }, { after: 10_000, jump: 30_000 }, ...every(10_000, 9, { jump: -5000 })])).toHaveLength(1);
  });

  it("come in the zone of the rules, else in the one that was recorded", () => {
    const berlin = { zone: zoneOf("Europe/Berlin"), location: null };
    const times = (lines: string[]) => lines.map((line) => line.slice(0, 11));
    expect(times(run(at("05:30"), every(hour, 3), undefined, berlin))).toEqual(["21T06:00:00"]);
    expect(times(run(at("03:30"), every(hour, 3, { zone: 2 * hour })))).toEqual(["21T05:00:00"]);
    // Conditions, too.
    const early = { early: rule([{ time: 7 * 60 }], [{ publish: "x" }], { and: [{ between: [7 * 60, 8 * 60] }] }) };
    expect(times(run(at("05:30"), every(hour, 3, { zone: -5 * hour }), early, berlin))).toEqual(["21T06:00:00"]);
  });

  it("are those of the sun at the place of the rules", () => {
    const dawn = { dawn: rule([{ sun: "sunrise" }], [{ publish: "x" }]) };
    const [line = ""] = run(at("04:00"), every(hour, 5), dawn, { zone: null, location: { latitude: 52.5, longitude: 13.4 } });
    expect(line).toMatch(/^21T06:3\d:/);
    expect(run(at("04:00"), every(hour, 5), dawn)).toEqual([]);
  });

  it("stop at a recording in which days are missing, and survive clocks that are none", () => {
    expect(() => run(at("06:00"), every(1e15, 1))).toThrow(/events are missing/);
    for (const jump of [1e300, -1e300, Number.NaN, 9e15, -9e15]) expect(run(at("06:00"), [{ after: 1000, jump }])).toEqual([]);
  });
});
