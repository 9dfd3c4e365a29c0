import type { Config } from "../../config/schema.ts";
import { DryRun } from "../core/dry-run.ts";
import { zeroTotal } from "../core/kept.ts";
import type { Effect, Instant } from "../core/model.ts";
import { planOf } from "../core/plan.ts";
import { eventOf, type RecordingLine, snapshotOf } from "../core/recording.ts";
import { carryOver, lineChanges } from "../core/reload.ts";
import type { State } from "../core/state.ts";
import { readRecordedConfig } from "../recording-file.ts";
import { zoneOf } from "../shell/zone.ts";

type Say = (effect: Effect, at: Instant, state: State, base: string) => void;

/** What another configuration would have done, as if it had been loaded at the moment in which the recording began. */
export class OtherConfig {
  readonly #name: string;
  readonly #config: Config;
  readonly #say: Say;
  #run: DryRun | undefined;
  #counting = false;
  #events = 0;
  #left = 0;
  readonly #moves = new Map<string, { now: number; recorded: number }>();
  readonly #fired = new Map<string, number>();

  constructor(name: string, config: Config, say: Say) {
    this.#name = name;
    this.#config = config;
    this.#say = say;
    const { outputs, rules } = config;
    for (const id of Object.keys(outputs)) this.#moves.set(id, { now: 0, recorded: 0 });
    for (const id of Object.keys(rules)) this.#fired.set(id, 0);
  }

  /** Throws SyntaxError, or whatever the core makes of it, for a line that pinbus did not write. */
  feed(line: RecordingLine): void {
    if (line.kind === "snapshot") this.#begin(line.snapshot);
    if (line.kind !== "event" || !this.#run) return;
    const { plan } = this.#run;
    for (const effect of line.effects) this.#countRecorded(effect);
    const event = eventOf(plan, line.event);
    const before = this.#run.state.rules.map(({ fired }) => fired);
    if (event) {
      this.#events++;
      this.#run.feed(event);
    } else {
      if (line.event.type === "edge" || line.event.type === "command-received" || line.event.type === "control-received") this.#left++;
      if (typeof line.event.at === "number") this.#run.advance(line.event.at);
    }
    for (const [index, { id }] of plan.rules.entries()) {
      const fired = (this.#run.state.rules[index]?.fired ?? 0) - (before[index] ?? 0);
      this.#fired.set(id, (this.#fired.get(id) ?? 0) + fired);
    }
  }

  summary(): string[] {
    const times = (count: number) => `${count} ${count === 1 ? "time" : "times"}`;
    return [
      `with ${this.#name}, from ${this.#events} recorded events:`,
      ...[...this.#moves].map(([id, { now, recorded }]) => `  ${id} changed ${times(now)} (recorded: ${recorded})`),
      ...[...this.#fired].map(([id, fired]) => `  rule ${id} fired ${times(fired)}`),
      ...(this.#left === 0 ? [] : [`  ${this.#left} edges and commands of what it does not have were left out`]),
    ];
  }

  #begin(recorded: Record<string, unknown>): void {
    const { at, config, state, timers } = snapshotOf(recorded);
    const before = readRecordedConfig(config);
    const [old, next] = [planOf(before), planOf(this.#config)];
    const { anew } = lineChanges(before, this.#config, (a, b) => JSON.stringify(a) === JSON.stringify(b));
    // What a running agent would not take without a restart begins anew.
    const restarted = new Set(anew);
    for (const { id, gestures } of next.inputs)
      if (old.inputs[old.inputIndex.get(id) ?? -1]?.gestures.kind !== gestures.kind) restarted.add(id);
    for (const { id, interlock } of next.outputs) {
      if (old.outputs[old.outputIndex.get(id) ?? -1]?.interlock?.group !== interlock?.group) restarted.add(id);
    }
    const kept = { kept: () => ({ locked: false, level: false }) };
    const carried = carryOver({ old, state, next, anew: restarted, firstSeq: () => 1, kept, totals: { total: () => zeroTotal }, at });
    const { base } = next.topics;
    const zone = this.#config.time_zone ?? before.time_zone;
    const { latitude, longitude } = this.#config.location;
    const place = {
      zone: zone === null ? null : zoneOf(zone),
      location: latitude === null || longitude === null ? null : { latitude, longitude },
    };
    const topics = new Map(next.outputs.map(({ stateTopic, id }) => [stateTopic, id]));
    const run = new DryRun(next, carried.state, at, place, (effect, now) => {
      if (!this.#counting) return;
      this.#say(effect, now, run.state, base);
      const moved = effect.type === "publish" ? this.#moves.get(topics.get(effect.topic) ?? "") : undefined;
      if (moved) moved.now++;
    });
    this.#counting = false;
    run.begin(timers, carried.effects);
    for (const [index, { id }] of next.outputs.entries()) {
      if (!old.outputIndex.has(id) || restarted.has(id)) run.open(index);
    }
    this.#counting = true;
    this.#run = run;
  }

  #countRecorded(effect: unknown): void {
    const { type, topic } = Object(effect) as { type?: unknown; topic?: unknown };
    if (type !== "publish" || typeof topic !== "string") return;
    const [, id = ""] = /\/(?:out|pwm)\/([^/]+)\/state$/.exec(topic) ?? [];
    const moved = this.#moves.get(id);
    if (moved) moved.recorded++;
  }
}
