import type { AgentEvent, Verdict } from "./core/model.ts";
import type { NodeRequest } from "./core/node-command.ts";
import { type DiagnosisSources, diagnose } from "./diagnosis.ts";
import type { Diagnosis, ReloadResult } from "./protocol.ts";
import type { Reloader } from "./reload.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import type { TemporaryLevel } from "./shell/log-level.ts";
import type { Tickets } from "./tickets.ts";

/** Who asks: over MQTT with the id of the command, or a person at this machine. */
export interface Asker {
  from: "mqtt" | "cli";
  id: string | null;
}

export type Refusal = Omit<Extract<Verdict, { ok: false }>, "reason"> & {
  reason: Extract<Verdict, { ok: false }>["reason"] | "unknown-id";
};

/** What is asked of the agent itself, over MQTT and on the control socket. */
export interface Operations {
  reload(asker: Asker): Promise<ReloadResult>;
  /** Every retained topic again. */
  resync(): void;
  identify(request: Extract<NodeRequest, { name: "identify" }>, asker: Asker): Promise<Verdict | Refusal>;
  /** `until` is ISO time. */
  setLogLevel(request: Extract<NodeRequest, { name: "log-level" }>, asker: Asker): { ok: true; until: string } | Refusal;
  diagnose(): Promise<Diagnosis>;
}

export interface OperationsOptions {
  current(): Current;
  reloader: Reloader;
  resync(): void;
  level: TemporaryLevel;
  diagnosis: DiagnosisSources;
  tickets: Tickets<Verdict>;
  send(event: AgentEvent): void;
  clock: Clock;
}

export function createOperations({ current, reloader, resync, level, diagnosis, tickets, send, clock }: OperationsOptions): Operations {
  return {
    reload: (asker) => reloader.reload(asker.from === "cli" ? "control socket" : nameOf(asker)),
    resync,
    async identify({ output: id, forMs }, { from, id: command }) {
      const { outputs, outputIndex } = current().plan;
      const output = outputIndex.get(id);
      if (output === undefined) {
        const there = outputs.filter(({ identify }) => identify).map((item) => item.id);
        return {
          ok: false,
          reason: "unknown-id",
          message: `there is no such output; those that may be blinked: ${there.join(", ") || "none"}`,
        };
      }
      return tickets.ask((ticket) => send({ type: "identify-requested", output, forMs, from, id: command, ticket, at: clock.now() }));
    },
    setLogLevel({ level: wanted, forMs }, asker) {
      if (level.set(wanted, forMs, nameOf(asker))) return { ok: true, until: new Date(clock.wall() + forMs).toISOString() };
      const { level: least } = current().config.log;
      return { ok: false, reason: "not-allowed", message: `the log may not say less than log.level (${least})` };
    },
    diagnose: () => diagnose(diagnosis),
  };
}

function nameOf({ from, id }: Asker): string {
  return id === null ? from : `${from} ${id}`;
}
