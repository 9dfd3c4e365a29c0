import type { Link } from "./link.ts";

/** One retained value that is published when it has changed. */
export interface Reading {
  topic: string;
  payload: string;
  qos: 0 | 1;
}

export interface StatisticsOptions {
  link: Link;
  every(): number;
  /** What can be said at any moment without waiting: the agent's own counters. */
  own(): Reading[];
  /** What must be asked for: the host, the services. A source that fails says nothing, and is asked again. */
  sources: readonly (() => Promise<Reading[]>)[];
  afterRound(): void;
}

/** Publishes `P/$SYS/…` and `P/service/…`: each value retained and, like a broker's, only when it has changed. */
export class Statistics {
  readonly #options: StatisticsOptions;
  readonly #sent = new Map<string, string>();
  #late = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #rounds = {};

  constructor(options: StatisticsOptions) {
    this.#options = options;
  }

  start(): void {
    const rounds = {};
    this.#rounds = rounds;
    this.#timer = setTimeout(() => void this.#round(rounds), 0);
  }

  /** After a reload: other services, another period. Everything is said again. */
  restart(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#sent.clear();
    this.start();
  }

  /** After a connect the broker may know nothing: everything is sent again, the slow sources with the next round. */
  resend(): void {
    this.#sent.clear();
    if (!this.#stopped) this.#publish(this.#options.own());
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** A round that was asking when `restart` came says nothing more: it asked for what is no longer configured. */
  async #round(rounds: object): Promise<void> {
    const asked = await Promise.allSettled(this.#options.sources.map((source) => source()));
    if (this.#stopped || rounds !== this.#rounds) return;
    this.#publish([...this.#options.own(), ...asked.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []))]);
    this.#options.afterRound();
    const every = this.#options.every();
    const due = performance.now() + every;
    this.#timer = setTimeout(() => {
      this.#late = performance.now() - due;
      void this.#round(rounds);
    }, every);
  }

  /** How late this round began, ms. */
  get late(): number {
    return this.#late;
  }

  #publish(readings: readonly Reading[]): void {
    const { link } = this.#options;
    if (!link.view.online) return;
    for (const { topic, payload, qos } of readings) {
      if (this.#sent.get(topic) === payload) continue;
      if (link.publish({ kind: "telemetry", topic, payload, qos, retain: true })) this.#sent.set(topic, payload);
    }
  }
}
