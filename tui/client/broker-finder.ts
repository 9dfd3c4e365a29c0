import type { BrokerLogin, Status } from "../../agent/protocol.ts";
import { AgentError } from "./agent.ts";
import { agentBroker, type BrokerTarget, loginBroker, usedBroker } from "./target.ts";

export interface BrokerFinderOptions {
  /** The brokers of the configuration of this machine. */
  configured: readonly BrokerTarget[];
  /** Asks the agent how to reach its broker; it tells only who may operate it. */
  ask(): Promise<BrokerLogin>;
}

/** Finds the broker that an agent uses, and how to log in there; follows when the agent moves to another one. */
export class BrokerFinder {
  readonly #options: BrokerFinderOptions;
  /** What the agent told, and of which of its brokers. */
  #told: { place: string; login: BrokerLogin | null } | null = null;

  constructor(options: BrokerFinderOptions) {
    this.#options = options;
  }

  /** The agent may be another one: it is asked again. */
  forget(): void {
    this.#told = null;
  }

  /** Undefined: stay where you are. Rejects with a sentence. */
  async find(status: Status, isFirst: boolean): Promise<BrokerTarget | undefined> {
    const { link, broker } = status;
    // Of several brokers each is tried in turn; what counts is which one lets the agent in.
    if (!link.online && !isFirst && broker === undefined) return undefined;
    const place = JSON.stringify([link.server, broker?.listeners]);
    if (this.#told?.place !== place) this.#told = { place, login: await this.#ask() };
    const { login } = this.#told ?? { login: null };
    if (login !== null) return loginBroker(login);
    const { configured } = this.#options;
    return configured.length > 0 ? usedBroker(configured, status) : agentBroker(status);
  }

  /** Null: it does not tell us, because we may only look, or because it is older. */
  async #ask(): Promise<BrokerLogin | null> {
    try {
      return await this.#options.ask();
    } catch (error) {
      if (error instanceof AgentError && (error.reason === "forbidden" || error.reason === "unknown-method")) return null;
      throw error;
    }
  }
}
