import type { AgentEvent } from "./core/model.ts";
import { parseTopic } from "./core/topics.ts";
import { hearPeers } from "./peers.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import type { Incoming } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";

export interface IncomingOptions {
  current(): Current;
  send(event: AgentEvent): void;
  nodeCommand(name: string, message: Incoming): void;
  /** Ages are judged by the wall clock as it is now, not as it was at the last round. */
  readClock(): void;
  clock: Clock;
  log: Log;
}

/** More of a command payload is not even decoded; the core refuses what is longer than it accepts. */
const decodedBytes = 4096;

/** Hands each message of the broker to whom it is for: an output, a counter or the agent itself. */
export function createIncoming({ current, send, nodeCommand, readClock, clock, log }: IncomingOptions): (message: Incoming) => void {
  return (message) => {
    const { plan } = current();
    const output = plan.setIndex.get(message.topic);
    const input = plan.counterIndex.get(message.topic);
    if (output === undefined && input === undefined) {
      if (hearPeers(plan, message, clock.now(), send)) return;
      const topic = parseTopic(plan.topics, message.topic);
      if (topic?.kind === "node-command") {
        readClock();
        nodeCommand(topic.name, message);
      } else if (topic?.kind === "output-set" || topic?.kind === "counter-set") {
        const what = topic.kind === "output-set" ? "an output" : "a counter";
        log.warn(`a command for ${what} that is not configured was ignored`, { topic: message.topic });
      }
      return;
    }
    readClock();
    const command = {
      payload: message.payload.toString("utf8", 0, decodedBytes),
      retain: message.retain,
      responseTopic: message.responseTopic ?? null,
      correlationData: message.correlationData ?? null,
      at: clock.now(),
    };
    if (output !== undefined) send({ type: "command-received", output, ...command });
    else if (input !== undefined) send({ type: "counter-command-received", input, ...command });
  };
}
