import type { Publication } from "./link-terms.ts";

/** In ms. */
const pause = 100;

/**
 * States with QoS 0, which tell about other states: they go at the end of the turn, so that nothing waits for their text, and of what
 * changes within a tenth of a second only the newest. Nobody reads them faster, and under load they would cost as much as the states.
 */
export class Pace {
  readonly #write: (publication: Publication) => void;
  readonly #replaced: (() => void) | undefined;
  readonly #last = new Map<string, number>();
  #waiting = new Map<string, Publication>();
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  /** `replaced` = told when a newer state takes the place of one that waits. */
  constructor(write: (publication: Publication) => void, replaced?: () => void) {
    this.#write = write;
    this.#replaced = replaced;
  }

  /** Takes the place of what waits for its topic. */
  add(publication: Publication): void {
    const { topic } = publication;
    if (this.#waiting.has(topic)) this.#replaced?.();
    this.#waiting.set(topic, publication);
    const last = this.#last.get(topic) ?? Number.NEGATIVE_INFINITY;
    if (performance.now() - last >= pause) this.#turn ??= setImmediate(() => this.flush());
    else this.#timer ??= setTimeout(() => this.flush(), pause);
  }

  /** Something else is said there. */
  forget(topic: string): void {
    if (this.#waiting.delete(topic)) this.#replaced?.();
  }

  /** Everything that waits, now. */
  flush(): void {
    this.#rest();
    const now = performance.now();
    const publications = this.#waiting;
    // Another map, not the same one emptied: of that V8 keeps what was in it, each table by the one before, until it collects all of its memory.
    this.#waiting = new Map();
    for (const publication of publications.values()) {
      this.#last.set(publication.topic, now);
      this.#write(publication);
    }
  }

  /** What waits is dropped. */
  stop(): void {
    this.#rest();
    this.#waiting.clear();
  }

  #rest(): void {
    clearImmediate(this.#turn);
    clearTimeout(this.#timer);
    this.#turn = undefined;
    this.#timer = undefined;
  }
}
