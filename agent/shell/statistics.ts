import type { Link } from "./link.ts";

/** One retained value that is published when it has changed. */
export interface Reading {
  topic: string;
  payload: string;
  qos: 0 | 1;
}

/** Who says something: `own`, or one of the sources. */
type Source = StatisticsOptions["sources"][number] | "own";

export interface StatisticsOptions {
  link: Link;
  every(): number;
  /** What can be said at any moment without waiting: the agent's own counters. */
  own(): Reading[];
  /** What must be asked for: the host, the services. A source that fails says nothing, and is asked again. */
  sources: readonly (() => Promise<Reading[]>)[];
  afterRound(): void;
}

/** The first round waits so long at most for the broker, ms: until there is one it would tell nobody, and the start has other work. */
const firstWithin = 1_000;

/** Publishes `P/$SYS/…` and `P/service/…`: each value retained and, like a broker's, only when it has changed; empty when there is none any more. */
export class Statistics {
  readonly #options: StatisticsOptions;
  readonly #sent = new Map<string, string>();
  /** What is retained at the broker, and who said it: what nobody says any more is emptied. */
  readonly #retained = new Map<string, Source>();
  #late = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #rounds = {};
  /** Whether the first round is still to come. */
  #isFirst = false;

  constructor(options: StatisticsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isFirst = true;
    this.#begin(Math.min(firstWithin, this.#options.every()));
  }

  #begin(wait: number): void {
    const rounds = {};
    this.#rounds = rounds;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#round(rounds), wait);
  }

  /** After a reload: other services, another period. Of the services that it has taken away it has emptied what they said. */
  reloaded(): void {
    for (const [topic, by] of this.#retained) if (by !== "own") this.#retained.delete(topic);
    this.restart();
  }

  /** Everything is said again. */
  restart(): void {
    if (this.#stopped) return;
    this.#sent.clear();
    this.#begin(0);
  }

  /** After a connect the broker may know nothing: everything is sent again, the slow sources with the next round. */
  resend(): void {
    this.#sent.clear();
    if (this.#stopped) return;
    this.#publish("own", this.#options.own());
    if (this.#isFirst) this.#begin(0);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** A round that was asking when `restart` came says nothing more: it asked for what is no longer configured. */
  async #round(rounds: object): Promise<void> {
    this.#isFirst = false;
    const { sources } = this.#options;
    const asked = await Promise.allSettled(sources.map((source) => source()));
    if (this.#stopped || rounds !== this.#rounds) return;
    this.#publish("own", this.#options.own());
    for (const [index, answer] of asked.entries()) {
      const source = sources[index];
      if (source && answer.status === "fulfilled") this.#publish(source, answer.value);
    }
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

  #publish(source: Source, readings: readonly Reading[]): void {
    const { link } = this.#options;
    if (!link.view.online) return;
    const publish = ({ topic, payload, qos }: Reading) => link.publish({ kind: "telemetry", topic, payload, qos, retain: true });
    for (const reading of readings) {
      const { topic, payload } = reading;
      if (this.#sent.get(topic) === payload || !publish(reading)) continue;
      this.#sent.set(topic, payload);
      this.#retained.set(topic, source);
    }
    const said = new Set(readings.map(({ topic }) => topic));
    for (const [topic, by] of this.#retained) {
      if (by !== source || said.has(topic) || !publish({ topic, payload: "", qos: 1 })) continue;
      this.#sent.delete(topic);
      this.#retained.delete(topic);
    }
  }
}
