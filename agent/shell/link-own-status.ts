import type { Listening } from "./link-listening.ts";
import type { Incoming, LinkOptions, Publication } from "./link-terms.ts";
import { type Paced, paced } from "./paced.ts";

/** The broker passes on what it has acknowledged within this time. */
const echoTimeout = 30_000;
/** Somebody may write to the status each time that it is said. */
const correctionEvery = 1_000;

type Options = Pick<LinkOptions, "echoTimeout" | "log" | "online" | "will"> & { asBridge: boolean };

/** What this node says of itself on its own topic, on one connection: whether that comes back, and what somebody else puts in its place. */
export class OwnStatus {
  readonly #options: Options;
  readonly #listening: Listening;
  readonly #publish: (online: Publication) => boolean;
  #saidOnline = false;
  /** What we have said on our own topic: a profile has more words there than `online`. */
  readonly #ownWords = new Set<string>();
  readonly #correction: Paced;
  /** What it corrects, for the log. */
  #wrong = "";
  #echoTimer: NodeJS.Timeout | undefined;
  /** Our own `online` has come back. */
  #echoed = false;

  /** `publish` is false when it cannot be said now. */
  constructor(options: Options, listening: Listening, publish: (online: Publication) => boolean) {
    this.#options = options;
    this.#listening = listening;
    this.#publish = publish;
    this.#correction = paced(() => this.#correct(), correctionEvery, { now: () => performance.now() });
  }

  /** `online` was acknowledged. */
  get isSaid(): boolean {
    return this.#saidOnline;
  }

  /** Before it is published: it may be a word of our own. */
  says({ topic, payload }: Publication): void {
    if (topic === this.#options.will?.topic) this.#ownWords.add(payload.toString());
  }

  /** `online` was acknowledged, and is to come back. */
  said(): void {
    this.#saidOnline = true;
    this.#awaitEcho();
  }

  /** False: it is about something else. */
  heard(message: Incoming): boolean {
    const { will, online } = this.#options;
    if (message.topic !== will?.topic) return false;
    const said = message.payload.toString();
    // What is retained there from before comes sooner.
    if (online && said === online.payload && this.#ownWords.has(said) && !this.#echoed) {
      this.#echoed = true;
      clearTimeout(this.#echoTimer);
      this.#listening.echoes(online.topic, true);
    }
    if (!online || !this.#saidOnline || this.#ownWords.has(said)) return true;
    // The will of the session that this one took over (MQTT 3.1.1) arrives after our own `online`; or somebody cleared what is retained.
    this.#wrong = said === will.payload ? "the broker said that this node is offline" : "somebody else wrote the status of this node";
    this.#correction.tell();
    return true;
  }

  /** Nothing is awaited or corrected any more. */
  stop(): void {
    clearTimeout(this.#echoTimer);
    this.#correction.stop();
  }

  /** With MQTT 3.1.1 a broker acknowledges also what its rules forbid. */
  #awaitEcho(): void {
    const { asBridge, online, echoTimeout: patience = echoTimeout } = this.#options;
    if (this.#echoed || asBridge || !online) return;
    this.#echoTimer = setTimeout(() => this.#listening.echoes(online.topic, false), patience);
  }

  /** Whether `online` could be said again. */
  #correct(): boolean {
    const { log, online } = this.#options;
    if (!online || !this.#publish(online)) return false;
    log.info(`${this.#wrong}: saying online again`, { topic: online.topic });
    return true;
  }
}
