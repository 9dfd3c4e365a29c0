import { hostname, userInfo } from "node:os";
import type { PacketBytes } from "../agent/protocol.ts";
import type { Action } from "./action.ts";
import { AgentError, type AgentLink } from "./client/agent.ts";
import { LogAsker } from "./client/log-asker.ts";
import type { Performers } from "./effect.ts";

export interface AgentEffectsOptions {
  agent: Pick<AgentLink, "request">;
  act(action: Action): void;
  say(text: string, ok: boolean): void;
  /** What was refused or not answered, said to the person. */
  failed(error: unknown): void;
}

type AsksAgent =
  | "set"
  | "set-level"
  | "press"
  | "play"
  | "why"
  | "pin"
  | "lines"
  | "trace"
  | "packet-bytes"
  | "service-log"
  | "control-service"
  | "watch";

/** The effects that ask something of the agent. `close` ends what still waits to be asked. */
export function agentEffects({ agent, act, say, failed }: AgentEffectsOptions): { table: Performers<AsksAgent>; close(): void } {
  let asking: NodeJS.Timeout | undefined;
  const logs = new LogAsker({
    agent,
    answered: (answer) => act({ type: "service-log", answer }),
    refused: (from, unit, problem) => act({ type: "service-log-refused", from, unit, problem }),
  });
  /** What every agent of this version does, one refuses; a lost link is told elsewhere. */
  const refused = (error: unknown) => {
    if (isRefused(error)) say(`is the agent older than this terminal? It says: ${(error as Error).message}`, false);
  };
  /** The next snapshot asks again. */
  const ignored = () => undefined;

  const table: Performers<AsksAgent> = {
    set({ output, state }) {
      const sent = performance.now();
      agent.request("set", { output, state, from: "tui" }).then((result) => {
        const took = Math.round(performance.now() - sent);
        say(`${result.output} is ${result.state}${result.changed ? "" : " already"}, answered in ${took} ms`, true);
      }, failed);
    },
    "set-level"({ output, level }) {
      agent
        .request("set", { output, value: level, from: "tui" })
        .then(
          ({ value, target }) => say(`${output} is at ${value}${target === undefined ? "" : `, on its way to ${target}`}`, true),
          failed,
        );
    },
    press({ input, forMs }) {
      agent.request("sim-press", { input, for_ms: forMs }).then(() => say(`${input} was pressed for ${forMs} ms`, true), failed);
    },
    play({ step, done }) {
      agent.request("sim-play", { steps: [step] }).then(() => say(done, true), failed);
    },
    why({ output }) {
      agent.request("why", { output }).then((changes) => act({ type: "why", output, changes }), ignored);
    },
    pin({ id }) {
      agent.request("pin", { id }).then((detail) => act({ type: "pin", detail }), ignored);
    },
    lines() {
      agent.request("lines", {}).then((chips) => act({ type: "lines", chips }), ignored);
    },
    trace({ after, wait }) {
      clearTimeout(asking);
      const ask = () => agent.request("trace", { after }).then((entries) => act({ type: "trace", entries }), refused);
      asking = setTimeout(ask, wait);
    },
    "packet-bytes"({ number }) {
      const answered = (bytes: PacketBytes | null) => act({ type: "packet-bytes", number, bytes });
      agent.request("packet-bytes", { number }).then(answered, (error: unknown) => {
        if (isRefused(error)) answered(null);
      });
    },
    "service-log": ({ unit, from, run, after, wait }) => logs.ask({ unit, from, run, after }, wait),
    "control-service"({ unit, verb }) {
      agent.request("control-service", { unit, verb, by: person() }).then(({ done }) => {
        say(done ? `${unit}: ${verb} is done` : `${unit}: systemd is at it (${verb})`, true);
      }, failed);
    },
    watch({ views }) {
      agent.request("watch", { views }).catch((error: unknown) => {
        refused(error);
        // The pins at least: every agent tells of them.
        if (views.length > 1 && isRefused(error)) agent.request("watch", { views: ["pins"] }).catch(refused);
      });
    },
  };
  return {
    table,
    close() {
      clearTimeout(asking);
      logs.close();
    },
  };
}

function isRefused(error: unknown): boolean {
  return error instanceof AgentError && error.reason !== "unreachable";
}

/** Who sits here, for the log of the agent. */
function person(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return "somebody";
  }
}
