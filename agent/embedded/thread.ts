import type { Duplex } from "node:stream";
import { MessageChannel, Worker } from "node:worker_threads";
import type { BridgeOptions, BridgeStart } from "../bridge.ts";
import { backoffDelay, defaultBackoff } from "../core/backoff.ts";
import type { LogFields } from "../shell/log.ts";
import { Access } from "./access.ts";
import type { Broker, BrokerAddress, BrokerOptions } from "./broker-terms.ts";
import { PortStream } from "./port-stream.ts";
import type { BridgeState, FromThread, Secrets, ThreadStart, ToThread } from "./thread-messages.ts";
import { withRoom } from "./young-generation.ts";

/** The built-in broker as the agent sees it. */
export type BrokerThread = Pick<
  Broker,
  "start" | "addresses" | "clients" | "connect" | "renew" | "setSysInterval" | "setDialogue" | "expel" | "stop"
> & {
  /** Undefined when none is configured, and before the start. */
  readonly bridge: BridgeState | undefined;
};

export interface BrokerThreadOptions extends Omit<BrokerOptions, "log" | "bridge"> {
  /** Started and stopped with the broker. */
  bridge?: (BridgeStart & Pick<BridgeOptions, "onProblem">) | undefined;
  log: BrokerOptions["log"] & { error(message: string, fields?: LogFields): void };
  /** What runs in the thread; default: the built-in broker. */
  program?: URL;
}

/** A broker that has run so long and fails is started again as soon as the first time. */
const calm = 60_000;
/** It says that it runs every 5 s; after so many looks without a word it hangs. */
const silence = { look: 10_000, most: 3, mostAtStart: 12 };
/** A thread that does not end by itself is ended. */
const stopTimeout = 10_000;
/** What its own objects may take (the payloads that it keeps are bounded elsewhere); beyond this the thread ends, and not the agent. */
const maxHeapMb = 192;
const away = "the built-in broker has failed and is started again";

/** The built-in broker in a thread of its own; one that fails is started again. Construction does nothing. */
export function createBrokerThread(options: BrokerThreadOptions): BrokerThread {
  return new Thread(options);
}

class Thread implements BrokerThread {
  readonly #options: BrokerThreadOptions;
  readonly #access: Access;
  #worker: Worker | undefined;
  #addresses: readonly BrokerAddress[] = [];
  #clients = 0;
  #bridge: BridgeState | undefined;
  #settings: Pick<BrokerOptions, "sysInterval" | "dialogue">;
  #restartTimer: NodeJS.Timeout | undefined;
  #lookTimer: NodeJS.Timeout | undefined;
  /** How often it was looked for since it said something. */
  #silent = 0;
  #startedAt: number | undefined;
  #failures = 0;
  #stopped = false;

  constructor(options: BrokerThreadOptions) {
    this.#options = options;
    this.#access = options.access ?? new Access({ anonymous: true, users: null });
    this.#settings = { sysInterval: options.sysInterval, ...(options.dialogue && { dialogue: options.dialogue }) };
  }

  async start(): Promise<void> {
    const { log, program = new URL("./thread-inside.js", import.meta.url) } = this.#options;
    // Nothing of the agent's own: its notify socket and its secrets are not for others.
    const settings = { workerData: this.#startData, env: {}, name: "broker", resourceLimits: { maxOldGenerationSizeMb: maxHeapMb } };
    const worker = withRoom(() => new Worker(program, settings));
    this.#worker = worker;
    this.#silent = 0;
    this.#lookTimer = setInterval(() => this.#look(worker), silence.look).unref();
    await new Promise<void>((resolve) => {
      worker.on("message", (message: FromThread) => {
        this.#silent = 0;
        if (message.tell === "started") {
          this.#startedAt = this.#options.now();
          resolve();
        } else if (message.tell === "stopped") void worker.terminate();
        else if (message.tell !== "alive") this.#told(message);
      });
      worker.on("error", (error) => {
        if (!this.#stopped)
          log.error(`the built-in broker has failed: ${error.message}; it is started again`, {
            event: "broker-failed",
            stack: error.stack,
          });
      });
      worker.on("exit", () => {
        resolve();
        this.#ended();
      });
    });
  }

  get addresses(): readonly BrokerAddress[] {
    return this.#addresses;
  }

  get clients(): number {
    return this.#clients;
  }

  get bridge(): BridgeState | undefined {
    return this.#bridge;
  }

  /** The other end of a stream whose broker is away is closed. */
  connect(): Duplex {
    const { port1, port2 } = new MessageChannel();
    const stream = new PortStream(port1);
    if (this.#worker) this.#worker.postMessage({ do: "connect", port: port2 } satisfies ToThread, [port2]);
    else port2.close();
    return stream;
  }

  renew(): void {
    this.#send({ do: "renew", secrets: this.#secrets });
  }

  setSysInterval(ms: number): void {
    this.#settings = { ...this.#settings, sysInterval: ms };
    this.#send({ do: "sys-interval", ms });
  }

  setDialogue(dialogue: NonNullable<BrokerOptions["dialogue"]>): void {
    this.#settings = { ...this.#settings, dialogue };
    this.#send({ do: "dialogue", settings: dialogue });
  }

  expel(): void {
    this.#send({ do: "expel", rules: this.#access.rules });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#restartTimer);
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    this.#send({ do: "stop" });
    const giveUp = setTimeout(() => void worker.terminate(), stopTimeout);
    await ended;
    clearTimeout(giveUp);
  }

  get #startData(): ThreadStart {
    const { listeners, limits, version, retryEvery, store, bridge } = this.#options;
    return {
      listeners,
      version,
      ...this.#settings,
      ...(limits && { limits }),
      ...(retryEvery !== undefined && { retryEvery }),
      own: this.#access.own,
      terminal: this.#access.terminal,
      rules: this.#access.rules,
      secrets: this.#secrets,
      bridge: bridge && { config: bridge.config, host: bridge.host, topics: bridge.topics },
      store: store && { file: store.file, maxQueued: store.maxQueued, sessionExpiry: store.sessionExpiry },
    };
  }

  get #secrets(): Secrets {
    const { tls, origins } = this.#options;
    return { tls: tls?.(), origins: origins?.() ?? [] };
  }

  #send(message: ToThread): void {
    this.#worker?.postMessage(message);
  }

  /** A look and no time: a process that stood still hears what was said meanwhile only afterwards. */
  #look(worker: Worker): void {
    this.#silent++;
    if (this.#silent < (this.#startedAt === undefined ? silence.mostAtStart : silence.most)) return;
    this.#options.log.error("the built-in broker hangs: it is ended and started again", { event: "broker-failed" });
    void worker.terminate();
  }

  #told(message: Exclude<FromThread, { tell: "started" | "alive" | "stopped" }>): void {
    const { log, store, bridge, changed } = this.#options;
    if (message.tell === "log") log[message.level](message.message, message.fields);
    else if (message.tell === "store-problem") store?.onProblem(message.problem);
    else if (message.tell === "bridge-problem") bridge?.onProblem(message.file, message.problem);
    else if (message.tell === "bridge") this.#bridge = message.state;
    else {
      this.#addresses = message.addresses;
      this.#clients = message.clients;
      changed?.();
    }
  }

  #ended(): void {
    const { now, listeners, store, bridge, changed } = this.#options;
    clearInterval(this.#lookTimer);
    this.#worker = undefined;
    this.#clients = 0;
    if (this.#bridge) this.#bridge.view = { ...this.#bridge.view, online: false, problem: away };
    if (this.#stopped) return;
    const known = this.#addresses.length > 0 ? this.#addresses : listeners.map((one) => ({ ...one, address: one.address ?? "127.0.0.1" }));
    this.#addresses = known.map((address) => ({ ...address, problem: away }));
    changed?.();
    // The next one says it again, if it is still so.
    store?.onProblem(null);
    for (const file of ["bridge", "bridge-certificate"] as const) bridge?.onProblem(file, null);
    if (this.#startedAt !== undefined && now() - this.#startedAt > calm) this.#failures = 0;
    this.#startedAt = undefined;
    this.#restartTimer = setTimeout(() => this.#restart(), backoffDelay(defaultBackoff, this.#failures++, 1)).unref();
  }

  #restart(): void {
    this.start().catch((error: Error) => {
      this.#options.log.error(`the built-in broker could not be started again: ${error.message}`, { event: "broker-failed" });
      this.#ended();
    });
  }
}
