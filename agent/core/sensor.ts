import { readCounted } from "./counted.ts";
import type { DeriveMemory } from "./derive.ts";
import { isoTime } from "./iso-time.ts";
import type { AgentEvent, Effect, Instant, Measured } from "./model.ts";
import type { Plan } from "./plan.ts";
import { newPipeline, type PipelineState, refine } from "./sensor-pipeline.ts";
import type { SensorPlan } from "./sensor-plan.ts";
import { sensorSeen } from "./sensor-seen.ts";
import type { State } from "./state.ts";

// A value is published when it was read, and never again: after a failed read, and once it is older than `stale_after`, the sensor is
// offline, and what stays at the broker is the last reading with its own time.

export interface SensorState {
  /** The last good reading; null before the first. */
  values: readonly Measured[] | null;
  /** When it was read; before the first, when the sensor began. */
  at: Instant;
  /** Why the last read failed; null when it did not. */
  problem: string | null;
  /** `stale_after` has passed since `at`, or it is gone. */
  stale: boolean;
  /** Why it is stale, where that is not the time. */
  why: string | null;
  /** When the last read was due. */
  dueAt: Instant;
  pipeline: PipelineState;
  /** What a derived value remembers; null until it does. */
  memory: DeriveMemory | null;
}

/** `unknown` until the first read is done. */
export type Quality = "ok" | "stale" | "failed" | "unknown";

export function newSensor(): SensorState {
  return { values: null, at: 0, problem: null, stale: false, why: null, dueAt: 0, pipeline: newPipeline(), memory: null };
}

export function qualityOf({ values, problem, stale }: Pick<SensorState, "values" | "problem" | "stale">): Quality {
  if (problem !== null) return "failed";
  if (stale) return "stale";
  return values === null ? "unknown" : "ok";
}

/** Why the value is not to be relied on; null while it is, and before the first read. */
export function reasonOf({ staleAfter }: SensorPlan, sensor: SensorState): string | null {
  return sensor.problem ?? (sensor.stale ? (sensor.why ?? `no reading for ${staleAfter / 1000} s`) : null);
}

/** The first read is due now, but for the place of the sensor among the others. */
function beginSensor(plan: SensorPlan, sensor: SensorState, at: Instant, effects: Effect[]): void {
  sensor.at = at;
  if (plan.every !== null) effects.push({ type: "startTimer", key: plan.readKey, at: at + plan.phase });
  if (Number.isFinite(plan.staleAfter)) effects.push({ type: "startTimer", key: plan.staleKey, at: at + plan.staleAfter });
  tellQuality(plan, sensor, effects);
}

export function beginSensors(plan: Plan, state: State, at: Instant, effects: Effect[]): void {
  for (const [index, sensorPlan] of plan.sensors.entries()) {
    const sensor = state.sensors[index];
    if (sensor) beginSensor(sensorPlan, sensor, at, effects);
  }
}

/** It is time to read it. A read that is still under way is not begun again: that is for the shell to see. */
export function readDue(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const [sensorPlan, sensor] = [plan.sensors[index], state.sensors[index]];
  if (!sensorPlan || !sensor || sensorPlan.every === null || state.stopping) return;
  sensor.dueAt = at;
  if (sensorPlan.derive?.kind === "counted") readCounted(plan, state, index, sensorPlan.derive, at, effects);
  else effects.push({ type: "readSensor", sensor: index });
  effects.push({ type: "startTimer", key: sensorPlan.readKey, at: at + sensorPlan.every });
}

export function staleDue(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  change(plan, state, index, effects, (sensor) => {
    // What ended it before its time is what there is to say.
    if (!sensor.stale) sensor.why = plan.sensors[index]?.derive?.inputs.length ? "nothing could be derived for too long" : null;
    sensor.stale = true;
  });
  sensorSeen(plan, state, index, at, effects);
}

/** What follows from what is new of a sensor. */
export type Seen = typeof sensorSeen;

/** What it says is wrong by now, whatever its age: its device is gone, or what it is derived from is. */
export function sensorGone(
  plan: Plan,
  state: State,
  index: number,
  why: string,
  at: Instant,
  effects: Effect[],
  seen: Seen = sensorSeen,
): void {
  const sensor = state.sensors[index];
  if (!sensor || state.stopping || (sensor.stale && sensor.why === why && sensor.problem === null)) return;
  change(plan, state, index, effects, () => Object.assign(sensor, { stale: true, why, problem: null }));
  seen(plan, state, index, at, effects);
}

/** The peer that says whether a device is there has changed; a reading that comes all the same brings its sensors back. */
export function sensorsOfPeer(plan: Plan, state: State, peer: number, at: Instant, effects: Effect[]): void {
  const now = state.peers[peer];
  if (now?.online !== false) return;
  const { topic, id } = plan.peers[peer] ?? {};
  for (const [index, sensor] of plan.sensors.entries())
    if (sensor.peer === peer)
      sensorGone(plan, state, index, now.stale ? `peer ${id} is stale` : `${topic} says that it is gone`, at, effects);
}

export function sensorRead(
  plan: Plan,
  state: State,
  event: Extract<AgentEvent, { type: "sensor-read" }>,
  effects: Effect[],
  seen: Seen = sensorSeen,
): void {
  const { sensor: index, at, measured = at } = event;
  const [sensorPlan, sensor] = [plan.sensors[index], state.sensors[index]];
  if (!sensorPlan || !sensor || state.stopping) return;
  // Of two messages the older may come last.
  if (sensor.values !== null && measured < sensor.at) return;
  const refined = refine(sensorPlan.pipeline, sensor.pipeline, {
    values: event.values,
    at: measured,
    holds: sensorPlan.staleAfter,
    back: qualityOf(sensor) !== "ok",
  });
  if (!refined.ok) {
    sensorFailed(plan, state, { type: "sensor-failed", sensor: index, problem: refined.problem, at }, effects, seen);
    return;
  }
  const { values } = refined;
  if (refined.tell && sensorPlan.published) {
    const ts = isoTime(state, measured);
    const { kind, topic, payload, qos, retain } = stateOf(sensorPlan, values, ts);
    const afterwards = { topic: sensorPlan.historyTopic, ts };
    effects.push({ type: "publish", kind, topic, payload, qos, retain, afterwards });
  }
  change(plan, state, index, effects, () => {
    sensor.values = values;
    sensor.at = measured;
    sensor.problem = null;
    sensor.stale = false;
    sensor.why = null;
  });
  effects.push({ type: "startTimer", key: sensorPlan.staleKey, at: holdsUntil(plan, state, index) });
  seen(plan, state, index, at, effects);
}

/** What is derived becomes stale with what it is derived from; this much later by itself, if it could not be computed meanwhile. */
const derivedLater = 1000;

function holdsUntil(plan: Plan, state: State, index: number): Instant {
  const [sensorPlan, sensor] = [plan.sensors[index], state.sensors[index]];
  if (!sensorPlan || !sensor) return 0;
  if (sensorPlan.derive === null || sensorPlan.derive.inputs.length === 0) return sensor.at + sensorPlan.staleAfter;
  return Math.min(...sensorPlan.derive.inputs.map((input) => holdsUntil(plan, state, input.sensor))) + derivedLater;
}

export function sensorFailed(
  plan: Plan,
  state: State,
  event: Extract<AgentEvent, { type: "sensor-failed" }>,
  effects: Effect[],
  seen: Seen = sensorSeen,
): void {
  change(plan, state, event.sensor, effects, (sensor) => {
    sensor.problem = event.problem;
  });
  seen(plan, state, event.sensor, event.at, effects);
}

/** Tells what is new about the quality; the same again is not told. */
function change(plan: Plan, state: State, index: number, effects: Effect[], make: (sensor: SensorState) => void): void {
  const [sensorPlan, sensor] = [plan.sensors[index], state.sensors[index]];
  if (!sensorPlan || !sensor || state.stopping) return;
  const [before, why] = [qualityOf(sensor), reasonOf(sensorPlan, sensor)];
  make(sensor);
  const [quality, reason] = [qualityOf(sensor), reasonOf(sensorPlan, sensor)];
  if (quality === before && reason === why) return;
  state.healthVersion++;
  tellQuality(sensorPlan, sensor, effects);
  const level = quality === "ok" ? "info" : "warn";
  const message = `sensor ${sensorPlan.id} ${quality === "ok" ? `reads ${valuesText(sensor.values ?? [])}` : `${quality}: ${reason}`}`;
  const event = quality === "ok" ? "sensor-returned" : "sensor-failed";
  effects.push({ type: "log", level, message, fields: { event, sensor: sensorPlan.id } });
}

function tellQuality(plan: SensorPlan, sensor: SensorState, effects: Effect[]): void {
  if (!plan.published) return;
  for (const publication of qualityOnBus(plan, sensor)) effects.push({ type: "publish", ...publication });
}

function qualityOnBus(plan: SensorPlan, sensor: SensorState) {
  const quality = qualityOf(sensor);
  const reason = reasonOf(plan, sensor);
  const shared = { kind: "state", qos: 1, retain: true } as const;
  return [
    { ...shared, topic: plan.qualityTopic, payload: reason === null ? quality : `${quality}: ${reason}` },
    { ...shared, topic: plan.availabilityTopic, payload: quality === "ok" ? "online" : "offline" },
  ];
}

/** One read is one message. Several values name their units one by one. */
function stateOf({ stateTopic }: SensorPlan, values: readonly Measured[], ts: string) {
  const [first] = values;
  // Field by field: a thousand a second would be spread and made of entries.
  const said: Record<string, unknown> = {};
  for (const { name, value } of values) said[name] = value;
  if (values.length > 1) said.unit = Object.fromEntries(values.map(({ name, unit }) => [name, unit]));
  else if (first?.unit != null) said.unit = first.unit;
  said.ts = ts;
  said.quality = "ok";
  const payload = JSON.stringify(said);
  return { kind: "state", topic: stateTopic, payload, qos: 0, retain: true } as const;
}

/** What the broker is told of a sensor after a connect: the last reading only while it holds. */
export function sensorOnBus(state: State, plan: SensorPlan, sensor: SensorState) {
  if (!plan.published) return [];
  const told = qualityOnBus(plan, sensor);
  const holds = sensor.values !== null && qualityOf(sensor) === "ok";
  return holds ? [stateOf(plan, sensor.values ?? [], isoTime(state, sensor.at)), ...told] : told;
}

/** `21.4 °C`, `21.4 °C, 55 %`. */
export function valuesText(values: readonly Measured[]): string {
  return values.map(({ value, unit }) => `${value}${unit === null ? "" : ` ${unit}`}`).join(", ");
}

/** A sentence while a reading cannot be relied on. */
export function sensorProblem(plan: SensorPlan, sensor: SensorState | undefined): string[] {
  const reason = sensor === undefined ? null : reasonOf(plan, sensor);
  return sensor === undefined || reason === null ? [] : [`sensor ${plan.id} ${qualityOf(sensor)}: ${reason}`];
}

/** The sensors under a new plan: one that reads the same keeps what it knows, every other one begins. */
export function carrySensors(
  old: Plan,
  state: State,
  next: Plan,
  fresh: readonly SensorState[],
  at: Instant,
  effects: Effect[],
): SensorState[] {
  const anew = new Set(next.sensors.flatMap((plan, index) => (isKept(old, state, plan) ? [] : [index])));
  // What is derived from what begins begins as well; a circle is refused before.
  for (let size = -1; size !== anew.size; ) {
    size = anew.size;
    for (const [index, { derive }] of next.sensors.entries()) if (derive?.inputs.some(({ sensor }) => anew.has(sensor))) anew.add(index);
  }
  return next.sensors.map((plan, index) => {
    const [before, kept] = [old.sensors[old.sensorIndex.get(plan.id) ?? -1], state.sensors[old.sensorIndex.get(plan.id) ?? -1]];
    if (!before || !kept || anew.has(index)) {
      const sensor = fresh[index] ?? newSensor();
      // A sum goes on, though what it sums up may have begun anew.
      if (before?.derive?.kind === "integral" && plan.derive?.kind === "integral" && kept?.memory)
        sensor.memory = { ...kept.memory, last: null };
      beginSensor(plan, sensor, at, effects);
      return sensor;
    }
    if (before.every !== plan.every && plan.every !== null) {
      const due = kept.dueAt + plan.every;
      // All that are overdue would be read in one moment, now and ever after.
      effects.push({ type: "startTimer", key: plan.readKey, at: due > at ? due : at + plan.phase });
    }
    // What is stale does not become fresh by a longer time; the next reading is.
    if (before.staleAfter !== plan.staleAfter)
      effects.push({ type: "startTimer", key: plan.staleKey, at: Math.max(at, kept.at + plan.staleAfter) });
    if (plan.published && !before.published)
      for (const publication of sensorOnBus(state, plan, kept)) effects.push({ type: "publish", ...publication });
    return kept;
  });
}

function isKept(old: Plan, state: State, plan: SensorPlan): boolean {
  const index = old.sensorIndex.get(plan.id) ?? -1;
  const before = old.sensors[index];
  if (!before || !state.sensors[index]) return false;
  if (plan.derive === null || before.derive === null) return before.source === plan.source;
  return sameDerivation(before, plan);
}

/** The same references by name: a sensor that a reload adds moves every index behind it. */
function sameDerivation({ derive: before }: SensorPlan, { derive: now }: SensorPlan): boolean {
  const text = (derive: SensorPlan["derive"]) => JSON.stringify({ ...derive, inputs: derive?.inputs.map((input) => input.text) });
  return text(before) === text(now);
}
