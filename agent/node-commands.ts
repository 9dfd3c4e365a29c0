import { keepFirst } from "./core/answers.ts";
import { staleness } from "./core/command.ts";
import { isNodeCommand, nodeCommands, parseNodeCommand } from "./core/node-command.ts";
import { type Reloader, refusal } from "./reload.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import type { Incoming, Link } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";
import { publishAnswer } from "./shell/performers.ts";

export interface NodeCommandOptions {
  current(): Current;
  link(): Link;
  reloader: Reloader;
  /** Sends every retained state again. */
  resync(): void;
  clock: Clock;
  log: Log;
}

type Answer = { id: string | null; ok: boolean; reason?: string; message?: string } & Record<string, unknown>;

/** Serves `P/cmd/<name>`: what is asked of the agent itself. Every command is answered. */
export function createNodeCommands(options: NodeCommandOptions): (name: string, message: Incoming) => void {
  const { current, reloader, log } = options;
  const answers = new Map<string, Promise<Answer>>();

  const served: Record<(typeof nodeCommands)[number], (id: string | null) => Promise<Answer>> = {
    reload: async (id) => {
      const result = await reloader.reload(id === null ? "mqtt" : `mqtt ${id}`);
      const why = refusal(result);
      const { problems, restart, changes } = result;
      if (result.applied) return { id, ok: true, changes };
      return {
        id,
        ok: false,
        reason: problems.length > 0 ? "invalid" : "restart",
        message: why ?? "it was not applied",
        problems,
        restart,
      };
    },
    resync: async (id) => {
      options.resync();
      return { id, ok: true };
    },
  };

  const answerTo = (name: string, message: Incoming): Promise<Answer> => {
    const { plan, state } = current();
    const parsed = parseNodeCommand(message.payload.toString("utf8", 0, 4096));
    const { id } = parsed;
    const refuse = async (reason: string, text: string): Promise<Answer> => {
      log.warn(`refused a command from mqtt${id === null ? "" : ` ${id}`}: ${text}`, { reason });
      return { id, ok: false, reason, message: text };
    };
    if (message.retain) return refuse("retained", "a retained command is refused: publish it without retain");
    if (!isNodeCommand(name)) return refuse("unknown", `there is no such command; there are ${nodeCommands.join(" and ")}`);
    if (!parsed.ok) return refuse("malformed", parsed.message);
    const stale = staleness(parsed.ts, options.clock.now(), { offset: state.clockOffset, set: state.clockSet }, plan.commandTtl);
    if (stale !== null) return refuse("stale", stale);
    if (id === null) return served[name](id);
    // QoS 1 may deliver twice: the first answer holds.
    const key = `${name} ${id}`;
    const answer = answers.get(key) ?? served[name](id);
    keepFirst(answers, key, answer);
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
