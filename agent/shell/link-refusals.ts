/** Of more topics only the number is of interest. */
const maxTopics = 256;

/** Topics whose newest publication the broker refused (PUBACK with a failure code, MQTT 5). */
export class Refusals {
  readonly #topics = new Map<string, string>();
  #count = 0;

  /** Returns how many there were since all was well. */
  refused(topic: string, why: string): number {
    if (this.#topics.has(topic) || this.#topics.size < maxTopics) this.#topics.set(topic, why);
    this.#count += 1;
    return this.#count;
  }

  /** The broker has taken what was published there. True when it had refused it before. */
  accepted(topic: string): boolean {
    if (!this.#topics.delete(topic)) return false;
    if (this.#topics.size === 0) this.#count = 0;
    return true;
  }

  clear(): void {
    this.#topics.clear();
    this.#count = 0;
  }

  /** What is refused now, for people; null when nothing is. */
  get sentence(): string | null {
    const [first] = this.#topics;
    if (first === undefined) return null;
    const others = this.#topics.size - 1;
    const more = others === 0 ? "" : ` and ${others} other${others === 1 ? "" : "s"}`;
    return `${refusalOf(...first)}${more === "" ? "" : ` (this topic${more})`}`;
  }
}

/** One refused publication in words. */
export function refusalOf(topic: string, why: string): string {
  return `the broker refuses the publication of ${topic} (${why}): ${cureOf(why)}`;
}

function cureOf(why: string): string {
  if (why.startsWith("larger") || why === "code 0x95") return "raise the limit of the broker, or publish less in one payload";
  return why === "code 0x97" ? "raise the quota of this client" : "allow this client to publish there";
}
