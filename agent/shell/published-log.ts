import { type Allowance, newBucket, takeToken } from "../core/token-bucket.ts";
import type { Link } from "./link.ts";
import type { LogEntry, LogLevel } from "./log.ts";

export type PublishedLevel = Exclude<LogLevel, "debug">;

export interface PublishedLogOptions {
  link(): Pick<Link, "publish" | "view">;
  topic(level: PublishedLevel): string;
  /** The least important one that is published. */
  level(): "off" | PublishedLevel;
  /** Monotonic milliseconds. */
  now(): number;
}

/** Of each level. */
const allowance: Allowance = { burst: 10, every: 1000 };
/** Entries that wait for the broker; the journal has all of them. */
const entriesWaiting = 20;
const levels: readonly PublishedLevel[] = ["error", "warn", "info"];
const own = new Set(["ts", "level", "message"]);

/** The log on the bus, `P/log/<level>`: no more than a hub can read, and nothing of what publishing itself has to say. */
export class PublishedLog {
  readonly #options: PublishedLogOptions;
  readonly #buckets = new Map(levels.map((level) => [level, newBucket(allowance)]));
  readonly #leftOut = new Map<PublishedLevel, number>();
  #waiting: LogEntry[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PublishedLogOptions) {
    this.#options = options;
  }

  take(entry: LogEntry): void {
    const { link, level } = this.#options;
    const least = level();
    if (least === "off" || !isPublished(entry.level) || levels.indexOf(entry.level) > levels.indexOf(least)) return;
    if (link().view.online) this.#publish(entry, entry.level);
    else if (this.#waiting.push(entry) > entriesWaiting) this.#leaveOut(this.#waiting.shift());
  }

  /** The broker is there. */
  online(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const entry of waiting) this.take(entry);
    if (this.#leftOut.size > 0) this.#tellLater();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #publish(entry: LogEntry, level: PublishedLevel): void {
    if (this.#mayPublish(level)) this.#send(level, entry);
    else this.#leaveOut(entry);
  }

  #leaveOut(entry: LogEntry | undefined): void {
    if (!entry || !isPublished(entry.level)) return;
    this.#leftOut.set(entry.level, (this.#leftOut.get(entry.level) ?? 0) + 1);
    this.#tellLater();
  }

  #tellLater(): void {
    this.#timer ??= setTimeout(() => this.#tellLeftOut(), 2 * allowance.every).unref();
  }

  /** Said also when nothing comes any more, and once the broker is there. */
  #tellLeftOut(): void {
    this.#timer = undefined;
    if (!this.#options.link().view.online) return;
    for (const [level, count] of this.#leftOut) {
      if (!this.#mayPublish(level)) continue;
      this.#leftOut.delete(level);
      const message = `${count} ${count === 1 ? "entry" : "entries"} left out; the log of the machine has all of them`;
      this.#send(level, { at: Date.now(), level, message, fields: { left_out: String(count) } });
    }
    if (this.#leftOut.size > 0) this.#tellLater();
  }

  #mayPublish(level: PublishedLevel): boolean {
    const bucket = this.#buckets.get(level);
    return bucket !== undefined && takeToken(bucket, allowance, this.#options.now());
  }

  #send(level: PublishedLevel, { at, message, fields }: LogEntry): void {
    const more = Object.fromEntries(Object.entries(fields).filter(([name]) => !own.has(name)));
    const payload = JSON.stringify({ ts: new Date(at).toISOString(), level, message, ...more });
    this.#options.link().publish({ kind: "telemetry", topic: this.#options.topic(level), payload, qos: 0, retain: false });
  }
}

function isPublished(level: LogLevel): level is PublishedLevel {
  return level !== "debug";
}
