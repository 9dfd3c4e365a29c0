import type { Duplex } from "node:stream";
import {
  encode,
  type Hello,
  LineSplitter,
  type Method,
  type Methods,
  maxAnswerBytes,
  type Push,
  protocolVersion,
  type Refusal,
  type Request,
  type Status,
} from "../../agent/protocol.ts";
import { messageOf } from "../message-of.ts";
import { backoff } from "./backoff.ts";
import { answerShapes, helloShape, pushShapes } from "./shape.ts";

export interface AgentLinkOptions {
  /** Opens a byte stream to an agent: a socket, or ssh. Throws (or rejects) a sentence for a person. */
  open(): Promise<Duplex>;
  on: {
    online(hello: Hello): void;
    /** `absent` = there is nothing at the other end, as opposed to somebody who does not answer. */
    offline(problem: string, absent: boolean): void;
    push(push: Push): void;
    /** Right after `online`, and then every `probeEvery`: an agent that does not answer any more is lost. */
    status(status: Status): void;
  };
  random?: () => number;
  /** First and longest wait before the next try. */
  wait?: readonly [first: number, most: number];
  /** How long an answer may take, and how often the agent is asked whether it is there. */
  timeout?: number;
  probeEvery?: number;
}

/** Refused by the agent, or not answered; the message is a sentence for a person. */
export class AgentError extends Error {
  readonly reason: Refusal["reason"] | "unreachable";
  constructor(reason: Refusal["reason"] | "unreachable", message: string) {
    super(message);
    this.name = "AgentError";
    this.reason = reason;
  }
}

interface Pending {
  method: Method;
  resolve(result: unknown): void;
  reject(error: AgentError): void;
  timer: NodeJS.Timeout;
}

const maxPending = 64;

/** Our end of the control protocol: connects for ever, says hello first, and bounds what it holds. */
export class AgentLink {
  readonly #options: AgentLinkOptions;
  readonly #pending = new Map<number, Pending>();
  #stream: Duplex | null = null;
  #id = 0;
  #attempt = 0;
  #online = false;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #probe: NodeJS.Timeout | undefined;

  constructor(options: AgentLinkOptions) {
    this.#options = options;
  }

  start(): void {
    if (!this.#closed) void this.#connect();
  }

  /** Rejects with AgentError. */
  request<M extends Method>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]> {
    const stream = this.#stream;
    if (stream === null) return Promise.reject(new AgentError("unreachable", "the agent is not reachable"));
    if (this.#pending.size >= maxPending)
      return Promise.reject(new AgentError("unreachable", "the agent does not keep up with the questions"));
    this.#id += 1;
    const id = this.#id;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#lose(stream, `the agent did not answer ${method} in time`), this.#options.timeout ?? 5000);
      this.#pending.set(id, { method, resolve: resolve as Pending["resolve"], reject, timer });
      stream.write(encode({ id, method, params } as Request));
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#drop("this terminal closes the link");
  }

  async #connect(): Promise<void> {
    let stream: Duplex;
    try {
      stream = await this.#options.open();
    } catch (error) {
      if (!this.#closed) this.#later(messageOf(error), isAbsent(error));
      return;
    }
    if (this.#closed) {
      stream.destroy();
      return;
    }
    this.#stream = stream;
    const splitter = new LineSplitter(maxAnswerBytes);
    stream.on("data", (chunk: Buffer) => {
      if (this.#stream !== stream) return;
      try {
        for (const line of splitter.push(chunk)) this.#line(stream, line);
      } catch (error) {
        this.#lose(stream, `the agent's answer cannot be read: ${messageOf(error)}`);
      }
    });
    stream.on("error", (error: NodeJS.ErrnoException) => {
      const closed = error.code === "ECONNRESET" || error.code === "EPIPE";
      this.#lose(stream, closed ? "the agent closed the link" : error.message);
    });
    stream.on("end", () => this.#lose(stream, "the agent closed the link"));
    stream.on("close", () => this.#lose(stream, "the agent closed the link"));
    this.#hello(stream);
  }

  #hello(stream: Duplex): void {
    this.request("hello", { protocol: protocolVersion, client: "tui" }).then(
      (hello) => {
        if (this.#stream !== stream) return;
        if (hello.protocol !== protocolVersion) {
          this.#lose(stream, versionSentence(hello.protocol, hello.version));
          return;
        }
        if (!helloShape(hello)) {
          this.#lose(stream, "the agent's hello cannot be read");
          return;
        }
        this.#online = true;
        this.#attempt = 0;
        this.#options.on.online(hello);
        const ask = () => this.request("status", {}).then(this.#options.on.status, () => undefined);
        this.#probe = setInterval(ask, this.#options.probeEvery ?? 10_000);
        void ask();
      },
      (error: AgentError) =>
        this.#lose(stream, error.reason === "protocol" ? `${error.message} (this terminal speaks ${protocolVersion})` : error.message),
    );
  }

  #line(stream: Duplex, line: string): void {
    if (line.trim() === "" || this.#stream !== stream) return;
    const message: unknown = JSON.parse(line);
    if (typeof message !== "object" || message === null) throw new TypeError("not an object");
    if ("push" in message) {
      const { push, data } = message as Push;
      if (pushShapes[push]?.(data) !== true) throw new TypeError(`a push of ${String(push).slice(0, 20)} of another shape`);
      if (this.#online) this.#options.on.push(message as Push);
      return;
    }
    const { id, ok, result, error } = message as { id?: unknown; ok?: unknown; result?: unknown; error?: Refusal };
    const refusal = ok === true ? undefined : new AgentError(error?.reason ?? "failed", wordsOf(error));
    // An answer without an id is about the connection as a whole.
    if (typeof id !== "number") throw refusal ?? new TypeError("an answer without an id");
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    if (refusal !== undefined) pending.reject(refusal);
    else if (answerShapes[pending.method]?.(result) !== false) pending.resolve(result);
    else {
      const error = new TypeError(`an answer to ${pending.method} of another shape`);
      pending.reject(new AgentError("unreachable", error.message));
      throw error;
    }
  }

  #lose(stream: Duplex, problem: string): void {
    if (this.#stream !== stream) return;
    this.#drop(problem);
    if (!this.#closed) this.#later(problem, false);
  }

  #drop(problem: string): void {
    const stream = this.#stream;
    this.#stream = null;
    this.#online = false;
    clearInterval(this.#probe);
    stream?.destroy();
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(new AgentError("unreachable", problem));
    }
    this.#pending.clear();
  }

  #later(problem: string, absent: boolean): void {
    this.#options.on.offline(problem, absent);
    const [first, most] = this.#options.wait ?? [500, 10_000];
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#connect(), backoff(this.#attempt, first, most, this.#options.random ?? Math.random));
    this.#attempt += 1;
  }
}

function wordsOf(error: Refusal | undefined): string {
  const message = error?.message ?? "refused without a reason";
  return typeof error?.allowed_at === "string" ? `${message}; allowed at ${error.allowed_at}` : message;
}

function isAbsent(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === "ENOENT" || code === "ECONNREFUSED";
}

function versionSentence(theirs: number, version: string): string {
  const who = theirs > protocolVersion ? "this terminal" : "the agent";
  return `the agent (${version}) speaks control protocol ${theirs}, this terminal ${protocolVersion}: update ${who}`;
}
