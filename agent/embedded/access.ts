import { randomBytes, timingSafeEqual } from "node:crypto";
import { isPassword, type PasswordFile, type PasswordHash } from "./password-file.ts";

/** Who may connect. */
export interface AccessRules {
  /** Whether those may who name no user; an empty name is none. */
  anonymous: boolean;
  /** Null when nobody is listed at all: then any user and password are as good as none. */
  users: PasswordFile["users"] | null;
}

/** So many passwords are checked at a time; a flood of wrong ones must leave room for the rest of the process. */
const maxChecks = 2;
const maxWaiting = 100;

/** Somebody whose password is compared when the user does not exist, so that the time tells nothing. */
const nobody: PasswordHash = { kind: "pbkdf2", iterations: 1000, salt: Buffer.alloc(12), hash: Buffer.alloc(64) };

/** `busy` = too many ask at the same time; `own` = the agent itself. */
export type Verdict = "own" | "yes" | "no" | "busy";

/** The door of the built-in broker. */
export class Access {
  /** The agent's own client: made anew at each start, and known to nobody else. */
  readonly own = { username: "pinbus-agent", password: randomBytes(24).toString("base64url") };
  #rules: AccessRules;
  #checks = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(rules: AccessRules) {
    this.#rules = rules;
  }

  /** From now on. */
  set rules(rules: AccessRules) {
    this.#rules = rules;
  }

  /** Whether somebody may connect. */
  async lets(username: string | undefined, password: Buffer | undefined): Promise<Verdict> {
    const given = password ?? Buffer.alloc(0);
    if (username === this.own.username && same(given, Buffer.from(this.own.password))) return "own";
    const { anonymous, users } = this.#rules;
    if (username === undefined || username === "" || users === null) return anonymous ? "yes" : "no";
    if (this.#checks >= maxChecks) {
      if (this.#waiting.length >= maxWaiting) return "busy";
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#checks++;
    try {
      const hash = users.get(username);
      const right = await isPassword(hash ?? nobody, given);
      // The user may have been removed meanwhile.
      return right && hash !== undefined && this.keeps(username) ? "yes" : "no";
    } finally {
      this.#checks--;
      this.#waiting.shift()?.();
    }
  }

  /** Whether somebody who was let in as this user may stay. */
  keeps(username: string | undefined): boolean {
    const { anonymous, users } = this.#rules;
    return username === undefined || username === "" || users === null ? anonymous : users.has(username);
  }
}

function same(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
