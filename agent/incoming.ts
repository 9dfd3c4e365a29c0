import type { AgentEvent } from "./core/model.ts";
import { heard } from "./core/peer-plan.ts";
import { parseTopic } from "./core/topics.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import type { Incoming } from "./shell/link.ts";
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

/** Turns what comes from the broker into events: commands to outputs, to counters, to rules and to the agent itself, and what peers say. */
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
    const peers = plan.peerIndex.get(message.topic);
    if (peers !== undefined) {
      for (const peer of peers) {
        const peerPlan = plan.peers[peer];
        const online = peerPlan && message.payload.length <= decodedBytes ? heard(peerPlan, message.payload.toString("utf8")) : undefined;
        if (online !== undefined) send({ type: "peer-changed", peer, online, at: clock.now() });
      }
      return;
    }
    const topic = parseTopic(plan.topics, message.topic);
    if (topic?.kind === "node-command") {
      readClock();
      nodeCommand(topic.name, message);
    } else if (topic?.kind === "output-set" || topic?.kind === "rule-set" || topic?.kind === "counter-set")
      log.warn("a command for what is not configured was ignored", { topic: message.topic });
  };
}

function commandOf({ payload, retain, responseTopic, correlationData }: Incoming) {
  return {
    payload: payload.toString("utf8", 0, decodedBytes),
    retain,
    responseTopic: responseTopic ?? null,
    correlationData: correlationData ?? null,
  };
}
