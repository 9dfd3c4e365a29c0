import { Duplex } from "node:stream";
import { MessageChannel, type MessagePort } from "node:worker_threads";

/** What may be on its way to the other thread before that one has taken it. */
const window = 16 * 1024;

/** Bytes, how many were taken, or null: no more will come. */
type Message = Uint8Array | number | null;

/** The bytes that come and go by a port to another thread; at most a window of them waits there. */
export class PortStream extends Duplex {
  bytesRead = 0;
  bytesWritten = 0;
  readonly #port: MessagePort;
  /** Nobody is at the other end any more. */
  #closed = false;
  #underway = 0;
  /** A write that waits until the other side takes what it has. */
  #waiting: (() => void) | undefined;
  /** Given to the reader of this side, who had enough. */
  #untold = 0;

  constructor(port: MessagePort) {
    super({ allowHalfOpen: false, readableHighWaterMark: window, writableHighWaterMark: window });
    this.#port = port;
    port.on("message", (message: Message) => this.#came(message));
    port.on("close", () => {
      this.#closed = true;
      this.#over();
    });
  }

  override _read(): void {
    if (this.#untold > 0) this.#post(this.#untold);
    this.#untold = 0;
  }

  /** Single chunks, too: that is how Node writes to a stream without `_write`. */
  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    const length = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
    // A copy of its own: a small Buffer is a part of one that others use, too.
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const { chunk } of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    this.#underway += length;
    this.bytesWritten += length;
    this.#port.postMessage(bytes, [bytes.buffer]);
    if (this.#underway < window || this.#closed || this.destroyed) done();
    else this.#waiting = done;
  }

  override _final(done: () => void): void {
    this.#post(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#port.close();
    this.#settle();
    done(error);
  }

  #came(message: Message): void {
    if (this.destroyed) return;
    if (message === null) this.#over();
    else if (typeof message === "number") {
      this.#underway -= message;
      if (this.#underway < window) this.#settle();
    } else {
      this.bytesRead += message.length;
      if (this.push(Buffer.from(message.buffer, message.byteOffset, message.byteLength))) this.#post(message.length);
      else this.#untold += message.length;
    }
  }

  #over(): void {
    this.#settle();
    if (!this.destroyed && !this.readableEnded) this.push(null);
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  #post(message: Message): void {
    this.#port.postMessage(message);
  }
}

/** Both ends of a connection. */
export function portPair(): [PortStream, PortStream] {
  const { port1, port2 } = new MessageChannel();
  return [new PortStream(port1), new PortStream(port2)];
}
