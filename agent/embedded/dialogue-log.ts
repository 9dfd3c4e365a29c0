import type { Allowance } from "../core/token-bucket.ts";
import { newBucket, takeToken } from "../core/token-bucket.ts";
import type { LogFields } from "../shell/log.ts";
import { printable } from "../shell/printable.ts";

/** Which of mosquitto's sentences are told. */
export interface DialogueSettings {
  /** Who came and who went. */
  connections: boolean;
  /** Who subscribed to what, and who no more. */
  subscribes: boolean;
  /** Also to subscribers of `$SYS/broker/log/…`. */
  topics: boolean;
}

export interface DialogueOptions {
  settings: DialogueSettings;
  /** To the log of the agent. */
  info(message: string): void;
  /** To the subscribers; below `$SYS/broker/log/`. */
  publish(topic: string, payload: string): void;
  /** Milliseconds, any origin. */
  now(): number;
}

interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
}

/** Whom a sentence is about; nothing of it may be put out raw. */
interface Speaker {
  id: string | null;
}

/** How a connection ended, in mosquitto's words. */
export type Ending = "disconnected" | "closed" | "timeout" | "malformed" | "protocol" | "refused" | "replaced";

const allowance: Allowance = { burst: 200, every: 50 };
const maxName = 128;

/** mosquitto's sentences (`log_type notice`, `subscribe` and `unsubscribe`) about what clients do, so many at a time. */
export class DialogueLog {
  readonly #options: DialogueOptions;
  readonly #bucket = newBucket(allowance);
  #settings: DialogueSettings;
  #leftOut = 0;

  constructor(options: DialogueOptions) {
    this.#options = options;
    this.#settings = options.settings;
  }

  /** From now on. */
  set settings(settings: DialogueSettings) {
    this.#settings = settings;
  }

  came(from: string, port: number): void {
    this.#connection(() => `New connection from ${from} on port ${port}.`);
  }

  joined(
    { id }: Speaker,
    from: string,
    connect: { version: number; clean: boolean; keepalive: number; username: string | undefined },
  ): void {
    // mosquitto's own number of the protocol: 1 for 3.1, 2 for 3.1.1.
    const { version, clean, keepalive, username } = connect;
    const user = username === undefined || username === "" ? "" : `, u'${name(username)}'`;
    this.#connection(() => `New client connected from ${from} as ${name(id)} (p${version - 2}, c${clean ? 1 : 0}, k${keepalive}${user}).`);
  }

  left({ id }: Speaker, ending: Ending): void {
    // mosquitto counts this one as an error.
    this.#connection(() => `Client ${name(id)} ${endings[ending]}`, ending === "replaced" ? "E" : "N");
  }

  subscribed({ id }: Speaker, filter: string, qos: number): void {
    this.#subscription("subscribe", () => `${name(id)} ${qos} ${name(filter)}`);
  }

  unsubscribed({ id }: Speaker, filter: string): void {
    this.#subscription("unsubscribe", () => `${name(id)} ${name(filter)}`);
  }

  /** The same log, of which subscribers get what the broker itself says. */
  repeats<L extends Log>(log: L): L {
    const repeat = (level: "info" | "warn", topic: "I" | "W") => (message: string, fields?: LogFields) => {
      log[level](message, fields);
      if (this.#settings.topics) this.#publish(topic, printable(message));
    };
    return { ...log, debug: (message, fields) => log.debug(message, fields), info: repeat("info", "I"), warn: repeat("warn", "W") };
  }

  #connection(sentence: () => string, topic: "E" | "N" = "N"): void {
    if (this.#settings.connections) this.#tell(topic, sentence);
  }

  #subscription(kind: "subscribe" | "unsubscribe", sentence: () => string): void {
    if (this.#settings.subscribes) this.#tell(`M/${kind}`, sentence, `${kind}: `);
  }

  #tell(topic: string, sentence: () => string, before = ""): void {
    if (!takeToken(this.#bucket, allowance, this.#options.now())) {
      this.#leftOut += 1;
      return;
    }
    if (this.#leftOut > 0) this.#options.info(`broker: ${this.#leftOut} sentences about clients were left out`);
    this.#leftOut = 0;
    const text = sentence();
    this.#options.info(`broker: ${before}${text}`);
    if (this.#settings.topics) this.#publish(topic, text);
  }

  #publish(topic: string, text: string): void {
    this.#options.publish(`$SYS/broker/log/${topic}`, `${Math.floor(Date.now() / 1_000)}: ${text}`);
  }
}

const endings: Record<Ending, string> = {
  disconnected: "disconnected.",
  closed: "closed its connection.",
  timeout: "has exceeded timeout, disconnecting.",
  malformed: "disconnected due to malformed packet.",
  protocol: "disconnected due to protocol error.",
  refused: "disconnected, not authorised.",
  replaced: "already connected, closing old connection.",
};

function name(text: string | null): string {
  if (text === null) return "<unknown>";
  return printable(text.length > maxName ? `${text.slice(0, maxName)}…` : text);
}
