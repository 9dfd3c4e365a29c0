import fs from "node:fs";

/** Sends one message and says when it is gone, or why it is not. */
export type Send = (message: Buffer, done: (error: Error | null) => void) => void;

/** Sends through a datagram socket that systemd passed: one write is one message. */
export function sendThrough(fd: number): Send {
  return (message, done) => fs.write(fd, message, 0, message.length, null, (error) => done(error));
}

/**
 * A bounded queue in front of a slow receiver. The sockets that systemd passes block: with a stalled journald the 12th
 * datagram waits. So one send is in flight at most (it may hold one thread of the pool, never the event loop), a
 * bounded number waits behind it, and what does not fit is not taken.
 */
export class Sender {
  readonly #send: Send;
  readonly #limit: number;
  readonly #onProblem: (error: Error) => void;
  #waiting: Buffer[] = [];
  #busy = false;
  #refused = 0;
  #idle: (() => void)[] = [];

  constructor(send: Send, limit: number, onProblem: (error: Error) => void = () => {}) {
    this.#send = send;
    this.#limit = limit;
    this.#onProblem = onProblem;
  }

  /** Messages that the receiver did not take. */
  get refused(): number {
    return this.#refused;
  }

  /** False when there is no room: the message is dropped. */
  push(message: Buffer): boolean {
    if (this.#waiting.length >= this.#limit) return false;
    this.#waiting.push(message);
    this.#next();
    return true;
  }

  /** Resolves with true when everything is sent, with false after `timeout`: a stalled receiver must not hold up a stop. */
  drained(timeout: number): Promise<boolean> {
    if (!this.#busy) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeout, false);
      this.#idle.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  #next(): void {
    if (this.#busy) return;
    const message = this.#waiting.shift();
    if (message === undefined) {
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#busy = true;
    this.#send(message, (error) => {
      this.#busy = false;
      if (error) {
        this.#refused++;
        this.#onProblem(error);
      }
      this.#next();
    });
  }
}
