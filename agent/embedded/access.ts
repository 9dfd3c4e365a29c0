import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Acl } from "./acl.ts";
import { isPassword, type PasswordFile, type PasswordHash, sameHash, spend } from "./password-file.ts";

/** Who may connect. */
export interface AccessRules {
  /** Whether those may who name no user; an empty name is none. */
  anonymous: boolean;
  /** Null when nobody is listed at all: then any user and password are as good as none. */
  users: PasswordFile["users"] | null;
  /** What they may do; undefined: everything. */
  acl?: Acl | undefined;
}

/** So many passwords are checked at a time; a flood of wrong ones must leave room for the rest of the process. */
const maxChecks = 2;
const maxWaiting = 100;

/**
 * `busy` = too many ask at the same time; `guesses` = too many wrong passwords came from there; `own` = the agent itself; `terminal` = a person
 * to whom the agent told how.
 */
export type Verdict = "own" | "terminal" | "yes" | "no" | "busy" | "guesses";

/** A user whose password is made anew at each start of the agent. */
export interface OwnUser {
  username: string;
  password: string;
}

/** By which rules know the agent itself. */
export const agentUser = "pinbus-agent";

/** The door of the built-in broker. */
export class Access {
  /** The agent's own client: known to nobody else. */
  readonly own: OwnUser;
  /** For who may operate: told on that control socket, and nowhere else. */
  readonly terminal: OwnUser;
  #rules: AccessRules;
  #checks = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(rules: AccessRules, own = newUser(agentUser), terminal = newUser("pinbus-terminal")) {
    this.#rules = rules;
    this.own = own;
    this.terminal = terminal;
  }

  get rules(): AccessRules {
    return this.#rules;
  }

  /** From now on. */
  set rules(rules: AccessRules) {
    this.#rules = rules;
  }

  /** Whether who names no user may connect. */
  get anonymous(): boolean {
    return this.#rules.anonymous;
  }

  /** What they may do who are in. */
  get acl(): Acl | undefined {
    return this.#rules.acl;
  }

  /** Whether somebody may connect; `guesses` counts the wrong passwords from where he asks. */
  async lets(username: string | undefined, password: Buffer | undefined, guesses?: { full(): boolean; count(): void }): Promise<Verdict> {
    const given = password ?? Buffer.alloc(0);
    if (isUser(this.own, username, given)) return "own";
    if (isUser(this.terminal, username, given)) return "terminal";
    const { anonymous, users } = this.#rules;
    if (username === undefined || username === "" || users === null) return anonymous ? "yes" : "no";
    if (this.#checks >= maxChecks) {
      if (this.#waiting.length >= maxWaiting) return "busy";
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#checks++;
    try {
      // Without a look at the password: else a right guess would be told from a wrong one.
      if (guesses?.full()) return "guesses";
      const hash = users.get(username);
      const right = hash !== undefined && (await isPassword(hash, given));
      // As long as for the slowest of them: the time tells neither who is listed nor how.
      const slowest = Math.max(1, ...Array.from(users.values(), ({ iterations }) => iterations));
      await spend(slowest - (hash?.iterations ?? 0));
      // The user may have been removed meanwhile, or have got another password.
      if (right && this.keeps(username, hash)) return "yes";
      guesses?.count();
      return "no";
    } finally {
      this.#checks--;
      this.#waiting.shift()?.();
    }
  }

  /** What this user has to know now; to be remembered with whoever was let in. */
  hashOf(username: string | undefined): PasswordHash | undefined {
    return username === undefined ? undefined : this.#rules.users?.get(username);
  }

  /** Whether somebody who was let in as this user, by this password, may stay. */
  keeps(username: string | undefined, hash: PasswordHash | undefined): boolean {
    const { anonymous, users } = this.#rules;
    if (username === undefined || username === "" || users === null) return anonymous;
    const now = users.get(username);
    return now !== undefined && hash !== undefined && sameHash(now, hash);
  }
}

function newUser(username: string): OwnUser {
  return { username, password: randomBytes(24).toString("base64url") };
}

function isUser(user: OwnUser, username: string | undefined, given: Buffer): boolean {
  const password = Buffer.from(user.password);
  return username === user.username && given.length === password.length && timingSafeEqual(given, password);
}
