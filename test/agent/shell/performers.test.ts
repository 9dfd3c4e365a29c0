import { describe, expect, it } from "vitest";
import type { KeptSum } from "../../../agent/core/derive.ts";
import type { Kept } from "../../../agent/core/kept.ts";
import type { AgentEvent, Cause } from "../../../agent/core/model.ts";
import { planOf } from "../../../agent/core/plan.ts";
import type { CounterStore } from "../../../agent/shell/counter-store.ts";
import type { Dispatch } from "../../../agent/shell/dispatch.ts";
import type { HistoryStore } from "../../../agent/shell/history-store.ts";
import type { Lines } from "../../../agent/shell/lines.ts";
import type { Link, Publication } from "../../../agent/shell/link.ts";
import { Outbox } from "../../../agent/shell/outbox.ts";
import type { OutputStore } from "../../../agent/shell/output-store.ts";
import { createPerformers } from "../../../agent/shell/performers.ts";
import type { RuleStore } from "../../../agent/shell/rule-store.ts";
import type { Sensors } from "../../../agent/shell/sensors.ts";
import type { SeqStore } from "../../../agent/shell/seq-store.ts";
import type { SumStore } from "../../../agent/shell/sum-store.ts";
import { Timers } from "../../../agent/shell/timers.ts";
import { configOf } from "../core/fixture.ts";
import { silent } from "./fixture.ts";

const cause: Cause = { kind: "mqtt", text: "mqtt", detail: null };

function shell(options: { write?: () => void; online?: boolean } = {}) {
  const plan = planOf(configOf({ inputs: { porch: {} }, outputs: { lamp: {} } }));
  const world = {
    now: 1000,
    online: options.online ?? true,
    sent: [] as Publication[],
    observed: [] as AgentEvent[],
    settled: [] as unknown[],
    kept: [] as unknown[],
    changes: [] as unknown[],
    read: [] as number[],
    readings: [] as string[][],
  };
  const clock = { now: () => world.now, wall: () => 0 };
  const link = {
    publish(publication: Publication) {
      if (world.online) world.sent.push(publication);
      return world.online;
    },
  } as unknown as Link;
  const limits = { count: 3, bytes: 10_000, window: 3 };
  const outbox = new Outbox({ dir: null, boot: "", limits, link: () => link, clock, log: silent });
  const perform = createPerformers({
    dispatch: { current: { plan }, observed: (event: AgentEvent) => world.observed.push(event) } as unknown as Dispatch,
    lines: { write: options.write ?? (() => {}), read: () => true, readSecond: () => undefined } as unknown as Lines,
    plugs: { write() {} },
    sensors: { read: (sensor: number) => world.read.push(sensor) } as unknown as Sensors,
    link,
    outbox,
    telemetry: (reading, { topic, ts }) => world.readings.push([reading.topic, topic, ts]),
    eventTtl: () => 10_000,
    timers: new Timers(clock, () => {}),
    seq: { reserve() {} } as unknown as SeqStore,
    history: { keep: (...kept: unknown[]) => world.changes.push(kept) } as unknown as HistoryStore,
    rules: { keep: (id: string, enabled: boolean) => world.kept.push([id, enabled]) } as unknown as RuleStore,
    sums: { keep: (id: string, sum: KeptSum) => world.kept.push([id, sum]) } as unknown as SumStore,
    evaluate: (effect) => world.kept.push(["evaluate", effect.inputs]),
    outputs: { keep: (id: string, kept: Kept) => world.kept.push([id, kept]) } as unknown as OutputStore,
    counters: { keep: (...wanted: unknown[]) => world.kept.push(wanted) } as unknown as CounterStore,
    clock,
    log: { write() {} },
    settle: (ticket, verdict) => world.settled.push([ticket, verdict]),
    settleCounter: (ticket, verdict) => world.settled.push([ticket, verdict]),
  });
  const event = (payload: string) =>
    perform({ type: "publish", kind: "event", topic: "pinbus/garage/in/porch/event", payload, qos: 1, retain: false });
  return { world, link, outbox, perform, event, plan };
}

const request = { cause, pulse: null, answer: null };

describe("the performers", () => {
  it("have a sensor read", () => {
    const { perform, world } = shell();
    perform({ type: "readSensor", sensor: 3 });
    expect(world.read).toEqual([3]);
  });

  it("report a write as written when the line took it, as failed with the line's words when not", () => {
    const good = shell();
    good.perform({ type: "setOutput", output: 0, active: true, request });
    expect(good.world.observed).toEqual([{ type: "output-written", output: 0, active: true, request, at: 1000 }]);
    const bad = shell({
      write() {
        throw new Error("its chip was removed");
      },
    });
    bad.perform({ type: "setOutput", output: 0, active: true, request });
    expect(bad.world.observed).toEqual([
      { type: "output-failed", output: 0, active: true, request, problem: "its chip was removed", at: 1000 },
    ]);
  });

  it("keep events while the broker is away, young ones only, the newest ones only, in order", () => {
    const { world, outbox, event } = shell({ online: false });
    event("too old");
    world.now += 9_000;
    for (const payload of ["dropped", "b", "c", "d"]) event(payload);
    world.now += 5_000;
    world.online = true;
    outbox.connected();
    expect(world.sent.map(({ payload }) => payload)).toEqual(["b", "c", "d"]);
    expect(outbox.dropped).toEqual({ expired: 0, full: 2, refused: 0 });
  });

  it("hand on a reading with what becomes of it when the broker does not get it", () => {
    const { world, perform } = shell();
    const afterwards = { topic: "history", ts: "2026-11-21T10:00:00.000Z" };
    perform({ type: "publish", kind: "state", topic: "state", payload: "{}", qos: 1, retain: true, afterwards });
    expect(world.readings).toEqual([["state", "history", "2026-11-21T10:00:00.000Z"]]);
    expect(world.sent).toEqual([]);
  });

  it("drop a state while the broker is away, because the newest is sent after the connect", () => {
    const { outbox, perform } = shell({ online: false });
    perform({ type: "publish", kind: "state", topic: "pinbus/garage/out/lamp/state", payload: "ON", qos: 1, retain: true });
    expect(outbox.depth).toBe(0);
  });

  const answer = (to: { id?: string; responseTopic?: string; correlationData?: Uint8Array }, ok: boolean) => {
    const { world, perform } = shell();
    perform({
      type: "answer",
      output: 0,
      to: { via: "mqtt", id: to.id ?? null, responseTopic: to.responseTopic ?? null, correlationData: to.correlationData ?? null },
      verdict: ok
        ? { ok: true, state: "ON", changed: true }
        : { ok: false, reason: "min_off", message: "too soon", allowed_at: "2026-11-21T10:00:00.000Z" },
    });
    return world.sent.map(({ topic, payload, retain, qos }) => [topic, JSON.parse(payload.toString()), retain, qos]);
  };
  const result = "pinbus/garage/out/lamp/result";

  it("answer a refused command on the result topic, or where it asked", () => {
    const refusal = { id: null, ok: false, reason: "min_off", message: "too soon", allowed_at: "2026-11-21T10:00:00.000Z" };
    expect(answer({}, false)).toEqual([[result, refusal, false, 1]]);
    expect(answer({ responseTopic: "answers/1", id: "a" }, false)).toEqual([["answers/1", { ...refusal, id: "a" }, false, 1]]);
  });

  it("answer a served command that has an id or asks for it; the state alone answers the others", () => {
    expect(answer({}, true)).toEqual([]);
    expect(answer({ id: "a" }, true)).toEqual([[result, { id: "a", ok: true, state: "ON", changed: true }, false, 1]]);
    expect(answer({ responseTopic: "answers/1" }, true)).toHaveLength(1);
  });

  it.each(["answers/#", "answers/+/x", "", "$SYS/broker/uptime", "a\0b", "x".repeat(300)])(
    "do not publish to the response topic %j, which nobody may publish to",
    (responseTopic) => {
      expect(answer({ responseTopic, id: "a" }, true).map(([topic]) => topic)).toEqual([result]);
    },
  );

  it("keep a lock and a level under the id of the output", () => {
    const { world, perform } = shell();
    perform({ type: "keepOutput", output: 0, locked: true, level: false });
    expect(world.kept).toEqual([["lamp", { locked: true, level: false }]]);
  });

  it("keep a total under the id of the input, and answer who set it", () => {
    const { world, perform } = shell();
    const kept = { pulses: 5, missed: 0, uncertain: false };
    perform({ type: "keepCounter", input: 0, version: 2, kept });
    expect(world.kept).toEqual([["porch", 2, kept]]);
    perform({ type: "answerCounter", input: 0, to: { via: "control", ticket: 3 }, verdict: { ok: true, total: 5, pulses: 5 } });
    expect(world.settled).toEqual([[3, { ok: true, total: 5, pulses: 5 }]]);
  });

  it("hand a verdict to the control client that waits for it", () => {
    const { world, perform } = shell();
    perform({ type: "answer", output: 0, to: { via: "control", ticket: 7 }, verdict: { ok: true, state: "ON", changed: false } });
    expect(world.settled).toEqual([[7, { ok: true, state: "ON", changed: false }]]);
    expect(world.sent).toEqual([]);
  });
});
