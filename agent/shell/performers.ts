import { controllerKeptId, ruleSeqId } from "../core/kept.ts";
import type { Afterwards, AnswerTo, CounterVerdict, Effect, SetRequest, Verdict } from "../core/model.ts";
import { levelOf } from "../core/pwm.ts";
import { messageOf } from "../message-of.ts";
import type { Clock } from "./clock.ts";
import type { CounterStore } from "./counter-store.ts";
import type { Dispatch } from "./dispatch.ts";
import type { HistoryStore } from "./history-store.ts";
import type { Lines } from "./lines.ts";
import type { Link, Publication } from "./link.ts";
import type { Outbox } from "./outbox.ts";
import type { OutputStore } from "./output-store.ts";
import type { PinLog } from "./pin-log.ts";
import type { RuleStore } from "./rule-store.ts";
import type { Sensors } from "./sensors.ts";
import type { SeqStore } from "./seq-store.ts";
import type { SumStore } from "./sum-store.ts";
import type { Timers } from "./timers.ts";

export interface PerformerOptions {
  dispatch: Dispatch;
  lines: Lines;
  /** Outputs that answer later, over the broker. */
  plugs: { write(output: number, active: boolean, request: SetRequest): void };
  link: Link;
  outbox: Outbox;
  /** For what was counted or measured. */
  telemetry: (reading: Publication, afterwards: Afterwards) => void;
  /** How long an event of the input may wait for the broker. */
  eventTtl: (topic: string) => number;
  timers: Timers<Extract<Effect, { type: "startTimer" }>["key"]>;
  seq: SeqStore;
  outputs: OutputStore;
  counters: CounterStore;
  sensors: Sensors;
  history: HistoryStore;
  rules: RuleStore;
  sums: SumStore;
  /** Has an expression evaluated. */
  evaluate(effect: Extract<Effect, { type: "evaluate" }>): void;
  clock: Clock;
  log: Pick<PinLog, "write">;
  /** Hands a verdict to the control client that waits for it. */
  settle(ticket: number, verdict: Verdict): void;
  settleCounter(ticket: number, verdict: CounterVerdict): void;
}

type Performers = { [K in Effect["type"]]: (effect: Extract<Effect, { type: K }>) => void };

/** One performer for each effect: a new effect does not compile until it has one. */
export function createPerformers(options: PerformerOptions): (effect: Effect) => void {
  const { dispatch, lines, link, clock } = options;
  let entries: Extract<Effect, { type: "log" }>[] = [];
  const writeEntries = () => {
    const written = entries;
    entries = [];
    for (const entry of written) options.log.write(entry);
  };
  const performers: Performers = {
    setOutput({ output, active, request }) {
      const outputPlan = dispatch.current.plan.outputs[output];
      if (outputPlan?.plug) {
        options.plugs.write(output, active, request);
        return;
      }
      try {
        lines.write(output, active, outputPlan ? levelOf(outputPlan, active, request.level) : null);
        dispatch.observed({ type: "output-written", output, active, request, at: clock.now() });
      } catch (error) {
        const problem = messageOf(error);
        dispatch.observed({ type: "output-failed", output, active, request, problem, at: clock.now() });
      }
    },
    readLevel({ input }) {
      try {
        const active = lines.read(input);
        if (active !== undefined) dispatch.observed({ type: "level-read", input, active, at: clock.now(), why: "gap" });
        const second = lines.readSecond(input);
        if (second !== undefined) dispatch.observed({ type: "level-read", input, active: second, at: clock.now(), why: "gap", line: "b" });
      } catch {
        // The chip went away between the edge and this look; the driver reports it as gone.
      }
    },
    startTimer: ({ key, at }) => options.timers.start(key, at),
    stopTimer: ({ key }) => options.timers.stop(key),
    evaluate: (effect) => options.evaluate(effect),
    keepSum: ({ sensor, total, unit }) => options.sums.keep(dispatch.current.plan.sensors[sensor]?.id ?? "", { total, unit }),
    readSensor: ({ sensor }) => options.sensors.read(sensor),
    publish(effect) {
      // Attributes make their text when it is read, so that no state waits for it.
      if (effect.kind === "state" && effect.qos === 0 && !effect.afterwards) {
        link.publish(effect);
        return;
      }
      const { kind, topic, payload, qos, retain, afterwards } = effect;
      const publication: Publication = { kind, topic, payload, qos, retain };
      if (kind === "event") options.outbox.add(publication, options.eventTtl(topic));
      else if (afterwards) options.telemetry(publication, afterwards);
      else link.publish(publication);
    },
    answer({ output, to, verdict }) {
      if (to.via === "control") options.settle(to.ticket, verdict);
      else answerOverMqtt(link, dispatch.current.plan.outputs[output]?.resultTopic, to, verdict);
    },
    reserveSeq: ({ input, upTo }) => options.seq.reserve(dispatch.current.plan.inputs[input]?.id ?? "", upTo),
    keepOutput({ output, locked, level }) {
      options.outputs.keep(dispatch.current.plan.outputs[output]?.id ?? "", { locked, level });
    },
    answerCounter({ input, to, verdict }) {
      if (to.via === "control") options.settleCounter(to.ticket, verdict);
      else answerOverMqtt(link, dispatch.current.plan.inputs[input]?.counter?.resultTopic, to, verdict);
    },
    keepCounter: ({ input, version, kept }) => options.counters.keep(dispatch.current.plan.inputs[input]?.id ?? "", version, kept),
    keepChange({ output, change }) {
      options.history.keep(dispatch.current.plan.outputs[output]?.id ?? "", change, dispatch.state.clockOffset);
    },
    reserveRuleSeq: ({ rule, upTo }) => options.seq.reserve(ruleSeqId(dispatch.current.plan.rules[rule]?.id ?? ""), upTo),
    keepController: ({ controller, enabled }) =>
      options.rules.keep(controllerKeptId(dispatch.current.plan.controllers[controller]?.id ?? ""), enabled),
    keepRule: ({ rule, enabled }) => options.rules.keep(dispatch.current.plan.rules[rule]?.id ?? "", enabled),
    reply: ({ topic, to, payload }) => publishAnswer(link, topic, to, payload),
    // After this turn of the event loop: what it publishes leaves at the end of it, and no state waits for the log.
    log: (entry) => {
      if (entries.push(entry) === 1) setImmediate(writeEntries);
    },
  };
  return (effect) => (performers[effect.type] as (effect: Effect) => void)(effect);
}

/** A served command without an id is answered by its state alone; a refusal is always answered. */
function answerOverMqtt(
  link: Link,
  resultTopic: string | undefined,
  to: Extract<AnswerTo, { via: "mqtt" }>,
  verdict: Verdict | CounterVerdict,
): void {
  if (verdict.ok && to.id === null && to.responseTopic === null) return;
  if (resultTopic !== undefined) publishAnswer(link, resultTopic, to, JSON.stringify({ id: to.id, ...verdict }));
}

/** To the response topic that the sender named, else to `resultTopic`. */
export function publishAnswer(
  link: Link,
  resultTopic: string,
  to: { responseTopic: string | null; correlationData: Uint8Array | null },
  payload: string,
): void {
  const topic = to.responseTopic !== null && validResponseTopic(to.responseTopic) ? to.responseTopic : resultTopic;
  const properties = to.correlationData ? { correlationData: Buffer.from(to.correlationData) } : {};
  link.publish({ kind: "answer", topic, payload, qos: 1, retain: false, properties });
}

/** The sender chose it: it must be a topic that a client may publish to. */
function validResponseTopic(topic: string): boolean {
  return topic !== "" && topic.length <= 256 && !/[+#\0]/.test(topic) && !topic.startsWith("$");
}
