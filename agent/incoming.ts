import type { AgentEvent } from "./core/model.ts";
import { heard } from "./core/peer-plan.ts";
import type { Plan } from "./core/plan.ts";
import { parseTopic } from "./core/topics.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import type { Incoming, ListenedTopic } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";

/** More of a command payload is not even decoded; the core refuses what is longer than it accepts. */
const decodedBytes = 4096;

export interface ReceiverOptions {
  current(): Current;
  send(event: AgentEvent): void;
  /** Ages are judged by the wall clock as it is now, not as it was at the last round. */
  readClock(): void;
  nodeCommand(name: string, message: Incoming): void;
  clock: Clock;
  log: Log;
}

/**
 * What others say that matters here: of peers what is retained too, for rules only what is said now. Commands to PWM are among it when the first
 * PWM came with a reload: `pwm` = they were asked for at the start.
 */
export function listenedTopics(plan: Plan, pwm = false): ListenedTopic[] {
  const { peerIndex, heardIndex, listeners } = plan;
  const late = !pwm && plan.outputs.some((output) => output.pwm !== null) ? [plan.topics.pwmFilter] : [];
  const topics = new Set([...peerIndex.keys(), ...heardIndex.keys(), ...listeners.messages.keys(), ...late]);
  return Array.from(topics, (topic) => ({ topic, retained: peerIndex.has(topic) }));
}

/** Turns what comes from the broker into events: commands to outputs, to counters, to rules and to the agent itself, and what others say. */
export function createReceiver({ current, send, readClock, nodeCommand, clock, log }: ReceiverOptions): (message: Incoming) => void {
  return (message) => {
    const { plan } = current();
    const output = plan.setIndex.get(message.topic);
    if (output !== undefined) {
      readClock();
      send({ type: "command-received", output, ...commandOf(message), at: clock.now() });
      return;
    }
    const input = plan.counterIndex.get(message.topic);
    if (input !== undefined) {
      readClock();
      send({ type: "counter-command-received", input, ...commandOf(message), at: clock.now() });
      return;
    }
    const rule = plan.ruleSetIndex.get(message.topic);
    if (rule !== undefined) {
      readClock();
      send({ type: "rule-command-received", rule, ...commandOf(message), at: clock.now() });
      return;
    }
    const { topic } = message;
    const peers = plan.peerIndex.get(topic);
    for (const peer of peers ?? []) {
      const peerPlan = plan.peers[peer];
      const online = peerPlan && message.payload.length <= decodedBytes ? heard(peerPlan, message.payload.toString("utf8")) : undefined;
      if (online !== undefined) send({ type: "peer-changed", peer, online, at: clock.now() });
    }
    // What is retained was said at some time: it is no sign of life.
    const alive = plan.heardIndex.get(topic);
    if (!message.retain) for (const peer of alive ?? []) send({ type: "peer-heard", peer, at: clock.now() });
    const awaited = plan.listeners.messages.has(topic);
    // A retained one was said at some time, to nobody in particular: it would start and end things at every connect.
    if (awaited && !message.retain) send({ type: "message-received", topic, payload: textOf(message), at: clock.now() });
    if (peers !== undefined || alive !== undefined || awaited) return;
    const own = parseTopic(plan.topics, topic);
    if (own?.kind === "node-command") {
      readClock();
      nodeCommand(own.name, message);
    } else if (own?.kind === "output-set" || own?.kind === "pwm-set" || own?.kind === "rule-set" || own?.kind === "counter-set")
      log.warn("a command for what is not configured was ignored", { event: "command-refused", topic });
  };
}

function textOf({ payload }: Incoming): string {
  return payload.toString("utf8", 0, decodedBytes);
}

function commandOf(message: Incoming) {
  const { retain, responseTopic, correlationData } = message;
  return {
    payload: textOf(message),
    retain,
    responseTopic: responseTopic ?? null,
    correlationData: correlationData ?? null,
  };
}
