import type { AgentEvent } from "./core/model.ts";
import { heard } from "./core/peer-plan.ts";
import type { Plan } from "./core/plan.ts";
import { parseTopic } from "./core/topics.ts";
import { coversFilter } from "./embedded/topic-filter.ts";
import { isAwaited } from "./profile/owlcms/platform.ts";
import { platformsTopic } from "./profile/owlcms/topics.ts";
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
  /** What a profile listens to; false when none does. */
  profile(message: Incoming): boolean;
  /** What a plug says; false when the topic is none of theirs. */
  plug(message: Incoming): boolean;
  /** Takes values out of a message; false when no sensor listens to its topic. */
  value(message: Incoming): boolean;
  clock: Clock;
  log: Log;
}

/**
 * What others say that matters here: of peers what is retained too, for rules only what is said now, of sensors as they are configured; and commands
 * to PWM, controllers and profiles, when there are any. What lies in a wider filter is asked for with that one: a broker may send twice what two of
 * them match.
 */
export function listenedTopics(
  { peerIndex, heardIndex, plugIndex, listeners: { messages }, sensors, owlcms, outputs, controllers, topics }: Plan,
  ofProfiles: readonly ListenedTopic[],
): ListenedTopic[] {
  const wanted = new Map<string, ListenedTopic>();
  const want = ({ topic, retained, commands, qos }: ListenedTopic) => {
    const before = wanted.get(topic);
    const isCommand = commands ?? before?.commands;
    const isFleeting = qos === 0 && (before === undefined || before.qos === 0);
    wanted.set(topic, {
      topic,
      retained: retained || before?.retained === true,
      ...(isCommand && { commands: isCommand }),
      ...(isFleeting && { qos: 0 }),
    });
  };
  for (const topic of [...peerIndex.keys(), ...heardIndex.keys(), ...plugIndex.keys(), ...messages.keys()])
    want({ topic, retained: peerIndex.has(topic) });
  // A broker whose rules are older than the first of these here must not make the agent deaf: without one nothing is asked for it.
  if (outputs.some((output) => output.pwm !== null)) want({ topic: topics.pwmFilter, retained: false, commands: true });
  if (controllers.length > 0) want({ topic: topics.controllerFilter, retained: false, commands: true });
  if (owlcms !== null) want({ topic: platformsTopic, retained: false });
  for (const one of ofProfiles) want(one);
  for (const { topic } of sensors) if (topic !== null) want({ topic: topic.filter, retained: topic.retained });
  const wide = [...wanted.keys()].filter((topic) => /[+#]/.test(topic));
  const outer = wide.filter((filter) => !wide.some((other) => other !== filter && coversFilter(other, filter)));
  for (const filter of outer) {
    for (const one of wanted.values()) {
      if (one.topic === filter || !coversFilter(filter, one.topic)) continue;
      wanted.delete(one.topic);
      want({ ...one, topic: filter });
    }
  }
  return [...wanted.values()];
}

/** Turns what comes from the broker into events: commands to outputs, to counters, to rules and to the agent itself, and what others say. */
export function createReceiver({
  current,
  send,
  readClock,
  nodeCommand,
  profile,
  plug,
  value,
  clock,
  log,
}: ReceiverOptions): (message: Incoming) => void {
  return (message) => {
    const { plan } = current();
    const output = plan.setIndex.get(message.topic);
    if (output !== undefined) {
      readClock();
      const { payload, retain, responseTopic, correlationData } = commandOf(message);
      // Field by field: with a spread it takes twice as long to make, and the output waits for it.
      send({ type: "command-received", output, payload, retain, responseTopic, correlationData, at: clock.now() });
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
    const controller = plan.controllerSetIndex.get(message.topic);
    if (controller !== undefined) {
      readClock();
      send({ type: "controller-command-received", controller, ...commandOf(message), at: clock.now() });
      return;
    }
    const { topic } = message;
    const peers = plan.peerIndex.get(topic);
    for (const peer of peers ?? []) {
      const peerPlan = plan.peers[peer];
      const online = peerPlan && message.payload.length <= decodedBytes ? heard(peerPlan, message.payload.toString("utf8")) : undefined;
      if (online !== undefined) send({ type: "peer-changed", peer, online, at: clock.now() });
    }
    const ofPlug = plug(message);
    // What is retained was said at some time: it is no sign of life.
    const alive = plan.heardIndex.get(topic);
    if (!message.retain) for (const peer of alive ?? []) send({ type: "peer-heard", peer, at: clock.now() });
    const awaited = isAwaited(plan, topic);
    // A retained one was said at some time, to nobody in particular: it would start and end things at every connect.
    if (awaited && !message.retain) send({ type: "message-received", topic, payload: textOf(message), at: clock.now() });
    const taken = profile(message);
    // Behind everything that may move an output.
    const measures = value(message);
    if (taken || ofPlug || peers !== undefined || alive !== undefined || awaited || measures) return;
    const own = parseTopic(plan.topics, topic);
    if (own?.kind === "node-command") {
      readClock();
      nodeCommand(own.name, message);
    } else if (own?.kind.endsWith("-set"))
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
