import type { ChaosLink, Transport } from "./chaos-link.ts";
import { type ChaosRules, letsIn, may } from "./chaos-rules.ts";
import type { Message } from "./wire.ts";

/** Time goes on by one with each thing that is done; what the broker does meanwhile is of that moment. */
export class Moments {
  readonly #rules: ChaosRules[] = [];
  readonly #owners: (readonly (string | undefined)[])[] = [];

  get now(): number {
    return this.#rules.length - 1;
  }
  get rules(): ChaosRules {
    return this.#rules.at(-1) as ChaosRules;
  }
  /** Whose the session of the keeper may be. */
  get owners(): readonly (string | undefined)[] {
    return this.#owners.at(-1) ?? [];
  }

  next(rules: ChaosRules, owners: readonly (string | undefined)[]): void {
    this.#rules.push(rules);
    this.#owners.push(owners);
  }

  /** At one moment at least of these, both included. */
  some(from: number, to: number, holds: (rules: ChaosRules, owners: readonly (string | undefined)[]) => boolean): boolean {
    for (let at = from; at <= to; at++) if (holds(this.#rules[at] as ChaosRules, this.#owners[at] ?? [])) return true;
    return false;
  }
  every(from: number, to: number, holds: (rules: ChaosRules, owners: readonly (string | undefined)[]) => boolean): boolean {
    return !this.some(from, to, (rules, owners) => !holds(rules, owners));
  }
}

/** What somebody published. */
export interface Said {
  key: string;
  topic: string;
  qos: number;
  by: string | undefined;
  at: number;
  /** When it was acknowledged. */
  taken?: number;
  /** When it had come to who hears everything; by then it is in the sessions. */
  heard?: number;
}

export interface Caller {
  id: string;
  transport: Transport;
  user?: string | undefined;
  word?: string;
  /** Says nothing more, and has a keep alive of a second. */
  silent?: boolean;
  /** With QoS; default: none. */
  filters?: readonly (readonly [string, number])[];
  clean?: boolean;
}

/** One connection of a member, and what is known of it. */
export class Visit {
  readonly link: ChaosLink;
  readonly user: string | undefined;
  readonly word: string;
  readonly silent: boolean;
  readonly since: number;
  readonly subscribes: boolean;
  /** It has a session. */
  readonly keeps: boolean;
  /** From when on its subscription holds. */
  subscribed: number | undefined;
  /** Whether it has to find a session, if that is known. */
  session: boolean | undefined;
  /** How and when it ended, or was ended. */
  end: "bye" | "cut" | "expelled" | undefined;
  endedAt = 0;
  /** It cannot be said what the broker knew first. */
  unsure = false;
  /** By moments, from the first one on. */
  readonly #counts: number[] = [];
  readonly #moments: Moments;

  constructor(moments: Moments, link: ChaosLink, { user, word = "", silent = false, filters = [], clean = true }: Caller) {
    [this.#moments, this.link, this.user, this.word, this.silent] = [moments, link, user, word, silent];
    this.subscribes = filters.length > 0;
    this.keeps = !clean;
    this.since = moments.now;
  }

  /** A moment is over. */
  tick(): void {
    this.#counts.push(this.link.messages.length);
    if (this.subscribes && this.link.letIn && this.link.owed.size === 0) this.subscribed ??= this.#moments.now;
  }

  /** At the latest. */
  cameAt(message: Message): number {
    const index = this.link.messages.indexOf(message);
    const moment = this.#counts.findIndex((count) => count > index);
    return moment < 0 ? this.#moments.now : this.since + moment;
  }

  /** Everybody whom these rules do not let in has to go. */
  judge(rules: ChaosRules): void {
    if (letsIn(rules, this.user, this.word)) return;
    const { link } = this;
    // Who has left by then may have been ended before that was heard.
    if (this.end) this.unsure ||= this.end === "bye";
    else if (!link.letIn) this.unsure ||= !link.isClosed;
    else if (!this.unsure) {
      this.over("expelled");
      link.left = true;
    }
  }

  over(end: "bye" | "cut" | "expelled"): void {
    this.end = end;
    // Somebody else may have taken its name before.
    if (!this.unsure) this.endedAt = this.#moments.now;
  }

  /** Since it came; and at one moment at least. */
  get isWelcome(): boolean {
    return this.#moments.every(this.since, this.#moments.now, (rules) => letsIn(rules, this.user, this.word));
  }
  get wasWelcome(): boolean {
    return this.#moments.some(this.since, this.#moments.now, (rules) => letsIn(rules, this.user, this.word));
  }

  mayRead(topic: string, from: number, to = this.#moments.now): boolean {
    return this.#moments.every(from, to, (rules) => may(rules, this.user, "read", topic));
  }
}
