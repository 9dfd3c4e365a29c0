import { parseServer, serverName } from "./link-dial.ts";
import { ProtocolChoice } from "./link-protocol.ts";
import type { LinkOptions } from "./link-terms.ts";

/** One of the configured brokers, and what is known of it. */
export interface KnownServer {
  readonly url: string;
  /** For messages. */
  readonly name: string;
  readonly protocol: ProtocolChoice;
  /** Why it could not be used the last time, and how many times in a row. */
  problem: string | null;
  times: number;
  /** It refused us: before this moment (monotonic, ms) it is left alone. */
  restsUntil: number;
}

/** In which order the configured brokers are tried. A round tries each once; who calls waits between the rounds. */
export class Servers {
  readonly #all: readonly [KnownServer, ...KnownServer[]];
  readonly #tried = new Set<KnownServer>();
  #current: KnownServer;
  /** The one that the broker named before it ended the connection. */
  #named: KnownServer | undefined;

  constructor({ server: { url, others = [] }, protocol, bridge = false }: Pick<LinkOptions, "server" | "protocol" | "bridge">) {
    const known = (url: string): KnownServer => ({
      url,
      name: serverName(url),
      protocol: new ProtocolChoice(protocol, bridge),
      problem: null,
      times: 0,
      restsUntil: 0,
    });
    this.#all = [known(url), ...others.map(known)];
    this.#current = this.#all[0];
  }

  get current(): KnownServer {
    return this.#current;
  }

  /** What is wrong with each that could not be used. */
  get problem(): string {
    const sentences = this.#all.flatMap(({ problem }) => problem ?? []);
    return sentences.length > 0 ? sentences.join("; ") : `not connected to ${this.#all.map(({ name }) => name).join(", ")} yet`;
  }

  /** It could not be used, for this reason. Returns how many times in a row it was this one. */
  failed(server: KnownServer, sentence: string): number {
    server.times = server.problem === sentence ? server.times + 1 : 1;
    server.problem = sentence;
    return server.times;
  }

  /** The current one is in use: what was wrong before is over. */
  succeeded(): void {
    for (const server of this.#all) {
      server.problem = null;
      server.times = 0;
    }
  }

  /** Turns to the next one of this round; false when each was tried, or rests. */
  next(now: number): boolean {
    this.#tried.add(this.#current);
    const open = this.#all.filter((server) => !this.#tried.has(server) && server.restsUntil <= now);
    const next = open.find((server) => server === this.#named) ?? open[0];
    this.#named = undefined;
    if (next) this.#current = next;
    return next !== undefined;
  }

  /** Begins a round, with the one that was named, else with the first that does not rest. */
  begin(now: number): void {
    this.#tried.clear();
    const open = this.#all.filter((server) => server.restsUntil <= now);
    this.#current = open.find((server) => server === this.#named) ?? open[0] ?? this.#soonest();
    this.#named = undefined;
  }

  /** How long all of them rest. */
  rest(now: number): number {
    return Math.max(0, this.#soonest().restsUntil - now);
  }

  /**
   * The broker asks for another server [MQTT 5, section 4.11]. It is believed only when that one is configured: else credentials would go to
   * whoever the broker names.
   */
  follow(reference: string): void {
    const names = reference.toLowerCase().split(" ");
    this.#named = this.#all.find((server) => {
      const { host } = parseServer(server.url);
      return server !== this.#current && [server.name, host, `[${host}]`].some((name) => names.includes(name.toLowerCase()));
    });
  }

  #soonest(): KnownServer {
    return this.#all.reduce((best, server) => (server.restsUntil < best.restsUntil ? server : best));
  }
}
