const maxConnections = 100;
/** So many of them are for this machine: whoever fills the others must not keep the agent from its own broker. */
const reserved = 10;
/** So many connections of one other machine may be without a CONNECT that was accepted. */
const maxStrangers = 20;

/** Who is connected, from where, and whether each was let in. */
export class Crowd<C> {
  /** With their addresses. */
  readonly #all = new Map<C, string>();
  readonly #strangers = new Set<C>();

  get all(): Iterable<C> {
    return this.#all.keys();
  }

  /** A sentence when there is no room for one more from this address. */
  refuses(address: string): { kind: "full" | "strangers"; sentence: string } | undefined {
    const near = isNear(address);
    if (this.#all.size >= (near ? maxConnections : maxConnections - reserved))
      return { kind: "full", sentence: `the built-in broker has ${this.#all.size} connections: refusing more` };
    const waiting = [...this.#strangers].filter((other) => this.#all.get(other) === address).length;
    if (near || waiting < maxStrangers) return undefined;
    return { kind: "strangers", sentence: `broker: ${waiting} connections of ${address} are not let in yet: refusing more` };
  }

  came(connection: C, address: string): void {
    this.#all.set(connection, address);
    this.#strangers.add(connection);
  }

  letIn(connection: C): void {
    this.#strangers.delete(connection);
  }

  left(connection: C): void {
    this.#all.delete(connection);
    this.#strangers.delete(connection);
  }
}

/** An address of this machine that no other one reaches. */
export function isNear(address: string): boolean {
  return address === "::1" || /^127(\.\d{1,3}){3}$/.test(address);
}
