import { keepFirst } from "./core/answers.ts";
import { staleness } from "./core/command.ts";
import {
  isNodeCommand,
  type NodeCommand,
  type NodeRequest,
  nodeCommands,
  type ParsedNodeCommand,
  parseNodeCommand,
  readRequest,
} from "./core/node-command.ts";
import { type Allowance, newBucket, type TokenBucket, takeToken } from "./core/token-bucket.ts";
import type { Asker, Operations } from "./operations.ts";
import { refusal } from "./reload.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import type { Incoming, Link } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";
import { publishAnswer } from "./shell/performers.ts";

export interface NodeCommandOptions {
  current(): Current;
  link(): Link;
  operations: Operations;
  clock: Clock;
  log: Log;
}

type Answer = { id: string | null; ok: boolean; reason?: string; message?: string } & Record<string, unknown>;

/** Of each command, and of all that there are not. */
const allowance: Allowance = { burst: 10, every: 2000 };

/** Serves `P/cmd/<name>`: what is asked of the agent itself, as far as `commands` allows it. Every command is answered. */
export function createNodeCommands(options: NodeCommandOptions): (name: string, message: Incoming) => void {
  const { current, operations, clock, log } = options;
  const answers = new Map<string, Promise<Answer>>();
  const buckets = new Map<NodeCommand | "unknown", TokenBucket>();
  let flooded = false;

  const serve = async (request: NodeRequest, id: string | null): Promise<Answer> => {
    const asker: Asker = { from: "mqtt", id };
    switch (request.name) {
      case "reload": {
        const result = await operations.reload(asker);
        const { problems, restart, changes } = result;
        if (result.applied) return { id, ok: true, changes };
        const reason = problems.length > 0 ? "invalid" : "restart";
        return { id, ok: false, reason, message: refusal(result) ?? "it was not applied", problems, restart };
      }
      case "resync":
        operations.resync();
        return { id, ok: true };
      case "identify": {
        const verdict = await operations.identify(request, asker);
        return verdict.ok ? { id, ok: true, output: request.output, for_ms: request.forMs } : { id, ...verdict };
      }
      case "log-level": {
        const verdict = operations.setLogLevel(request, asker);
        return verdict.ok ? { id, level: request.level, ...verdict } : { id, ...verdict };
      }
      case "diag":
        return { id, ok: true, report: await operations.diagnose() };
    }
  };

  /** Why it must not be served, or what is asked. */
  const judged = (name: string, parsed: ParsedNodeCommand, retain: boolean): NodeRequest | { reason: string; message: string } => {
    const { plan, state, config } = current();
    if (retain) return { reason: "retained", message: "a retained command is refused: publish it without retain" };
    if (!isNodeCommand(name)) return { reason: "unknown", message: `there is no such command; there are ${nodeCommands.join(", ")}` };
    if (!config.commands.includes(name))
      return { reason: "not-allowed", message: `${name} is not allowed over MQTT: name it in \`commands\` of the configuration` };
    if (!parsed.ok) return { reason: "malformed", message: parsed.message };
    const read = readRequest(name, parsed.rest);
    if (!read.ok) return { reason: "malformed", message: read.message };
    const stale = staleness(parsed.ts, clock.now(), { offset: state.clockOffset, set: state.clockSet }, plan.commandTtl);
    return stale === null ? read.request : { reason: "stale", message: stale };
  };

  const mayCome = (name: string): boolean => {
    const key = isNodeCommand(name) ? name : "unknown";
    const bucket = buckets.get(key) ?? newBucket(allowance);
    buckets.set(key, bucket);
    return takeToken(bucket, allowance, clock.now());
  };

  const answerTo = async (name: string, message: Incoming): Promise<Answer> => {
    const parsed = parseNodeCommand(message.payload.toString("utf8", 0, 4096));
    const { id } = parsed;
    // QoS 1 may deliver twice: the first answer holds.
    const key = `${name} ${id}`;
    const repeats = !message.retain && id !== null && isNodeCommand(name) && current().config.commands.includes(name);
    const known = repeats ? answers.get(key) : undefined;
    if (known) return known;
    const from = `mqtt${id === null ? "" : ` ${id}`}`;
    if (!mayCome(name)) {
      if (!flooded)
        log.warn("too many commands to the agent itself come from mqtt: they are refused", { event: "command-refused", reason: "rate" });
      flooded = true;
      return { id, ok: false, reason: "rate", message: `too many commands: at most one in ${allowance.every / 1000} s is served` };
    }
    flooded = false;
    const asked = judged(name, parsed, message.retain);
    if ("reason" in asked) {
      log.warn(`refused a command from ${from}: ${asked.message}`, {
        event: "command-refused",
        topic: current().plan.topics.nodeCommand(name),
        cause: from,
        reason: asked.reason,
        ...(id === null ? {} : { cause_id: id }),
      });
      return { id, ok: false, ...asked };
    }
    const answer = serve(asked, id);
    // A report moves nothing, and is too long to be kept.
    if (id !== null && asked.name !== "diag") keepFirst(answers, key, answer);
    return answer;
  };

  return (name, message) => {
    const { responseTopic = null, correlationData = null } = message;
    void answerTo(name, message)
      .catch((error: unknown): Answer => {
        log.error(`the command ${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        return { id: null, ok: false, reason: "failed", message: "the agent could not do it; its log says why" };
      })
      .then((answer) => {
        publishAnswer(options.link(), current().plan.topics.nodeResult(name), { responseTopic, correlationData }, JSON.stringify(answer));
      });
  };
}
