import type { Topics } from "../core/topics.ts";
import type { HostValues } from "./host.ts";
import type { Link } from "./link.ts";

export interface StatisticsOptions {
  topics: Topics;
  link: Link;
  every: number;
  /** The agent's own values, by name below `P/$SYS/`. */
  own(): Record<string, string>;
  host(): Promise<HostValues>;
  /** Called after each round. */
  afterRound(): void;
}

/** Publishes `P/$SYS/…`: each value retained and, like a broker's, only when it has changed. */
export class Statistics {
  readonly #options: StatisticsOptions;
  readonly #sent = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: StatisticsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#round(), 0);
  }

  /** After a connect the broker may know nothing: everything is sent again. */
  resend(): void {
    this.#sent.clear();
    if (!this.#stopped) this.#publish(this.#options.own());
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #round(): Promise<void> {
    const host = await this.#options.host().catch(() => ({}));
    if (this.#stopped) return;
    this.#publish({ ...this.#options.own(), ...prefixed(host) });
    this.#options.afterRound();
    this.#timer = setTimeout(() => void this.#round(), this.#options.every);
  }

  #publish(values: Record<string, string>): void {
    const { topics, link } = this.#options;
    if (!link.view.online) return;
    for (const [name, payload] of Object.entries(values)) {
      if (this.#sent.get(name) === payload) continue;
      if (link.publish({ kind: "telemetry", topic: topics.sys(name), payload, qos: 0, retain: true })) this.#sent.set(name, payload);
    }
  }
}

function prefixed(host: HostValues): Record<string, string> {
  return Object.fromEntries(Object.entries(host).map(([name, value]) => [`host/${name}`, value]));
}
