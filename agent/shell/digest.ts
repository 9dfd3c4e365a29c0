/** What of one key was not told one by one. */
export interface Summary<T> {
  /** How many, by word: `press` → 60. */
  words: ReadonlyMap<string, number>;
  count: number;
  /** The newest of them. */
  last: T;
  /** Since the first of its minute, those told included; ms. */
  lasted: number;
}

export interface DigestOptions<T> {
  /** So many of each key within a minute are told one by one. */
  most: number;
  /** Monotonic milliseconds. */
  now(): number;
  tell(entry: T): void;
  /** The minute is over, and more came than were told. */
  sum(summary: Summary<T>): void;
}

interface Minute<T> {
  since: number;
  told: number;
  words: Map<string, number>;
  last: T | undefined;
  timer: NodeJS.Timeout;
}

const minute = 60_000;
/** Keys that strangers make up must not fill the memory; those beyond it share one. */
const maxKeys = 4096;

/** Bounds how much is told of one thing: the first of a minute one by one, how many more there were at the end of it. */
export class Digest<T> {
  readonly #options: DigestOptions<T>;
  readonly #minutes = new Map<string, Minute<T>>();

  constructor(options: DigestOptions<T>) {
    this.#options = options;
  }

  /** `word` = by what they are counted. */
  take(key: string, word: string, entry: T): void {
    const { most, now, tell } = this.#options;
    const known = this.#minutes.has(key) || this.#minutes.size < maxKeys ? key : "";
    let current = this.#minutes.get(known);
    if (current === undefined) {
      const timer = setTimeout(() => this.end(known), minute).unref();
      current = { since: now(), told: 0, words: new Map(), last: undefined, timer };
      this.#minutes.set(known, current);
    }
    if (current.told < most) {
      current.told++;
      tell(entry);
      return;
    }
    current.words.set(word, (current.words.get(word) ?? 0) + 1);
    current.last = entry;
  }

  /** Every minute ends now. */
  flush(): void {
    for (const key of [...this.#minutes.keys()]) this.end(key);
  }

  /** The minute of this key ends now. */
  end(key: string): void {
    const ended = this.#minutes.get(key);
    if (ended === undefined) return;
    clearTimeout(ended.timer);
    this.#minutes.delete(key);
    const { words, last, since } = ended;
    if (last === undefined) return;
    const count = [...words.values()].reduce((sum, times) => sum + times, 0);
    this.#options.sum({ words, count, last, lasted: this.#options.now() - since });
  }
}
