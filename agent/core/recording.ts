import { type Kept, zeroTotal } from "./kept.ts";
import type { AgentEvent, Effect, Instant, KeptTotal, TimerKey } from "./model.ts";
import { withText } from "./output-told.ts";
import type { Plan } from "./plan.ts";
import { completed } from "./recorded-state.ts";
import { carryOver } from "./reload.ts";
import type { State } from "./state.ts";
import { fromJson, toText } from "./tagged.ts";

// A recording is JSON Lines: what entered the core, in order, and what the core made of it. Inputs, outputs, sensors and rules are named by
// their ids, so that a recording can be played to another configuration, in which they have another index. See docs/recording.md.

export const recordingFormat = "pinbus-recording";
export const recordingVersion = 1;

/** The first line. */
export interface RecordingHeader {
  format: typeof recordingFormat;
  version: number;
  /** The version of pinbus that recorded. */
  pinbus: string;
  node: string;
  /** ISO time. */
  started: string;
}

/** Everything that the following lines build on: at the start, and after a gap. */
export interface Snapshot {
  at: Instant;
  /** As a file, without secrets. */
  config: string;
  state: State;
  timers: readonly (readonly [TimerKey, Instant])[];
}

/** A reload: with what the state was carried over to the new plan. */
export interface ReloadRecord {
  at: Instant;
  config: string;
  anew: readonly string[];
  firstSeq: Readonly<Record<string, number>>;
  kept: Readonly<Record<string, Kept>>;
  totals: Readonly<Record<string, KeptTotal>>;
  /** Rules of which it was kept whether they are enabled. */
  enabled: Readonly<Record<string, boolean>>;
}

/** How a recording ended; the last line, unless it was cut off. */
export interface RecordingEnd {
  at: string;
  /** A sentence. */
  why: string;
  /** Nothing is missing between the first and the last event. */
  complete: boolean;
}

/** One line after the header, as JSON.parse brought it: ids are not looked up and tags are not read yet. */
export type RecordingLine =
  | { kind: "snapshot"; snapshot: Record<string, unknown> }
  | { kind: "event"; event: Record<string, unknown>; effects: unknown[] }
  | { kind: "reload"; reload: Record<string, unknown>; effects: unknown[] }
  | { kind: "gap"; dropped: number }
  | { kind: "end"; end: RecordingEnd };

export function snapshotText(snapshot: Snapshot): string {
  return `{"snapshot":${toText(snapshot)}}`;
}

export function eventText(plan: Plan, event: AgentEvent, effects: readonly Effect[]): string {
  return `{"event":${toText(named(plan, event))},"effects":${effectsText(plan, effects)}}`;
}

/** `plan` is the new one, by which the effects are done. */
export function reloadText(plan: Plan, reload: ReloadRecord, effects: readonly Effect[]): string {
  return `{"reload":${toText(reload)},"effects":${effectsText(plan, effects)}}`;
}

/** So many events could not be recorded; a snapshot follows. */
export function gapText(dropped: number): string {
  return toText({ gap: { dropped } });
}

export function endText(end: RecordingEnd): string {
  return toText({ end });
}

export function effectsText(plan: Plan, effects: readonly Effect[]): string {
  return toText(effects.map((effect) => named(plan, withText(effect))));
}

/** Recognises a line. Throws SyntaxError for what is none. */
export function lineOf(parsed: unknown): RecordingLine {
  const line = recordOf(parsed, "the line");
  if ("event" in line) return { kind: "event", event: recordOf(line.event, "event"), effects: listOf(line.effects, "effects") };
  if ("snapshot" in line) return { kind: "snapshot", snapshot: recordOf(line.snapshot, "snapshot") };
  if ("reload" in line) return { kind: "reload", reload: recordOf(line.reload, "reload"), effects: listOf(line.effects, "effects") };
  if ("gap" in line) return { kind: "gap", dropped: numberOf(recordOf(line.gap, "gap").dropped, "gap.dropped") };
  if ("end" in line) {
    const { at, why, complete } = recordOf(line.end, "end");
    return { kind: "end", end: { at: textOf(at, "end.at"), why: textOf(why, "end.why"), complete: complete === true } };
  }
  throw new SyntaxError("it is none of event, snapshot, reload, gap and end");
}

/** The event as the core takes it. Undefined when its input, output, sensor or rule is not in the plan. */
export function eventOf(plan: Plan, event: Record<string, unknown>): AgentEvent | undefined {
  textOf(event.type, "event.type");
  numberOf(event.at, "event.at");
  const indexed: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(event)) {
    const single = Object.hasOwn(singles, key) ? singles[key] : undefined;
    const several = Object.hasOwn(lists, key) ? lists[key] : undefined;
    if (single && typeof value === "string") {
      const index = indexIn(single(plan), value);
      if (index < 0) return undefined;
      indexed[key] = index;
    } else if (several && Array.isArray(value)) {
      const items = several(plan);
      indexed[key] = value.map((id) => indexIn(items, id)).filter((index) => index >= 0);
    } else indexed[key] = fromJson(value);
  }
  return indexed as AgentEvent;
}

export function snapshotOf(snapshot: Record<string, unknown>): Snapshot {
  const { at, config, state, timers } = snapshot;
  const entries = listOf(timers, "timers").map((timer): [TimerKey, Instant] => {
    const [key, due] = listOf(timer, "a timer");
    return [textOf(key, "the key of a timer") as TimerKey, numberOf(due, "the time of a timer")];
  });
  return {
    at: numberOf(at, "at"),
    config: textOf(config, "config"),
    state: completed(fromJson(recordOf(state, "state")) as State),
    timers: entries,
  };
}

export function reloadOf(reload: Record<string, unknown>): ReloadRecord {
  const { at, config, anew, firstSeq, kept, totals, enabled } = reload;
  return {
    at: numberOf(at, "at"),
    config: textOf(config, "config"),
    anew: listOf(anew, "anew").map((id) => textOf(id, "an id")),
    firstSeq: recordOf(firstSeq, "firstSeq") as Record<string, number>,
    kept: recordOf(kept, "kept") as Record<string, Kept>,
    totals: recordOf(totals, "totals") as Record<string, KeptTotal>,
    enabled: recordOf(enabled, "enabled") as Record<string, boolean>,
  };
}

/** The same reload once more. */
export function carryRecorded(old: Plan, state: State, next: Plan, { at, anew, firstSeq, kept, totals, enabled }: ReloadRecord) {
  const lookUp = <T, N>(items: Readonly<Record<string, T>>, id: string, none: N): T | N =>
    Object.hasOwn(items, id) ? (items[id] ?? none) : none;
  return carryOver({
    old,
    state,
    next,
    anew: new Set(anew),
    firstSeq: (id) => lookUp(firstSeq, id, 1),
    kept: { kept: (id) => lookUp(kept, id, { locked: false, level: false }), enabled: (id) => lookUp(enabled, id, undefined) },
    totals: { total: (id) => lookUp(totals, id, zeroTotal) },
    at,
  });
}

type Items = (plan: Plan) => readonly { id: string }[];
/** Fields of events and effects that name something by its index in the plan. */
const singles: Readonly<Record<string, Items>> = {
  input: ({ inputs }) => inputs,
  output: ({ outputs }) => outputs,
  rule: ({ rules }) => rules,
  peer: ({ peers }) => peers,
  sensor: ({ sensors }) => sensors,
  controller: ({ controllers }) => controllers,
};
const lists: Readonly<Record<string, Items>> = { outputs: ({ outputs }) => outputs, released: ({ outputs }) => outputs };

/** With ids in place of indexes. */
function named(plan: Plan, thing: AgentEvent | Effect): Record<string, unknown> {
  const copy: Record<string, unknown> = { ...thing };
  for (const [key, value] of Object.entries(copy)) {
    const single = singles[key];
    if (single && typeof value === "number") copy[key] = single(plan)[value]?.id ?? value;
    const several = lists[key];
    if (several && Array.isArray(value)) copy[key] = value.map((index: number) => several(plan)[index]?.id ?? index);
  }
  return copy;
}

function indexIn(items: readonly { id: string }[], id: unknown): number {
  return items.findIndex((item) => item.id === id);
}

function recordOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SyntaxError(`${what} is not an object`);
  return value as Record<string, unknown>;
}

function listOf(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new SyntaxError(`${what} is not a list`);
  return value;
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== "string") throw new SyntaxError(`${what} is not text`);
  return value;
}

function numberOf(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new SyntaxError(`${what} is not a number`);
  return value;
}
