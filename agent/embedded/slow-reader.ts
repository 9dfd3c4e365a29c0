import type { Writable } from "node:stream";
import type { Client } from "aedes";
import type { Census } from "./census.ts";
import type { Deliver } from "./direct.ts";

/** So long the others wait for a client that has as much waiting as it may: it may only have been slow for a moment. */
const patience = 250;

interface Receiver {
  deliver0: Deliver;
  deliverQoS: Deliver;
  waitForDrain(done: (error?: Error | null) => void): void;
}

/**
 * aedes gives out a hundred messages at a time, each until every subscriber has taken it: one that does not read would stop them all. It is waited
 * for once. From then on what is new does not wait: QoS 0 messages for which it has no room are dropped, others wait for it until they are twice as
 * much as may, and then its connection ends.
 */
export class SlowReader {
  readonly #client: Client;
  readonly #connection: Writable;
  readonly #told: { census: Census; warn(kind: string, sentence: string): void };
  /** Who gave it a message, and goes on when it was taken. */
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #isSlow = false;

  constructor(client: Client, connection: Writable, told: { census: Census; warn(kind: string, sentence: string): void }) {
    [this.#client, this.#connection, this.#told] = [client, connection, told];
    connection.on("drain", () => this.#calm());
    connection.once("close", () => this.#release());
  }

  /** Before the first subscription. */
  mend(receiver: Receiver): void {
    const { deliver0, deliverQoS, waitForDrain } = receiver;
    receiver.deliver0 = (packet, done) => {
      if (packet.retain) deliver0(packet, done);
      else if (!this.#isSlow) this.#deliver(deliver0, packet, done);
      else if (this.#connection.writableNeedDrain) this.#drop(done);
      else this.#deliver(deliver0, packet, done);
    };
    receiver.deliverQoS = (packet, done) => {
      // Of a retained message it is the reader itself that waits. QoS 0 goes to `deliver0` from there.
      if (packet.retain || packet.qos === 0) return deliverQoS(packet, done);
      if (this.#isSlow && this.#connection.writableLength > 2 * this.#connection.writableHighWaterMark)
        this.#connection.destroy(new Error("too much waits for it"));
      this.#deliver(deliverQoS, packet, done);
    };
    receiver.waitForDrain = (done) => {
      // aedes would wait for its whole timeout, and the others with it.
      if (this.#client.closed || this.#connection.destroyed) {
        setImmediate(done, new Error("connection closed"));
        return;
      }
      this.#timer ??= setTimeout(() => setImmediate(() => this.#lose()), patience).unref();
      waitForDrain.call(receiver, done);
    };
  }

  #deliver(deliver: Deliver, packet: Parameters<Deliver>[0], done: () => void): void {
    const go = () => {
      if (this.#waiting.delete(go)) done();
    };
    this.#waiting.add(go);
    deliver(packet, go);
    if (this.#isSlow) setImmediate(go);
  }

  #drop(done: () => void): void {
    this.#told.census.dropped += 1;
    setImmediate(done);
  }

  #calm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Unless it has read while this process did something else. */
  #lose(): void {
    if (this.#timer === undefined || !this.#connection.writableNeedDrain || this.#connection.destroyed) return;
    const name = JSON.stringify(this.#client.id.slice(0, 64));
    if (!this.#isSlow) this.#told.warn("slow", `broker: client ${name} does not read what is sent to it: nobody waits for it any more`);
    this.#isSlow = true;
    this.#release();
  }

  /** Who waits goes on. */
  #release(): void {
    this.#calm();
    for (const go of [...this.#waiting]) go();
  }
}
