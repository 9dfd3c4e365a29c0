import { createServer, type Server, type Socket } from "node:net";
import { describePortHolder, findPortHolder, placeOf } from "./port-holder.ts";

export interface ListenerOptions {
  address: string;
  /** 0 = a free one. */
  port: number;
  /** What is spoken there, for its sentences; `mqtt` unless said. */
  protocol?: string;
  retryEvery: number;
  connection(socket: Socket): void;
  /** `undefined` when it listens again. */
  changed(problem: string | undefined): void;
}

/** A listening socket that outlives a taken port: it tries again until it is stopped. */
export class Listener {
  readonly #options: ListenerOptions;
  #server: Server | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #problem: string | null = "not started";
  #port: number;
  #stopped = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  get address(): string {
    return this.#options.address;
  }
  get port(): number {
    return this.#port;
  }
  get problem(): string | null {
    return this.#problem;
  }

  /** Resolves after the first try: undefined when it listens, else the kernel's code (`EADDRINUSE`, …). */
  async start(): Promise<string | undefined> {
    const error = await this.#listen();
    if (this.#stopped) return error?.code;
    const before = this.#problem;
    this.#problem = error ? await this.#describe(error) : null;
    if (this.#problem !== before && !(before === "not started" && error === undefined)) this.#options.changed(this.#problem ?? undefined);
    if (error && !this.#stopped) this.#retryTimer = setTimeout(() => void this.start(), this.#options.retryEvery).unref();
    return error?.code;
  }

  /** Listens no more; connections stay, their owner ends them. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retryTimer);
    this.#server?.close();
  }

  #listen(): Promise<NodeJS.ErrnoException | undefined> {
    const { address, connection } = this.#options;
    // allowHalfOpen: a client that has sent everything and closed its side still gets its answers.
    const server = createServer({ allowHalfOpen: true, noDelay: true }, connection);
    this.#server = server;
    return new Promise((resolve) => {
      server.once("error", resolve);
      server.listen({ host: address, port: this.#port, ipv6Only: true }, () => {
        server.off("error", resolve);
        // A failed accept (no descriptors left) concerns one client, not the agent.
        server.on("error", () => undefined);
        const bound = server.address();
        if (typeof bound === "object" && bound !== null) this.#port = bound.port;
        resolve(undefined);
      });
    });
  }

  async #describe(error: NodeJS.ErrnoException): Promise<string> {
    const { address, protocol } = this.#options;
    if (error.code === "EADDRINUSE") return describePortHolder(address, this.#port, await findPortHolder(this.#port), protocol);
    if (error.code === "EACCES") {
      return `the built-in broker may not listen on ${placeOf(address, this.#port)}: ports below 1024 need a privilege; set a higher port in broker.listeners`;
    }
    const place = `the built-in broker cannot listen on ${placeOf(address, this.#port)}`;
    if (error.code === "EADDRNOTAVAIL")
      return `${place}: this machine has no such address now; name one of its own in broker.listeners, or 0.0.0.0 for all`;
    return `${place}: ${error.message}`;
  }
}
