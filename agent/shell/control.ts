import { chmodSync, mkdirSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { whyUnwritten } from "../../config/file-words.ts";
import {
  type Answer,
  encode,
  LineSplitter,
  type Method,
  type Methods,
  maxAnswerBytes,
  maxRequestBytes,
  protocolVersion,
  type Refusal,
  type RefusalReason,
} from "../protocol.ts";
import type { Log } from "./log.ts";
import { allViews, PushedViews, type Watcher } from "./pushed-views.ts";
import type { Reader, RecordingHandle } from "./recorder.ts";
import { removeStale } from "./stale-socket.ts";

/** What a handler throws to refuse a request. */
export class Refused extends Error {
  readonly reason: RefusalReason;
  /** ISO time from which it would be served, when that is known. */
  readonly allowedAt: string | undefined;
  constructor(reason: RefusalReason, message: string, allowedAt?: string) {
    super(message);
    this.reason = reason;
    this.allowedAt = allowedAt;
  }
}

export type Handlers = {
  [M in Exclude<Method, "hello" | "watch" | "record">]: (
    params: Methods[M]["params"],
  ) => Promise<Methods[M]["result"]> | Methods[M]["result"];
};

export interface ControlOptions {
  /** Paths of the socket that may operate and of the one that may only look. */
  socket: string;
  view: string;
  hello(operate: boolean): Methods["hello"]["result"];
  handlers: Handlers;
  record(reader: Reader): RecordingHandle;
  log: Log;
}

interface Client extends Watcher {
  operate: boolean;
  greeted: boolean;
  recording: RecordingHandle | undefined;
  /** Requests without an answer yet. */
  asked: number;
}

/** No more is read of a client while so many of its requests wait: what they hold could be all of the memory. */
const maxAsked = 256;
const maxClients = 32;
/** So much of a recording waits for a client that reads slowly; then the rest is not recorded until it has caught up. */
const recordingHeld = 1024 * 1024;
/** These change something: refused on the socket that may only look. */
const simulating: readonly Method[] = ["sim-press", "sim-sensor", "sim-play"];
const ofItself: readonly Method[] = ["reload", "diff", "resync", "identify", "log-level", "diag", "broker-login"];
const operating: ReadonlySet<string> = new Set<Method>([
  "set",
  "set-counter",
  "set-rule",
  "lock",
  "record",
  "control-service",
  "packet-bytes",
  ...ofItself,
  ...simulating,
]);

/** The control sockets: bounded requests in, answers and conflated pushes out. */
export class Control {
  readonly #options: ControlOptions;
  readonly #servers: Server[] = [];
  readonly #clients = new Set<Client>();
  readonly #views: PushedViews;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#views = new PushedViews({ watchers: this.#clients, read: (view) => options.handlers[view]({}), log: options.log });
  }

  /** Listens on both sockets; rejects when another agent does. */
  async start(): Promise<void> {
    const { socket, view } = this.#options;
    try {
      await this.#listen(socket, true);
      if (view !== socket) await this.#listen(view, false);
    } catch (error) {
      // A server that listens would keep a process alive that has nothing to serve.
      await this.stop();
      throw error;
    }
  }

  /** Something that the pins view shows has changed. */
  changed(): void {
    this.#views.changed("pins");
  }

  async stop(): Promise<void> {
    this.#views.stop();
    // The stop itself may have led to an answer.
    await new Promise((resolve) => setImmediate(resolve));
    for (const { socket } of this.#clients) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  async #listen(path: string, operate: boolean): Promise<void> {
    const unmade = (what: string, error: unknown) => {
      const setting = operate ? "control.socket" : "control.view";
      return new Error(`${what} could not be made: ${whyUnwritten(error)}, or set ${setting} to a path that you may write`);
    };
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    } catch (error) {
      throw unmade(`the folder of ${path}`, error);
    }
    await removeStale(path);
    const server = createServer((socket) => this.#accept(socket, operate));
    await new Promise<void>((resolve, reject) => {
      // Also while it listens: a connection for which there is no descriptor ends nothing.
      server.on("error", (error) => reject(unmade(path, error)));
      server.listen(path, resolve);
    });
    chmodSync(path, 0o660);
    this.#servers.push(server);
  }

  #accept(socket: Socket, operate: boolean): void {
    if (this.#clients.size >= maxClients) {
      socket.destroy();
      return;
    }
    const client: Client = { socket, operate, greeted: false, views: new Set(), dirty: new Set(), recording: undefined, asked: 0 };
    this.#clients.add(client);
    const splitter = new LineSplitter(maxRequestBytes);
    socket.on("data", (chunk) => {
      try {
        for (const line of splitter.push(chunk)) void this.#serve(client, line);
        if (client.asked >= maxAsked) socket.pause();
      } catch {
        socket.pause();
        this.#send(client, refusal(null, "malformed", `a request may have at most ${maxRequestBytes} bytes`));
        socket.destroySoon();
      }
    });
    socket.on("drain", () => {
      client.recording?.resume();
      this.#views.schedule();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      client.recording?.stop();
      this.#clients.delete(client);
      this.#views.poll();
    });
  }

  async #serve(client: Client, line: string): Promise<void> {
    let request: { id: number; method: string; params: Record<string, unknown> };
    try {
      request = requestOf(line);
    } catch (error) {
      this.#send(client, refusal(null, "malformed", (error as Error).message));
      return;
    }
    const { id, method, params } = request;
    client.asked++;
    try {
      this.#send(client, { id, ok: true, result: await this.#result(client, method, params) } as Answer);
    } catch (error) {
      if (!(error instanceof Refused)) {
        this.#options.log.error(
          `the control request ${JSON.stringify(method.slice(0, 32))} failed: ${(error as Error).stack ?? String(error)}`,
        );
      }
      const { reason, allowedAt } = error instanceof Refused ? error : { reason: "failed" as const, allowedAt: undefined };
      this.#send(client, refusal(id, reason, (error as Error).message, allowedAt));
    } finally {
      client.asked--;
      if (client.asked < maxAsked && !client.socket.writableEnded) client.socket.resume();
    }
  }

  #result(client: Client, method: string, params: Record<string, unknown>): unknown {
    if (method === "hello") {
      if (params.protocol !== protocolVersion) {
        throw new Refused("protocol", `this agent speaks control protocol ${protocolVersion}: use the pinbus of the same version`);
      }
      client.greeted = true;
      return this.#options.hello(client.operate);
    }
    if (!client.greeted) throw new Refused("protocol", "the first request must be hello");
    if (operating.has(method) && !client.operate) {
      throw new Refused("forbidden", `this socket may only look: connect to ${this.#options.socket} (its group may operate)`);
    }
    if (method === "watch") return this.#watch(client, params.views);
    if (method === "record") return this.#record(client);
    const handlers = this.#options.handlers as Record<string, ((params: unknown) => unknown) | undefined>;
    const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
    if (!handler) throw new Refused("unknown-method", "no such method; is the client newer than the agent?");
    return handler(params);
  }

  #watch(client: Client, views: unknown): Record<string, never> {
    if (!Array.isArray(views) || !views.every((view) => allViews.includes(view))) {
      throw new Refused("malformed", `"views" must be a list of ${allViews.join(", ")}`);
    }
    this.#views.watch(client, views);
    return {};
  }

  #record(client: Client): Record<string, never> {
    if (client.recording) throw new Refused("malformed", "this connection records already: open another one");
    const { socket } = client;
    client.recording = this.#options.record({
      ready: () => socket.writable && socket.writableLength < recordingHeld,
      line(text) {
        const message = `{"push":"record","data":${text}}\n`;
        if (Buffer.byteLength(message) > maxAnswerBytes) throw new Refused("failed", "there is too much state for one line of a recording");
        socket.write(message);
      },
      failed: (why) => socket.write(encode({ push: "record-failed", data: why })),
    });
    return {};
  }

  #send(client: Client, answer: Answer): void {
    // A client that asks and never reads must not make the agent keep its answers.
    if (client.socket.writableLength > maxAnswerBytes) client.socket.destroy();
    else if (client.socket.writable) client.socket.write(encode(answer));
  }
}

function requestOf(line: string): { id: number; method: string; params: Record<string, unknown> } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new Error("the request is not valid JSON");
  }
  const { id, method, params = {} } = (typeof parsed === "object" && parsed !== null ? parsed : {}) as Record<string, unknown>;
  if (typeof id !== "number" || typeof method !== "string" || typeof params !== "object" || params === null) {
    throw new Error('a request is {"id": number, "method": text, "params": object}');
  }
  return { id, method, params: params as Record<string, unknown> };
}

function refusal(id: number | null, reason: Refusal["reason"], message: string, allowedAt?: string): Answer {
  return { id, ok: false, error: { reason, message, ...(allowedAt === undefined ? {} : { allowed_at: allowedAt }) } };
}
