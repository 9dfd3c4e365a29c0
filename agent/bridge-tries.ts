import { keyOf } from "./embedded/bridge-port.ts";

/** So often is a message tried. */
const maxTries = 3;
/** Of so many: however much a central broker sends that cannot be published here, the connection stays in the end. */
const maxTried = 10;

/** What came from the central broker and could not be published here. */
export class BridgeTries {
  readonly #tried = new Map<string, number>();

  /** Whether it is worth another try. */
  failed(topic: string, payload: Buffer): boolean {
    const key = keyOf(topic, payload);
    const times = (this.#tried.get(key) ?? 0) + 1;
    if (times === 1 && this.#tried.size >= maxTried) return false;
    this.#tried.set(key, times);
    return times < maxTries;
  }

  succeeded(topic: string, payload: Buffer): void {
    if (this.#tried.size > 0) this.#tried.delete(keyOf(topic, payload));
  }
}
