/** Counts for `$SYS` that aedes does not keep, fed by its events. */
export class Census {
  readonly #connected = new Set<string>();
  /** Clients whose session outlives their connection. */
  readonly #sessions = new Set<string>();
  readonly #filters = new Map<string, Set<string>>();

  joined(client: string, clean: boolean): void {
    this.#connected.add(client);
    if (clean) {
      this.#sessions.delete(client);
      this.#filters.delete(client);
    } else this.#sessions.add(client);
  }
  /** A session from before the start. */
  returned(client: string, filters: readonly string[]): void {
    this.#sessions.add(client);
    this.#filters.set(client, new Set(filters));
  }
  left(client: string): void {
    this.#connected.delete(client);
    if (!this.#sessions.has(client)) this.#filters.delete(client);
  }
  subscribed(client: string, filter: string): void {
    const filters = this.#filters.get(client) ?? new Set();
    this.#filters.set(client, filters.add(filter));
  }
  unsubscribed(client: string, filter: string): void {
    this.#filters.get(client)?.delete(filter);
  }

  get connected(): number {
    return this.#connected.size;
  }
  get total(): number {
    let total = this.#sessions.size;
    for (const client of this.#connected) if (!this.#sessions.has(client)) total += 1;
    return total;
  }
  get subscriptions(): number {
    let count = 0;
    for (const filters of this.#filters.values()) count += filters.size;
    return count;
  }
}
