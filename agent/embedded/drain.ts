import { Duplex } from "node:stream";
import type { FrameScanner } from "./frames.ts";
import type { Inflight } from "./inflight.ts";
import { joined } from "./joined.ts";
import { maxPieces } from "./pieces.ts";
import type { Turns } from "./turns.ts";

/** What a client may send before the broker takes it, in so many pieces; then the kernel holds the rest. */
const readBuffer = 512 * 1024;
/** So much of one connection at most, then it is the turn of the others. */
const turn = { packets: 50, bytes: 64 * 1024 };
/** Looked at a time, until there are so many packets. */
const step = 1024;
const flushTimeout = 2_000;

export interface DrainOptions {
  incoming: FrameScanner;
  outgoing: FrameScanner;
  /** Bytes that may wait for a client that reads slowly before the broker feels it. */
  writeBuffer: number;
  /** Holds what would be too much under way to the client; undefined = nothing is. */
  inflight?: Inflight | undefined;
  /** The client sent a packet that is too large; the connection is closed. */
  oversized(): void;
  /** The client was let in. */
  letIn(): void;
  turns: Turns;
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
  /** Received, and not taken yet. */
  readonly #received: Buffer[] = [];
  #receivedBytes = 0;
  /** Offered to the broker, which has not read it yet. */
  #offered: Buffer | undefined;
  /** It waits for its turn. */
  #queued = false;
  #ended = false;
  #ready = false;
  /** The broker may go on to write. */
  #settled: (() => void) | undefined;

  constructor(socket: Duplex, options: DrainOptions) {
    super({ readableHighWaterMark: turn.bytes, writableHighWaterMark: options.writeBuffer });
    this.#socket = socket;
    this.#options = options;
    socket.on("data", (chunk: Buffer) => this.#came(chunk));
    socket.on("end", () => this.#end());
    socket.on("error", () => undefined);
    socket.on("close", () => this.#end());
  }

  /** aedes has let the client in and is about to take what came with its CONNECT. */
  ready(): void {
    this.#ready = true;
    this.#options.letIn();
    if (this.#ended) setImmediate(() => this.#finish());
  }

  /** Not by way of the stream's own buffer, which would cost a turn of its queue and more time than to take a packet apart. Its end goes that way. */
  override read(size?: number): Buffer | null {
    const offered = this.#offered;
    if (offered === undefined || size === 0) return super.read(size);
    this.#offered = undefined;
    // aedes also reads while it takes apart what it has, and cannot take apart two things at a time.
    process.nextTick(() => this.#pass());
    return offered;
  }

  /** There is nothing in the stream's own buffer. */
  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#sendAll([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#sendAll(joined(chunks.map(({ chunk }) => chunk)), done);
  }

  #sendAll(pieces: readonly Buffer[], done: (error?: Error | null) => void): void {
    const socket = this.#socket;
    const { inflight } = this.#options;
    if (socket.destroyed || !socket.writable) {
      // To the broker a client that is gone looks like one that reads; its end comes by the readable side.
      done();
      return;
    }
    const first = this.#gather();
    for (const piece of pieces) {
      if (inflight) for (const part of inflight.pass(piece)) this.#send(part);
      else this.#send(piece);
    }
    // What comes first leaves at once. Who waits for a message comes before who waits for an acknowledgement.
    if (first && !isAcknowledgement(pieces)) {
      socket.uncork();
      socket.cork();
    }
    if (!this.#hasMuch) {
      done();
      return;
    }
    const settle = () => {
      if (this.#hasMuch && !socket.destroyed) return;
      socket.off("drain", settle).off("close", settle);
      this.#settled = undefined;
      done();
    };
    this.#settled = settle;
    socket.on("drain", settle).on("close", settle);
  }

  /** The client has ended the exchange of this message: what is held may follow. */
  acknowledged(id: number): void {
    if (this.#socket.destroyed || !this.#socket.writable) return;
    const parts = this.#options.inflight?.acknowledged(id) ?? [];
    if (parts.length > 0) this.#gather();
    for (const part of parts) this.#send(part);
    this.#settled?.();
  }

  /** Identifiers of messages that have not left. */
  get held(): Iterable<number> {
    return this.#options.inflight?.held ?? [];
  }

  get #hasMuch(): boolean {
    const { writeBuffer, inflight } = this.#options;
    return this.#socket.writableLength >= writeBuffer || (inflight?.heldBytes ?? 0) >= writeBuffer;
  }

  /** What this turn of the loop sends leaves in one call of the kernel, which costs more than all the rest of a packet. False: it does already. */
  #gather(): boolean {
    const socket = this.#socket;
    if (socket.writableCorked > 0) return false;
    socket.cork();
    setImmediate(() => socket.uncork());
    return true;
  }

  #send(bytes: Buffer): void {
    this.#options.outgoing.push(bytes);
    this.#socket.write(bytes);
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

  #came(chunk: Buffer): void {
    if (this.#ended || this.destroyed) return;
    this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    if (this.#isFull) this.#socket.pause();
    this.#pass();
  }

  get #isFull(): boolean {
    return this.#receivedBytes >= readBuffer || this.#received.length >= maxPieces;
  }

  get #hasMore(): boolean {
    return this.#receivedBytes > 0 && this.#offered === undefined && !this.destroyed;
  }

  #pass(): void {
    if (this.#queued) return;
    this.#queued = this.#hasMore;
    if (this.#queued) this.#options.turns.join(() => this.#passSome());
    else this.#finish();
  }

  #passSome(): { cost: number; more: boolean } {
    const { incoming } = this.#options;
    const before = incoming.complete;
    let bytes = 0;
    while (this.#hasMore && bytes < turn.bytes && incoming.complete < before + turn.packets) {
      const part = this.#take(turn.bytes - bytes, before + turn.packets);
      if (part === undefined) break;
      bytes += part.length;
      this.#offered = part;
      this.emit("readable");
    }
    if (!this.#isFull) this.#socket.resume();
    this.#queued = this.#hasMore;
    if (!this.#queued) this.#finish();
    return { cost: Math.max(incoming.complete - before, bytes / step), more: this.#queued };
  }

  /** Of the oldest chunk, until so many packets are complete. */
  #take(most: number, until: number): Buffer | undefined {
    const chunk = this.#received[0];
    if (chunk === undefined) return undefined;
    const { incoming, oversized } = this.#options;
    let length = 0;
    while (length < Math.min(chunk.length, most) && incoming.complete < until) {
      const part = chunk.length <= step ? chunk : chunk.subarray(length, length + step);
      if (!incoming.push(part)) {
        oversized();
        this.#socket.destroy();
        this.#received.length = 0;
        this.#receivedBytes = 0;
        return undefined;
      }
      length += part.length;
    }
    this.#receivedBytes -= length;
    if (length === chunk.length) return this.#received.shift();
    this.#received[0] = chunk.subarray(length);
    return chunk.subarray(0, length);
  }

  #end(): void {
    if (this.#ended || this.destroyed) return;
    this.#ended = true;
    this.#finish();
  }

  /** The readable side ends when everything was handed on. */
  #finish(): void {
    if (!this.#ended || this.#receivedBytes > 0 || this.#offered || this.destroyed || this.readableEnded) return;
    // Without one whole packet there is nothing that aedes could be busy with.
    if (this.#ready || this.#options.incoming.complete === 0) this.push(null);
  }
}

/** A PUBACK, and what comes behind it (MQTT 3.1.1 section 3.4). */
function isAcknowledgement([first]: readonly Buffer[]): boolean {
  return first !== undefined && (first[0] ?? 0) >> 4 === 4;
}
