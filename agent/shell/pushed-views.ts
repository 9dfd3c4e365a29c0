import type { Socket } from "node:net";
import { encode, type Push, type View } from "../protocol.ts";
import type { Log } from "./log.ts";

/** A control client, as somebody who looks. */
export interface Watcher {
  readonly socket: Socket;
  views: ReadonlySet<View>;
  /** The views in which something changed that this client was not told yet. */
  dirty: Set<View>;
}

export interface PushedViewsOptions {
  /** All who are connected. */
  watchers: ReadonlySet<Watcher>;
  /** The snapshot of a view. */
  read(view: View): unknown;
  log: Log;
}

export const allViews: readonly View[] = ["pins", "services", "host"];
/** Nothing tells when these change: they are read again and again while somebody looks. */
const polled: readonly View[] = ["services", "host"];
const pushEvery = 100;
const pollEvery = 2000;

/** Sends snapshots of what changes to those who look: the newest one only, to each as fast as it reads. */
export class PushedViews {
  readonly #options: PushedViewsOptions;
  readonly #reading = new Set<View>();
  #pushTimer: NodeJS.Timeout | undefined;
  #pollTimer: NodeJS.Timeout | undefined;
  #lastPush = 0;

  constructor(options: PushedViewsOptions) {
    this.#options = options;
  }

  /** From now on this client looks at these, and at nothing else. */
  watch(watcher: Watcher, views: readonly View[]): void {
    watcher.views = new Set(views);
    watcher.dirty = new Set(views);
    this.poll();
    this.schedule();
  }

  /** Something that a view shows has changed. */
  changed(view: View): void {
    let isNews = false;
    for (const { views, dirty } of this.#options.watchers) {
      if (!views.has(view) || dirty.has(view)) continue;
      dirty.add(view);
      isNews = true;
    }
    // This is asked with every event: who has it to come, or does not read, is seen to already.
    if (isNews) this.schedule();
  }

  /** To be called when somebody has gone: units and host are read only while somebody looks at them. */
  poll(): void {
    const watched = [...this.#options.watchers].some(({ views }) => polled.some((view) => views.has(view)));
    if (!watched) {
      clearInterval(this.#pollTimer);
      this.#pollTimer = undefined;
    } else
      this.#pollTimer ??= setInterval(() => {
        for (const view of polled) this.changed(view);
      }, pollEvery);
  }

  /** To be called when somebody can be written to again. */
  schedule(): void {
    if (this.#pushTimer || !allViews.some((view) => this.#readers(view).length > 0)) return;
    const wait = Math.max(0, this.#lastPush + pushEvery - performance.now());
    this.#pushTimer = setTimeout(() => {
      this.#pushTimer = undefined;
      this.#lastPush = performance.now();
      for (const view of allViews) void this.#push(view);
    }, wait);
  }

  stop(): void {
    clearTimeout(this.#pushTimer);
    clearInterval(this.#pollTimer);
  }

  /** Who waits for a view. One that does not read keeps its mark and gets the newest snapshot when it has drained. */
  #readers(view: View): Watcher[] {
    // A view that is being read is asked for again afterwards; the others do not wait for it.
    if (this.#reading.has(view)) return [];
    return [...this.#options.watchers].filter(({ dirty, socket }) => dirty.has(view) && !socket.writableNeedDrain);
  }

  async #push(view: View): Promise<void> {
    const readers = this.#readers(view);
    if (readers.length === 0) return;
    for (const { dirty } of readers) dirty.delete(view);
    this.#reading.add(view);
    try {
      const data = await this.#options.read(view);
      const snapshot = encode({ push: view, data } as Push);
      // Reading may have taken a while: who has gone or looks elsewhere by now gets nothing.
      for (const { views, socket } of readers) if (views.has(view) && socket.writable) socket.write(snapshot);
    } catch (error) {
      this.#options.log.error(`a view could not be read for the control clients: ${(error as Error).stack ?? String(error)}`);
    }
    this.#reading.delete(view);
    this.schedule();
  }
}
