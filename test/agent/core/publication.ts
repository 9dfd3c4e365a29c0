import assert from "node:assert/strict";
import type { AgentEvent, Effect } from "../../../agent/core/model.ts";
import type { Plan } from "../../../agent/core/plan.ts";

export type Publish = Extract<Effect, { type: "publish" }>;

export interface Told {
  plan: Plan;
  /** The last observed level of each output. */
  observed: readonly (boolean | undefined)[];
  /** The same of the level of each PWM. */
  levels: ReadonlyMap<string, number | null>;
  /** The last published state by topic. */
  shown: Map<string, string>;
  lastSeq: number[];
  /** What was reserved on disk before the event. */
  reserved: readonly number[];
}

/** A state is published only by an observed result and equals it; event numbers rise and stay below what was reserved before. */
export function checkPublication(effect: Publish, event: AgentEvent, { plan, observed, levels, shown, lastSeq, reserved }: Told): void {
  const output = plan.outputs.findIndex(({ stateTopic }) => stateTopic === effect.topic);
  if (output >= 0) {
    assert.ok(!("output" in event) || event.output === output, "a state is published by an event of its own output");
    const pwm = plan.outputs[output]?.pwm;
    // A fade that a failure or the stop has ended is told, too: with the level that was observed last.
    const ended = pwm && ["output-failed", "stop-requested", "outputs-leaving"].includes(event.type);
    assert.ok(ended || ["output-written", "output-opened", "output-lost", "plug-moved"].includes(event.type), `not by ${event.type}`);
    const word = observed[output] === undefined ? "UNKNOWN" : observed[output] ? "ON" : "OFF";
    if (pwm)
      assert.equal(
        levelIn(effect.payload),
        levels.get(plan.outputs[output]?.id ?? "") ?? null,
        "the published level equals the last observed write",
      );
    else assert.equal(effect.payload, word, "the published state equals the last observed write");
    assert.deepEqual({ retain: effect.retain, qos: effect.qos }, { retain: true, qos: 1 });
    shown.set(effect.topic, effect.payload);
  }
  const sensor = plan.sensors.findIndex(({ stateTopic }) => stateTopic === effect.topic);
  if (sensor >= 0) {
    const read = readBy(plan, event);
    assert.ok(read !== undefined && comesFrom(plan, sensor, read), "a value is published when it was read, and never again");
  }
  const input = plan.inputs.findIndex(({ eventTopic }) => eventTopic === effect.topic);
  if (input >= 0) {
    const { seq } = JSON.parse(effect.payload) as { seq: number };
    assert.ok(seq > (lastSeq[input] ?? 0), "event numbers rise");
    // A reservation is written in the background: only an older one can be relied on.
    assert.ok(seq < (reserved[input] ?? 0), "an event number was reserved before the event happened");
    assert.deepEqual({ retain: effect.retain, qos: effect.qos }, { retain: false, qos: 1 });
    lastSeq[input] = seq;
  }
}

/** The sensor that an event reads; how fast a counter counts is read by the core itself. */
function readBy(plan: Plan, event: AgentEvent): number | undefined {
  if (event.type === "sensor-read") return event.sensor;
  const owner = event.type === "timer-due" ? plan.timers.get(event.key) : undefined;
  return owner?.kind === "read" && plan.sensors[owner.sensor]?.derive?.kind === "counted" ? owner.sensor : undefined;
}

/** Whether a sensor is the one that was read, or derived from it. */
function comesFrom(plan: Plan, sensor: number, read: number): boolean {
  return sensor === read || plan.sensors[sensor]?.derive?.inputs.some((input) => comesFrom(plan, input.sensor, read)) === true;
}

/** The level that a state says. */
export function levelIn(payload: string): unknown {
  const { value, pulse_us } = JSON.parse(payload) as Record<string, unknown>;
  return value === undefined ? pulse_us : value;
}
