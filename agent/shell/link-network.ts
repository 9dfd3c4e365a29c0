import { networkInterfaces } from "node:os";

/** The addresses of this machine; undefined when the system does not tell. */
export function readAddresses(): ReadonlySet<string> | undefined {
  try {
    return new Set(Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address)));
  } catch {
    return undefined;
  }
}

/** How often the addresses are looked at: a connection whose address is gone would else be noticed by the keep alive only. */
const lookEvery = 10_000;

export interface NetworkWatchOptions {
  read: () => ReadonlySet<string> | undefined;
  every?: number | undefined;
  /** The address is no longer one of this machine. */
  gone(address: string): void;
  /** There is an address that was not there before. */
  appeared(): void;
}

/** Sees when the network of this machine changes. */
export class NetworkWatch {
  readonly #options: NetworkWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #addresses: ReadonlySet<string> | undefined;

  constructor(options: NetworkWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#addresses = this.#options.read();
    this.#timer = setInterval(() => this.#look(), this.#options.every ?? lookEvery);
    // It holds no process that has nothing else to do.
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const before = this.#addresses;
    const now = this.#options.read();
    if (now === undefined) return;
    this.#addresses = now;
    if (before === undefined) return;
    for (const address of before) if (!now.has(address)) this.#options.gone(address);
    if ([...now].some((address) => !before.has(address))) this.#options.appeared();
  }
}
