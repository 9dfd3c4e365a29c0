import { Duplex } from "node:stream";

/** What one side may have written before the other side takes it. */
const buffer = 64 * 1024;

/** One end of a connection inside of this process. */
class End extends Duplex {
  bytesRead = 0;
  bytesWritten = 0;
  peer: End | undefined;
  /** The other side's write that waits until this side reads. */
  #waiting: (() => void) | undefined;

  constructor() {
    super({ allowHalfOpen: false, readableHighWaterMark: buffer, writableHighWaterMark: buffer });
  }

  override _read(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#send([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  override _final(done: () => void): void {
    setImmediate(() => {
      if (this.peer?.destroyed === false) this.peer.push(null);
      done();
    });
  }

  /** The other side sees an end in order, whatever the error was; what it writes goes nowhere. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { peer } = this;
    setImmediate(() => {
      if (peer?.destroyed === false && !peer.readableEnded) peer.push(null);
    });
    this._read();
    done(error);
  }

  /** A turn of the loop later, as from a socket: nobody is called from within the own write. A copy, since each side may reuse its own. */
  #send(chunks: readonly Buffer[], done: () => void): void {
    const bytes = Buffer.concat(chunks);
    this.bytesWritten += bytes.length;
    setImmediate(() => {
      const { peer } = this;
      if (!peer || peer.destroyed) return done();
      peer.bytesRead += bytes.length;
      if (peer.push(bytes)) done();
      else peer.#waiting = done;
    });
  }
}

/** Two streams, each of which reads what the other one writes, with bounded buffers between them. */
export function streamPair(): [Duplex, Duplex] {
  const [one, other] = [new End(), new End()];
  one.peer = other;
  other.peer = one;
  return [one, other];
}
