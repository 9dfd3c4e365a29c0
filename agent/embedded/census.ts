/** Counts for `$SYS` that aedes does not keep, fed by its events. */
export class Census {
  /** How many connections each has: two while one takes over from the other. */
  readonly #connected = new Map<string, number>();
  /** Clients whose session outlives their connection. */
  readonly #sessions = new Set<string>();
  readonly #filters = new Map<string, Set<string>>();
  #maximum = 0;
  /** Connections that came, whoever they were. */
  sockets = 0;
  /** CONNECT packets. */
  connects = 0;
  /** QoS 0 messages for clients that do not read. */
  dropped = 0;

  joined(client: string, clean: boolean): void {
    this.#connected.set(client, (this.#connected.get(client) ?? 0) + 1);
    this.#maximum = Math.max(this.#maximum, this.#connected.size);
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
  /** Nobody came back to it. */
  expired(client: string): void {
    this.#sessions.delete(client);
    this.#filters.delete(client);
  }
  left(client: string): void {
    const others = (this.#connected.get(client) ?? 1) - 1;
    if (others > 0) {
      this.#connected.set(client, others);
      return;
    }
    this.#connected.delete(client);
    // A session without a subscription is none.
    if ((this.#filters.get(client)?.size ?? 0) === 0) this.#sessions.delete(client);
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
  /** The most at one time. */
  get maximum(): number {
    return this.#maximum;
  }
  /** Whose session waits for them. */
  get asleep(): number {
    return [...this.#sessions].filter((client) => !this.#connected.has(client)).length;
  }
  get subscriptions(): number {
    let count = 0;
    for (const filters of this.#filters.values()) count += filters.size;
    return count;
  }
}
