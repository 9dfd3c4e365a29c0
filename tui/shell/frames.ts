/** A frame for a key comes within this. */
const keyMs = 16;
const dataMs = 100;
const unfocusedMs = 1_000;
/** The painter may use one part in eight of a core. */
const costFactor = 7;
const ackTimeoutMs = 5_000;
/** Of a shorter time the number of frames says little. */
const leastCounted = 900;
/** From this round trip on two frames may be under way, or a slow but fat link would idle. */
const longRttMs = 100;

export interface FramesOptions {
  /** Draws one frame; returns false when nothing visible had changed and nothing was written. */
  paint(): boolean;
  /** Asks the terminal to answer after what was written so far. */
  probe(): void;
  /** Bytes wait for the terminal; `drained()` will be called when they are gone. */
  pending(): boolean;
  now?: (() => number) | undefined;
}

/**
 * The one frame timer. Requests coalesce: a key draws within 16 ms, data at most ten times a second and less when frames are
 * expensive or the terminal is out of focus. No frame starts while the terminal has not taken, or not acknowledged, the
 * one before: what it would show would be old when it arrives.
 */
export class Frames {
  readonly #options: FramesOptions;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;
  #wanted: "no" | "data" | "urgent" = "no";
  #last = Number.NEGATIVE_INFINITY;
  #cost = 0;
  #running = false;
  #focused = true;
  /** When each unanswered probe was sent. */
  #sent: number[] = [];
  #ackTimer: NodeJS.Timeout | undefined;
  #acks: "unknown" | "yes" | "no" = "unknown";
  #rtt = 0;
  #painted = 0;
  #counted: { at: number; painted: number; perSecond: number | null } | undefined;

  constructor(options: FramesOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Round trip of the last acknowledged frame; 0 before the first. */
  get rttMs(): number {
    return this.#rtt;
  }

  /** Frames in the last second; null before the first one is over. Ask about once a second. */
  get perSecond(): number | null {
    const now = this.#now();
    const { at, painted, perSecond } = this.#counted ?? { at: now, painted: this.#painted, perSecond: null };
    const passed = now - at;
    if (this.#counted !== undefined && passed < leastCounted) return perSecond;
    const known = passed > 0 ? ((this.#painted - painted) * 1000) / passed : null;
    this.#counted = { at: now, painted: this.#painted, perSecond: known };
    return known;
  }

  start(): void {
    this.#running = true;
    this.#sent = [];
    this.#schedule();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
    clearTimeout(this.#ackTimer);
    this.#due = Number.POSITIVE_INFINITY;
  }

  request(urgent: boolean): void {
    if (urgent) this.#wanted = "urgent";
    else if (this.#wanted === "no") this.#wanted = "data";
    this.#schedule();
  }

  focus(focused: boolean): void {
    this.#focused = focused;
    if (focused) this.request(true);
  }

  ack(): void {
    this.#acks = "yes";
    const sent = this.#sent.shift();
    if (sent !== undefined) this.#rtt = this.#now() - sent;
    this.#watchAck();
    this.#schedule();
  }

  drained(): void {
    this.#schedule();
  }

  get #held(): boolean {
    if (this.#options.pending()) return true;
    return this.#sent.length >= (this.#rtt > longRttMs ? 2 : 1);
  }

  #schedule(): void {
    if (!this.#running || this.#wanted === "no" || this.#held) return;
    const pace = this.#wanted === "urgent" ? keyMs : Math.max(this.#focused ? dataMs : unfocusedMs, this.#cost * costFactor);
    const now = this.#now();
    const due = Math.max(now, this.#last + pace);
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#draw(), due - now);
  }

  #draw(): void {
    this.#due = Number.POSITIVE_INFINITY;
    if (!this.#running || this.#held) return;
    const start = this.#now();
    this.#wanted = "no";
    const wrote = this.#options.paint();
    this.#painted += 1;
    this.#last = this.#now();
    this.#cost = this.#last - start;
    if (wrote && this.#acks !== "no") {
      this.#options.probe();
      this.#sent.push(this.#last);
      this.#watchAck();
    }
    this.#schedule();
  }

  #watchAck(): void {
    clearTimeout(this.#ackTimer);
    if (this.#sent.length > 0) this.#ackTimer = setTimeout(() => this.#ackMissing(), ackTimeoutMs);
  }

  #ackMissing(): void {
    // A question that the terminal has not taken yet can not have an answer.
    if (this.#options.pending()) {
      this.#watchAck();
      return;
    }
    // A terminal that never answered does not know the question; one that did is stalled, and gets one frame per timeout.
    if (this.#acks === "unknown") this.#acks = "no";
    this.#sent = [];
    this.#schedule();
  }
}
