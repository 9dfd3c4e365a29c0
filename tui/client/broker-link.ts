import type { Status } from "../../agent/protocol.ts";
import type { Publication } from "../model.ts";
import { BrokerFinder, type BrokerFinderOptions } from "./broker-finder.ts";
import { type BrokerTarget, formatBroker } from "./target.ts";
import type { Watcher, WatcherOptions } from "./watcher.ts";

export interface BrokerLinkOptions extends BrokerFinderOptions {
  /** `--broker`: comes before the configuration and what the agent says. */
  target: BrokerTarget | undefined;
  filters: readonly string[];
  /** A local socket that leads to a broker of another machine. */
  forward?: ((host: string, port: number) => Promise<string>) | undefined;
  /** Resolves with the first picture. The MQTT library takes longer to load than all the rest: a person shall see something before. */
  painted: Promise<void>;
  on: WatcherOptions["on"] & {
    /** This is the broker to look at. */
    wanted(server: string): void;
    /** The library is there, and the first try was made. */
    dialled(): Promise<void>;
  };
}

/** Our end of the link to the broker: finds out which one, loads the client when it is needed, and moves when the agent does. */
export class BrokerLink {
  readonly #options: BrokerLinkOptions;
  readonly #finder: BrokerFinder;
  #watcher: Watcher | undefined;
  /** The broker that is looked at, and how. */
  #known = "";

  constructor(options: BrokerLinkOptions) {
    this.#options = options;
    this.#finder = new BrokerFinder(options);
  }

  /** To the broker that a flag or the configuration names; without one the agent says where it is. */
  start(): void {
    const first = this.#options.target ?? this.#options.configured[0];
    if (first !== undefined) void this.#watch(first);
  }

  /** The agent said where its broker is. A flag comes first. Rejects with a sentence. */
  async learn(status: Status): Promise<void> {
    const { target, forward } = this.#options;
    if (target !== undefined) return;
    const found = await this.#finder.find(status, this.#known === "");
    if (found === undefined) return;
    await this.#watch(forward === undefined ? found : { ...found, socket: await forward(found.host, found.port) });
  }

  /** The agent may be another one. */
  forget(): void {
    this.#finder.forget();
  }

  /** See Watcher. */
  publish(publication: Publication): Promise<void> {
    return this.#watcher?.publish(publication) ?? Promise.reject(new Error("not connected to a broker: nothing was published"));
  }

  /** See Watcher. */
  refresh(filters: readonly string[]): void {
    this.#watcher?.refresh(filters);
  }

  /** See Watcher. */
  sibling(): ReturnType<Watcher["sibling"]> {
    return this.#watcher?.sibling();
  }

  close(): void {
    this.#watcher?.close();
  }

  async #watch(target: BrokerTarget): Promise<void> {
    const { painted, filters, on } = this.#options;
    const wanted = JSON.stringify(target);
    if (this.#known === wanted) return;
    this.#known = wanted;
    on.wanted(formatBroker(target));
    if (this.#watcher === undefined) {
      await painted;
      const { Watcher } = await import("./watcher.ts");
      this.#watcher ??= new Watcher({ filters, on });
    }
    this.#watcher.use(target);
    await on.dialled();
  }
}
