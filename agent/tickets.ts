/** Clients that wait for what becomes of their request: each has a number, which comes back with the verdict. */
export class Tickets<T> {
  readonly #waiting = new Map<number, (verdict: T) => void>();
  // 0 is nobody's.
  #last = 0;

  /** Hands out a number to `send`, and resolves with its verdict. */
  ask(send: (ticket: number) => void): Promise<T> {
    const ticket = ++this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(ticket, resolve);
      send(ticket);
    });
  }

  settle(ticket: number, verdict: T): void {
    this.#waiting.get(ticket)?.(verdict);
    this.#waiting.delete(ticket);
  }
}
