import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DryRun } from "../../../agent/core/dry-run.ts";
import type { Effect } from "../../../agent/core/model.ts";
import { eventOf, lineOf, snapshotOf } from "../../../agent/core/recording.ts";
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
            run = new DryRun(planBy("before"), state, at, (effect) => told.push(effect));
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
