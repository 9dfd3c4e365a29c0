import {
  type Dropped,
  doneBelow,
  holdEvent,
  newOutbox,
  nextEvent,
  type OutboxLimits,
  restoreEvent,
  settleEvent,
  unsend,
} from "../core/outbox.ts";
import { answered, beginConnection, endConnection, endQuiet, maySend, newTrial, sent } from "../core/trial.ts";
import type { Clock } from "./clock.ts";
import type { Link, Publication } from "./link.ts";
import { isRefusal } from "./link-terms.ts";
import type { Log } from "./log.ts";
import { OutboxFile } from "./outbox-file.ts";
import { type Holding, sizeOf } from "./outbox-record.ts";

export interface OutboxOptions {
  /** Default: events. */
  holding?: Holding;
  /** The folder of its file; null = in memory only. */
  dir: string | null;
  boot: string;
  limits: OutboxLimits;
  link(): Pick<Link, "publish">;
  clock: Clock;
  log: Log;
  /** For so long, in ms, an event over which the connection ends is just sent again. */
  patience?: number;
  /** Told for each that waits no more, acknowledged or lost: its number, which an `add` may tell already. Without a file they count from 1. */
  done?(number: number): void;
  /** Told, more than once, while connected and nothing of this is on trial: others may send at the same time. */
  onFree?(): void;
  /** Told when what waits can no longer be kept on disk, and when it can again. */
  onProblem?(problem: string | null): void;
}

/** How often it is told that something is lost. */
const lostEvery = 60_000;
/** As if the broker had said so. */
const refusal = Object.assign(new Error("the broker ends the connection over it"), { code: 0x80 });

/**
 * Brings events to the broker: each until it is acknowledged, refused or too old, in their order, over lost connections and restarts. After
 * a crash as many as the window is wide may come a second time, with the `seq` that they had.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #outbox;
  readonly #file: OutboxFile | undefined;
  readonly #trial = newTrial();
  #quietTimer: NodeJS.Timeout | undefined;
  /** Not told again before it has run. */
  #lostTimer: NodeJS.Timeout | undefined;
  #lostTold = 0;
  /** Nothing is sent but between `connected` and `disconnected`. */
  #open = false;
  #sending = false;
  /** Something was on its way when the connection ended. */
  #interrupted = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#outbox = newOutbox<Publication>(options.limits);
    const { holding = "events", dir, boot, clock, log, onProblem = () => {} } = options;
    if (dir === null) return;
    const waiting = () => this.#outbox.entries;
    this.#file = new OutboxFile({ dir, holding, boot, clock, log, waiting, onKept: () => this.#send(), onProblem });
  }

  /** Reads what the last run left. */
  load(): this {
    if (this.#file === undefined) return this;
    const { events, next } = this.#file.load();
    for (const event of events) restoreEvent(this.#outbox, event, this.#options.clock.now());
    this.#outbox.next = next;
    this.#tellFile();
    return this;
  }

  /** Sends an event, now or when the broker is there again, for `ttl` ms at most. */
  add(publication: Publication, ttl: number): void {
    const now = this.#options.clock.now();
    const bytes = sizeOf(publication.topic, publication.payload.toString());
    holdEvent(this.#outbox, publication, bytes, now + ttl, now);
    this.#file?.keep();
    this.#send();
    this.#tellFile();
  }

  /** The states are at the broker: what waits may go, until the connection ends. To say it again changes nothing. */
  connected(): void {
    if (this.#open) return;
    this.#open = true;
    this.#interrupted = false;
    const { clock, patience } = this.#options;
    const quiet = beginConnection(this.#trial, this.#outbox.entries[0]?.number, clock.now(), patience);
    if (quiet > 0) {
      this.#quietTimer = setTimeout(() => {
        endQuiet(this.#trial);
        this.#send();
      }, quiet);
    }
    this.#send();
  }

  /** The connection has ended, however far it came. */
  disconnected(): void {
    this.#open = false;
    clearTimeout(this.#quietTimer);
    const [first] = this.#outbox.entries;
    const over = this.#interrupted || this.#trial.phase !== "free";
    this.#interrupted = false;
    if (!over) return;
    if (!endConnection(this.#trial, first?.number, this.#options.clock.now()) || first === undefined) return;
    const { topic } = first.value;
    const why = "the broker ends the connection each time that it gets a message";
    this.#options.log.warn(`${why} on ${topic}: it is left out; let this client publish there, or let it be smaller`, {
      event: "outbox-dropped",
      topic,
    });
    this.#settled(first.number, refusal);
  }

  /** Events that wait. */
  get depth(): number {
    return this.#outbox.entries.length;
  }
  get bytes(): number {
    return this.#outbox.bytes;
  }
  /** How long the oldest has waited, in ms; undefined when nothing waits. */
  get age(): number | undefined {
    const [oldest] = this.#outbox.entries;
    return oldest && this.#options.clock.now() - oldest.at;
  }
  /** What was lost, by reason. */
  get dropped(): Readonly<Dropped> {
    return this.#outbox.dropped;
  }

  /** The sum of it. */
  get lost(): number {
    const { expired, full, refused } = this.dropped;
    return expired + full + refused;
  }

  /** Resolves when what waits is on disk, or could not be written. */
  async close(): Promise<void> {
    clearTimeout(this.#quietTimer);
    clearTimeout(this.#lostTimer);
    await this.#file?.close();
  }

  #send(): void {
    // QoS 0 is settled while it is sent: the loop that runs goes on with the next one.
    if (!this.#open || this.#sending) return;
    this.#sending = true;
    try {
      // What comes back at once would do so again, until the loop had no time for anything else.
      while (!this.#interrupted && this.#sendNext());
    } finally {
      this.#sending = false;
    }
    this.#tellRemoved();
    const { phase, number } = this.#trial;
    // What was on trial may have become too old.
    if (phase === "alone" && doneBelow(this.#outbox) !== number) answered(this.#trial, number);
    if (this.#trial.phase === "free") this.#options.onFree?.();
  }

  #sendNext(): boolean {
    const { link, clock } = this.#options;
    if (!maySend(this.#trial, this.#outbox.sent)) return false;
    const event = nextEvent(this.#outbox, this.#file?.kept ?? Number.POSITIVE_INFINITY, clock.now());
    if (event === undefined) return false;
    let taken = false;
    try {
      taken = link().publish(event.value, (error) => this.#settled(event.number, error));
    } finally {
      if (!taken) unsend(this.#outbox);
    }
    if (taken) sent(this.#trial, event.number, clock.now());
    return taken;
  }

  #settled(number: number, error: Error | undefined): void {
    const refused = isRefusal(error);
    if (error !== undefined && !refused) {
      this.#interrupted = true;
      unsend(this.#outbox);
      return;
    }
    answered(this.#trial, number);
    settleEvent(this.#outbox, number, refused);
    this.#tellFile();
    this.#send();
  }

  /** What was lost since it was told last: at once, and then once a minute. */
  #tellLost(): void {
    if (this.lost === this.#lostTold || this.#lostTimer !== undefined) return;
    const { expired, full, refused } = this.dropped;
    const { log, holding = "events" } = this.#options;
    const more = this.lost - this.#lostTold;
    this.#lostTold = this.lost;
    const sum = `${expired} too old, ${full} too many, ${refused} refused since the start`;
    log.warn(`${more} of the ${holding} that waited for the broker ${more === 1 ? "is" : "are"} lost (${sum})`, {
      event: "outbox-dropped",
      count: more,
    });
    this.#lostTimer = setTimeout(() => {
      this.#lostTimer = undefined;
      this.#tellLost();
    }, lostEvery).unref();
  }

  #tellFile(): void {
    this.#file?.done(doneBelow(this.#outbox));
    this.#tellRemoved();
  }

  #tellRemoved(): void {
    this.#tellLost();
    const { removed } = this.#outbox;
    this.#outbox.removed = [];
    for (const number of removed) this.#options.done?.(number);
  }
}
