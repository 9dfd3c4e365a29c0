import { Duplex } from "node:stream";
import type { FrameScanner } from "./frames.ts";

/** What a client may send before the broker takes it; then the kernel holds the rest. */
const readBuffer = 512 * 1024;
const flushTimeout = 2_000;

export interface DrainOptions {
  incoming: FrameScanner;
  outgoing: FrameScanner;
  /** Bytes that may wait for a client that reads slowly before the broker feels it. */
  writeBuffer: number;
  /** The client sent a packet that is too large; the connection is closed. */
  oversized(): void;
  /** The client was let in. */
  letIn(): void;
}

/**
 * Stands between a socket and aedes, which drops bytes it has already received when the socket fails: a publisher that sends
 * CONNECT and PUBLISH together and exits makes the kernel answer CONNACK with RST. Here an error stays hidden, every received
 * byte is passed on, and only then the readable side ends, as if the client had closed in order. aedes also forgets what follows
 * a CONNECT that it has not answered yet, so the end waits for `ready`.
 */
export class DrainingDuplex extends Duplex {
  readonly #socket: Duplex & { destroySoon?(): void };
  readonly #options: DrainOptions;
  #ended = false;
  #ready = false;

  constructor(socket: Duplex, options: DrainOptions) {
    super({ readableHighWaterMark: readBuffer, writableHighWaterMark: options.writeBuffer });
    this.#socket = socket;
    this.#options = options;
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("end", () => this.#end());
    socket.on("error", () => undefined);
    socket.on("close", () => this.#end());
  }

  /** aedes has let the client in and is about to take what came with its CONNECT. */
  ready(): void {
    this.#ready = true;
    this.#options.letIn();
    if (this.#ended) setImmediate(() => this.push(null));
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    const socket = this.#socket;
    if (!socket.destroyed) {
      // A refusal must still reach the client; one that does not read it is not waited for.
      const giveUp = setTimeout(() => socket.destroy(), flushTimeout).unref();
      socket.once("close", () => clearTimeout(giveUp));
      socket.resume();
      if (socket.destroySoon) socket.destroySoon();
      else socket.end();
    }
    done(null);
  }

  #received(chunk: Buffer): void {
    if (this.#ended || this.destroyed) return;
    if (!this.#options.incoming.push(chunk)) {
      this.#options.oversized();
      this.#socket.destroy();
      return;
    }
    if (!this.push(chunk)) this.#socket.pause();
  }

  #end(): void {
    if (this.#ended || this.destroyed) return;
    this.#ended = true;
    // Without one whole packet there is nothing that aedes could be busy with.
    if (this.#ready || this.#options.incoming.complete === 0) this.push(null);
  }

  #send(chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
    const socket = this.#socket;
    if (socket.destroyed || !socket.writable) {
      // To the broker a client that is gone looks like one that reads; its end comes by the readable side.
      done();
      return;
    }
    const first = socket.writableCorked === 0;
    if (first) socket.cork();
    for (const chunk of chunks) {
      this.#options.outgoing.push(chunk);
      socket.write(chunk);
    }
    // What comes first leaves at once; what the same turn of the loop has besides leaves in one call of the kernel, which costs more than
    // all the rest of a packet.
    if (first) {
      socket.uncork();
      socket.cork();
      setImmediate(() => socket.uncork());
    }
    if (socket.writableLength < this.#options.writeBuffer) {
      done();
      return;
    }
    const settled = () => {
      socket.off("drain", settled).off("close", settled);
      done();
    };
    socket.on("drain", settled).on("close", settled);
  }
}
