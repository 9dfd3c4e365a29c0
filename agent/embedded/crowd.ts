import { AddressRate, networkOf } from "./address-rate.ts";
import type { Limits } from "./limits.ts";

/** So many connections are for this machine at most: whoever fills the others must not keep the agent from its own broker. */
const maxReserved = 10;
/** So many connections of one other machine may be without a CONNECT that was accepted. */
const maxStrangers = 20;

/** Who is connected, from where, and whether each was let in. */
export class Crowd<C extends object> {
  readonly #max: number;
  readonly #maxConnects: number;
  readonly #connects: AddressRate;
  readonly #all = new Set<C>();
  readonly #strangers = new Set<C>();
  /** Also of those who are gone: what they sent may not have been taken yet. */
  readonly #addresses = new WeakMap<object, string>();

  constructor({ maxConnections, maxConnects }: Pick<Limits, "maxConnections" | "maxConnects">, now: () => number) {
    this.#max = maxConnections;
    this.#maxConnects = maxConnects;
    this.#connects = new AddressRate(maxConnects, now);
  }

  get all(): Iterable<C> {
    return this.#all;
  }

  /** A sentence when there is no room for one more from this address. */
  refuses(address: string): { kind: "full" | "strangers" | "connects"; sentence: string } | undefined {
    const near = isNear(address);
    const reserved = Math.min(maxReserved, Math.ceil(this.#max / 10));
    if (this.#all.size >= (near ? this.#max : this.#max - reserved))
      return { kind: "full", sentence: `the built-in broker has ${this.#all.size} connections: refusing more` };
    if (near) return undefined;
    if (this.#connects.full(address))
      return { kind: "connects", sentence: `broker: ${address} connects more than ${this.#maxConnects} times a minute: refusing more` };
    const network = networkOf(address);
    const waiting = [...this.#strangers].filter((other) => networkOf(this.addressOf(other)) === network).length;
    if (waiting < maxStrangers) return undefined;
    return { kind: "strangers", sentence: `broker: ${waiting} connections of ${address} are not let in yet: refusing more` };
  }

  came(connection: C, address: string): void {
    this.#all.add(connection);
    this.#addresses.set(connection, address);
    this.#strangers.add(connection);
    if (!isNear(address)) this.#connects.count(address);
  }

  letIn(connection: C): void {
    this.#strangers.delete(connection);
  }

  left(connection: C): void {
    this.#all.delete(connection);
    this.#strangers.delete(connection);
  }

  /** Where it comes from, or came from. */
  addressOf(connection: object): string {
    return this.#addresses.get(connection) ?? "";
  }
}

/** An address of this machine that no other one reaches. */
export function isNear(address: string): boolean {
  return address === "::1" || /^127(\.\d{1,3}){3}$/.test(address);
}
