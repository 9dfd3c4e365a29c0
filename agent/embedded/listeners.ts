import type { Socket } from "node:net";
import type { BrokerAddress, BrokerLog } from "./broker-terms.ts";
import { Entrance, type EntranceOptions, type Protocol } from "./entrance.ts";
import { Listener } from "./listener.ts";
import { placeOf } from "./port-holder.ts";

export interface ListenersOptions extends Omit<EntranceOptions, "protocol" | "unsecured" | "foreign"> {
  /** `address: null` = 127.0.0.1 and ::1; `port: 0` = a free one, the same on both. */
  wanted: readonly { protocol: Protocol; address: string | null; port: number }[];
  retryEvery: number;
  log: BrokerLog;
  connection(socket: Socket, entrance: Entrance): void;
  /** `kind` = what is told seldom when it comes often. */
  warn(kind: string, message: string): void;
  /** `addresses` are others than before. */
  changed(): void;
}

/** Everywhere that the built-in broker listens. Construction does nothing. */
export class Listeners {
  readonly #options: ListenersOptions;
  #all: { protocol: Protocol; listener: Listener }[] = [];
  readonly #entrances: Entrance[] = [];

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  /** Resolves when each was tried once. */
  async start(): Promise<void> {
    const { wanted, warn } = this.#options;
    const unsecured = (code: string) => warn("tls", `broker: the TLS handshake with a client failed (${code})`);
    const foreign = (origin: string) => {
      const page = JSON.stringify(origin.slice(0, 64));
      warn("origin", `broker: refused a page of ${page}: if it is meant, name it in broker.origins`);
    };
    for (const { protocol, address, port } of wanted) {
      const entrance = new Entrance({ ...this.#options, protocol, unsecured, foreign });
      this.#entrances.push(entrance);
      await this.#listen(protocol, entrance, address, port);
    }
  }

  get addresses(): readonly BrokerAddress[] {
    return this.#all.map(({ protocol, listener: { address, port, problem } }) => ({ protocol, address, port, problem }));
  }

  /** Other certificates, from the next connection on. */
  renew(): void {
    for (const entrance of this.#entrances) entrance.renew();
  }

  /** Listens no more; connections stay, their owner ends them. */
  stop(): void {
    for (const { listener } of this.#all) listener.stop();
  }

  async #listen(protocol: Protocol, entrance: Entrance, address: string | null, port: number): Promise<void> {
    if (address !== null) return void (await this.#add(protocol, entrance, address, port).start());
    // A free port must be free on both addresses: some clients try ::1 first, some only 127.0.0.1.
    for (let tries = 0; ; tries += 1) {
      const four = this.#add(protocol, entrance, "127.0.0.1", port);
      await four.start();
      const six = this.#add(protocol, entrance, "::1", four.port);
      const code = await six.start();
      if (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") this.#remove(six);
      if (port !== 0 || code !== "EADDRINUSE" || tries === 10) return;
      this.#remove(four);
      this.#remove(six);
    }
  }

  #add(protocol: Protocol, entrance: Entrance, address: string, port: number): Listener {
    const { log, retryEvery, connection, changed } = this.#options;
    const listener: Listener = new Listener({
      address,
      port,
      protocol,
      retryEvery,
      connection: (socket) => connection(socket, entrance),
      changed: (problem) => {
        if (problem === undefined)
          log.info(`the built-in broker listens on ${placeOf(address, listener.port)} (${protocol}) now`, {
            event: "listener-works",
            protocol,
            address,
            port: listener.port,
          });
        else log.warn(problem, { event: "listener-failed", protocol, address, port: listener.port });
        changed();
      },
    });
    this.#all.push({ protocol, listener });
    return listener;
  }

  #remove(listener: Listener): void {
    listener.stop();
    this.#all = this.#all.filter((other) => other.listener !== listener);
  }
}
