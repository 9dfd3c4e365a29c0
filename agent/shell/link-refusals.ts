import type { LinkOptions, Publication } from "./link-terms.ts";

/** Of more topics, and of answers, only the number is of interest. */
const maxTopics = 256;
const byOwnRules = "broker.acl_file, user ";

/** Why the broker in this process would drop what is published to a topic; undefined when it would not, and of every other broker. */
export function objectionOf({ server, clientId }: Pick<LinkOptions, "server" | "clientId">): (topic: string) => string | undefined {
  return (topic) => (server.mayPublish?.(topic, clientId) === false ? `${byOwnRules}${server.username}` : undefined);
}

/** After so long without another refusal one is of no interest any more, in ms. */
const maxAge = 600_000;
const lookEvery = 60_000;

export interface RefusalsOptions {
  /** Whether something is retained there as things are now: then it is missing at the broker, however long ago it was refused. */
  isRetained(topic: string): boolean;
  /** Time has changed `sentence`. */
  changed(): void;
}

interface Refusal {
  why: string;
  times: number;
  /** Monotonic, ms. */
  at: number;
}

/** Topics whose newest publication the broker refused (PUBACK with a failure code, MQTT 5), or would drop by rules that are known here. */
export class Refusals {
  readonly #options: RefusalsOptions;
  readonly #topics = new Map<string, Refusal>();
  #unnamed = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** Returns how many times in a row it was this topic; of answers, and beyond the bound, how many it was of all of them. */
  refused({ topic, kind }: Pick<Publication, "topic" | "kind">, why: string): number {
    const known = this.#topics.get(topic);
    // Where an answer goes was chosen by whoever sent the command: that says nothing of this node.
    if (kind === "answer" || (!known && this.#topics.size >= maxTopics)) return ++this.#unnamed;
    const times = (known?.times ?? 0) + 1;
    this.#topics.set(topic, { why, times, at: performance.now() });
    this.#timer ??= setInterval(() => this.#forgetOld(), lookEvery);
    return times;
  }

  /** The broker has taken what was published there. True when it had refused it before. */
  accepted(topic: string): boolean {
    const known = this.#topics.delete(topic);
    if (known && this.#topics.size === 0) this.clear();
    return known;
  }

  clear(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#topics.clear();
    this.#unnamed = 0;
  }

  /** What is refused now, for people; null when nothing is. */
  get sentence(): string | null {
    const [first] = this.#topics;
    if (first === undefined) return null;
    const [topic, { why }] = first;
    const others = this.#topics.size - 1;
    const more = others === 0 ? "" : ` (this topic and ${others} other${others === 1 ? "" : "s"})`;
    return `${refusalOf(topic, why)}${more}`;
  }

  #forgetOld(): void {
    const oldest = performance.now() - maxAge;
    const old = [...this.#topics].filter(([topic, { at }]) => at <= oldest && !this.#options.isRetained(topic));
    for (const [topic] of old) this.accepted(topic);
    if (old.length > 0) this.#options.changed();
  }
}

/** One refused publication in words. */
export function refusalOf(topic: string, why: string): string {
  return `the broker refuses the publication of ${topic} (${why}): ${cureOf(topic, why)}`;
}

function cureOf(topic: string, why: string): string {
  if (why.startsWith(byOwnRules)) return `add \`topic write ${topic}\` for that user there, and no deny for it`;
  if (why.startsWith("larger") || why === "code 0x95") return "raise the limit of the broker, or publish less in one payload";
  return why === "code 0x97" ? "raise the quota of this client" : "allow this client to publish there";
}
