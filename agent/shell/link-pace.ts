import type { Publication } from "./link-terms.ts";

/** Attributes of one output leave at most this often. */
const pause = 100;

/**
 * States with QoS 0 that change fast: of each topic the first goes at once, and what comes within a tenth of a second waits for the end of
 * it, the newest in place of the others. Nobody reads them faster, and without this they would take as long as the states themselves.
 */
export class Pace {
  readonly #write: (publication: Publication) => void;
  readonly #last = new Map<string, number>();
  readonly #waiting = new Map<string, Publication>();
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (publication: Publication) => void) {
    this.#write = write;
  }

  /** True when it waits here now. */
  holds(publication: Publication): boolean {
    const now = performance.now();
    const last = this.#last.get(publication.topic);
    if (last === undefined || now - last >= pause) {
      this.#last.set(publication.topic, now);
      return false;
    }
    this.#waiting.set(publication.topic, publication);
    this.#timer ??= setTimeout(() => this.flush(), pause);
    return true;
  }

  /** Something else is said there. */
  forget(topic: string): void {
    this.#waiting.delete(topic);
  }

  /** Everything that waits, now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = performance.now();
    const publications = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const publication of publications) {
      this.#last.set(publication.topic, now);
      this.#write(publication);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }
}
