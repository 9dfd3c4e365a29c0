import { type Acl, Rights } from "./acl.ts";

/** Somebody who is in, under the name by which the rules know him. */
export class Guest {
  readonly user: string | undefined;
  readonly client: string;
  /** The agent itself: rules that do not name its user are not about it. */
  readonly isAgent: boolean;
  #known: { acl: Acl; rights: Rights } | undefined;

  constructor(user: string | undefined, client: string, isAgent = false) {
    this.user = user;
    this.client = client;
    this.isAgent = isAgent;
  }

  /** By the rules of now; undefined: everybody may everything. */
  may(access: "read" | "write", topic: string, acl: Acl | undefined): boolean {
    return this.#rights(acl)?.may(access, topic) ?? true;
  }

  /** Whether a subscription could bring anything at all. */
  mayHear(filter: string, acl: Acl | undefined): boolean {
    return this.#rights(acl)?.mayHear(filter) ?? true;
  }

  #rights(acl: Acl | undefined): Rights | undefined {
    const user = this.user ?? "";
    if (acl === undefined || (this.isAgent && !acl.sections.has(user))) return undefined;
    if (this.#known?.acl !== acl) this.#known = { acl, rights: new Rights(acl, user, this.client) };
    return this.#known.rights;
  }
}
