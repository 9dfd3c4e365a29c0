import type { Clock } from "./clock.ts";

/** One place in the heap. */
interface Entry<K> {
  readonly key: K;
  at: number;
  order: number;
  /** When it is due by now: not before its place says. */
  due: number;
  dueOrder: number;
}

/** Deadlines are taken for so long, ms; then the loop looks for edges, and the others have to wait. */
const turn = 1;

/**
 * All deadlines on one kernel timer: a heap by time, and one setTimeout for the earliest. A key has one deadline;
 * setting it again replaces it. Replaced entries stay in the heap until they come up or are most of it; one that is put off,
 * as that of a reading is with each new one, until then only notes it.
 */
export class Timers<K extends string> {
  readonly #clock: Clock;
  readonly #due: (key: K, at: number) => void;
  readonly #heap: Entry<K>[] = [];
  readonly #current = new Map<K, Entry<K>>();
  #order = 0;
  #timeout: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  /** When the loop began to look for edges. */
  #until = Number.NEGATIVE_INFINITY;
  #armedFor = Number.POSITIVE_INFINITY;
  #lag = 0;

  constructor(clock: Clock, due: (key: K, at: number) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  /** Every running timer with its time. */
  get pending(): Iterable<readonly [K, number]> {
    return [...this.#current].map(([key, { due }]) => [key, due]);
  }

  /** How late the kernel timer came at most since this was last asked, ms: so long was the event loop busy with something else. */
  takeLag(): number {
    const lag = this.#lag;
    this.#lag = 0;
    return lag;
  }

  start(key: K, at: number): void {
    const order = this.#order++;
    const current = this.#current.get(key);
    if (current !== undefined && current.at <= at) {
      current.due = at;
      current.dueOrder = order;
      return;
    }
    const entry = { key, at, order, due: at, dueOrder: order };
    this.#current.set(key, entry);
    if (this.#heap.length > 2 * this.#current.size + 64) this.#compact();
    else this.#push(entry);
    if (at < this.#armedFor) this.#arm();
  }

  stop(key: K): void {
    this.#current.delete(key);
    if (this.#current.size === 0) this.close();
  }

  close(): void {
    clearTimeout(this.#timeout);
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#heap.length = 0;
    this.#current.clear();
  }

  #arm(): void {
    clearTimeout(this.#timeout);
    const first = this.#heap[0];
    this.#armedFor = first?.at ?? Number.POSITIVE_INFINITY;
    if (!first) return;
    // setTimeout rounds down to whole ms: one more, or a deadline would come up before its time and be set again.
    const now = this.#clock.now();
    const wait = Math.min(Math.max(1, Math.ceil(first.at - now)), 0x7fffffff);
    // A loop that was busy finds the deadline and the edges before it at once, and runs timers first: an immediate comes
    // after the edges, so that a release before the hold time stays a click.
    this.#timeout = setTimeout(() => {
      this.#until = this.#clock.now();
      this.#lag = Math.max(this.#lag, this.#until - now - wait);
      this.#immediate ??= setImmediate(() => this.#run());
    }, wait);
  }

  /**
   * Takes what was due before the loop looked for edges. What comes due while others are taken waits until it has looked again, and so do they when they
   * take long.
   */
  #run(): void {
    this.#immediate = undefined;
    // What is started meanwhile is armed at the end.
    this.#armedFor = Number.NEGATIVE_INFINITY;
    const began = this.#clock.now();
    let took = 0;
    for (let first = this.#heap[0]; first && first.at <= this.#until; first = this.#heap[0]) {
      if (took > turn) {
        this.#until = began + took;
        this.#immediate = setImmediate(() => this.#run());
        return;
      }
      this.#pop();
      if (this.#current.get(first.key) !== first) continue;
      if (first.dueOrder !== first.order) {
        this.#push(first);
        continue;
      }
      this.#current.delete(first.key);
      this.#due(first.key, first.at);
      took = this.#clock.now() - began;
    }
    this.#arm();
  }

  #compact(): void {
    this.#heap.length = 0;
    for (const entry of this.#current.values()) this.#push(entry);
  }

  /** By the time at which it is due by now. */
  #push(entry: Entry<K>): void {
    entry.at = entry.due;
    entry.order = entry.dueOrder;
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent])) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (heap.length === 0 || !last) return;
    heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (before(heap[child], heap[least])) least = child;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    const [first, second] = [heap[a], heap[b]];
    if (first && second) {
      heap[a] = second;
      heap[b] = first;
    }
  }
}

function before(a: { at: number; order: number } | undefined, b: { at: number; order: number } | undefined): boolean {
  if (!a || !b) return a !== undefined;
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
