import { Pace } from "./link-pace.ts";
import type { Publication } from "./link-terms.ts";

export interface WindowOptions {
  /** QoS 1 publications that may wait for their PUBACK: the broker's receive maximum, which it enforces by disconnecting. */
  inFlight: number;
  /** Publications that may wait behind them. */
  waiting: number;
  /** Writes to the broker; `done` on PUBACK for QoS 1, at once for QoS 0. */
  write(publication: Publication, done: (error: Error | undefined) => void): void;
  /** How long a PUBACK may take, in ms; then `overdue` is called. */
  patience: number;
  overdue(): void;
  /** True while the socket buffers too much; call `pump` when that has ended. */
  congested(): boolean;
  /** A newer state took the place of one that waited. */
  replaced?(): void;
}

interface Entry {
  publication: Publication;
  settled: ((error: Error | undefined) => void) | undefined;
  /** When it was written. */
  at: number;
}

/**
 * Keeps what is sent on one connection in order and within the broker's and our own bounds. A state that waits is replaced
 * by its newer value, in its old place: moved to the end, a value that changes fast would never be sent.
 */
export class PublishWindow {
  readonly #options: WindowOptions;
  #waiting: Entry[] = [];
  /** Goes when nothing else waits, and takes a share of the places, so that what is new finds one at once. */
  readonly #history: Entry[] = [];
  readonly #share: number;
  #historyInFlight = 0;
  #pumping = false;
  readonly #states = new Map<string, Entry>();
  /** In the order in which they were written. No set: V8 keeps what was in one that grows and shrinks until it collects all of its memory. */
  #inFlight: Entry[] = [];
  readonly #pace: Pace;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WindowOptions) {
    this.#options = options;
    this.#pace = new Pace((publication) => this.#take(publication, undefined), options.replaced);
    this.#share = Math.max(1, Math.floor(options.inFlight / 4));
  }

  /** Neither waiting nor unacknowledged. */
  get empty(): boolean {
    return this.#inFlight.length === 0 && this.#waiting.length === 0 && this.#history.length === 0;
  }

  /**
   * False when too much waits; never for a state, and never with `settled`, whose caller bounds what it sends.
   * `settled` is called once: on PUBACK, when written with QoS 0, when a newer value took the place, or by `abandon`.
   */
  push(publication: Publication, settled?: (error: Error | undefined) => void): boolean {
    if (publication.kind === "history") {
      this.#history.push({ publication, settled, at: 0 });
      this.pump();
      return true;
    }
    if (publication.kind === "state") {
      if (publication.qos === 0 && settled === undefined) {
        this.#pace.add(publication);
        return true;
      }
      this.#pace.forget(publication.topic);
    }
    return this.#take(publication, settled);
  }

  #take(publication: Publication, settled: Entry["settled"]): boolean {
    const state = publication.kind === "state";
    if (state) {
      const older = this.#states.get(publication.topic);
      if (older) {
        older.settled?.(undefined);
        this.#options.replaced?.();
        older.publication = publication;
        older.settled = settled;
        return true;
      }
    } else if (settled === undefined && this.#waiting.length >= this.#options.waiting) return false;
    const entry = { publication, settled, at: 0 };
    if (this.#waiting.length === 0 && this.#open(publication)) {
      this.#write(entry);
      return true;
    }
    this.#waiting.push(entry);
    if (state) this.#states.set(publication.topic, entry);
    return true;
  }

  /** Sends what may be sent now. */
  pump(): void {
    // A write may fail at once and call back in here: of many in a row each would go one deeper.
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let entry = this.#next(); entry; entry = this.#next()) this.#write(entry);
    } finally {
      this.#pumping = false;
    }
  }

  /** What may be written next, off its list. */
  #next(): Entry | undefined {
    const [first] = this.#waiting;
    if (first) {
      if (!this.#open(first.publication)) return undefined;
      this.#states.delete(first.publication.topic);
      return this.#waiting.shift();
    }
    const [old] = this.#history;
    return old && this.#openToHistory(old.publication) ? this.#history.shift() : undefined;
  }

  /** What was held back for its pace goes now. */
  flush(): void {
    this.#pace.flush();
  }

  /** The connection has ended: nothing is written any more, and whoever waits is told. */
  abandon(error: Error): void {
    clearTimeout(this.#timer);
    this.#pace.stop();
    const entries = [...this.#inFlight, ...this.#waiting, ...this.#history.splice(0)];
    this.#inFlight = [];
    this.#waiting = [];
    this.#states.clear();
    for (const { settled } of entries) settled?.(error);
  }

  /** One timer for all: it looks at the oldest, and rests when nothing is in flight. */
  #watch(): void {
    const [oldest] = this.#inFlight;
    if (oldest === undefined || this.#timer !== undefined) return;
    const { patience, overdue } = this.#options;
    const left = oldest.at + patience - performance.now();
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        const [still] = this.#inFlight;
        if (still !== undefined && performance.now() >= still.at + patience) overdue();
        else this.#watch();
      },
      Math.max(1, left),
    );
  }

  #open(publication: Publication): boolean {
    if (this.#options.congested()) return false;
    return publication.qos === 0 || this.#inFlight.length < this.#options.inFlight;
  }

  #openToHistory(publication: Publication): boolean {
    return this.#historyInFlight < this.#share && this.#open(publication);
  }

  #write(entry: Entry): void {
    const { publication, settled } = entry;
    if (publication.qos === 0) {
      this.#options.write(publication, () => undefined);
      settled?.(undefined);
      return;
    }
    const places = publication.kind === "history" ? 1 : 0;
    this.#historyInFlight += places;
    entry.at = performance.now();
    this.#inFlight.push(entry);
    this.#watch();
    this.#options.write(publication, (error) => {
      const place = this.#inFlight.indexOf(entry);
      if (place < 0) return;
      this.#inFlight.splice(place, 1);
      this.#historyInFlight -= places;
      settled?.(error);
      this.pump();
    });
  }
}
