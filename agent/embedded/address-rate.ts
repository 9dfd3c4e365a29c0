const minute = 60_000;
/** Whoever has more addresses than this makes the oldest ones be forgotten. */
const maxAddresses = 1000;

/** Counts by address; what was counted is forgotten evenly, so that a minute makes room for `perMinute` more. */
export class AddressRate {
  readonly #perMinute: number;
  readonly #now: () => number;
  /** The one that was counted longest ago comes first. */
  readonly #levels = new Map<string, { level: number; at: number }>();

  /** `now`: milliseconds, any origin. */
  constructor(perMinute: number, now: () => number) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** Whether this address has had its share. */
  full(address: string): boolean {
    return this.#level(networkOf(address)) > this.#perMinute - 1;
  }

  count(address: string): void {
    const network = networkOf(address);
    const level = this.#level(network) + 1;
    this.#levels.delete(network);
    this.#levels.set(network, { level, at: this.#now() });
    const [oldest] = this.#levels.size > maxAddresses ? this.#levels.keys() : [];
    if (oldest !== undefined) this.#levels.delete(oldest);
  }

  /** The same for one address. */
  of(address: string): { full(): boolean; count(): void } {
    return { full: () => this.full(address), count: () => this.count(address) };
  }

  #level(network: string): number {
    const { level, at } = this.#levels.get(network) ?? { level: 0, at: 0 };
    return Math.max(0, level - ((this.#now() - at) * this.#perMinute) / minute);
  }
}

/** Who counts as one: an IPv4 address, or the 64 bits of an IPv6 address that its user did not choose (RFC 4291 section 2.5.4). */
export function networkOf(address: string): string {
  // Link-local addresses have those bits in common with everybody on the wire.
  if (!address.includes(":") || /^fe[89ab]/i.test(address)) return address;
  const [start = "", end] = address.split("::");
  const groups = start.split(":").filter((group) => group !== "");
  // `::` stands for as many zeros as are missing.
  const missing = 8 - groups.length - (end === undefined || end === "" ? 0 : end.split(":").length);
  if (end !== undefined) groups.push(...Array(missing).fill("0"), ...end.split(":"));
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
