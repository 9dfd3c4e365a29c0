import type { LogView, Methods } from "../../agent/protocol.ts";
import { AgentError, type AgentLink } from "./agent.ts";

export interface LogAskerOptions {
  agent: Pick<AgentLink, "request">;
  answered(answer: LogView): void;
  refused(from: LogView["from"], unit: string, problem: string): void;
}

/** Asks the agent for logs: of each kind one question waits to be asked, the newest. */
export class LogAsker {
  readonly #options: LogAskerOptions;
  readonly #timers = new Map<LogView["from"], NodeJS.Timeout>();

  constructor(options: LogAskerOptions) {
    this.#options = options;
  }

  ask(question: Methods["service-log"]["params"], wait: number): void {
    const { from, unit } = question;
    const { agent, answered, refused } = this.#options;
    clearTimeout(this.#timers.get(from));
    const ask = () => {
      agent.request("service-log", question).then(answered, (error: unknown) => {
        // A lost link is told elsewhere.
        if (error instanceof AgentError && error.reason !== "unreachable") refused(from, unit, error.message);
      });
    };
    this.#timers.set(from, setTimeout(ask, wait));
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}
