import type { Duplex } from "node:stream";
import { WireBytes } from "./wire-bytes.ts";

/** So many packets may have come in that the library has not told of yet. */
const maxAhead = 1_000;

/**
 * Finds for each packet of one connection its bytes on the wire, both ways, while somebody wants them. While nobody does, a packet that comes
 * in costs two counters, and one that goes out a question.
 */
export class LinkTap {
  readonly #wanted: () => boolean;
  readonly #ahead: { number: number; wire: WireBytes }[] = [];
  #begun = 0;
  #taken = 0;
  #tapped: Duplex | undefined;
  #sending: WireBytes | undefined;

  constructor(wanted: () => boolean) {
    this.#wanted = wanted;
  }

  /** A packet of so many bytes begins to come in; what is returned takes them. */
  readonly begins = (size: number): WireBytes | undefined => {
    this.#begun++;
    if (!this.#wanted()) return undefined;
    const wire = new WireBytes(size);
    this.#ahead.push({ number: this.#begun, wire });
    if (this.#ahead.length > maxAhead) this.#ahead.shift();
    return wire;
  };

  /** To be called for each packet that the library has read: they come in the order in which they began. */
  received(): WireBytes | undefined {
    this.#taken++;
    while ((this.#ahead[0]?.number ?? this.#taken) < this.#taken) this.#ahead.shift();
    return this.#ahead[0]?.number === this.#taken ? this.#ahead.shift()?.wire : undefined;
  }

  /** To be called for each packet just before the library writes it to this stream. */
  sends(stream: Duplex): WireBytes | undefined {
    if (!this.#wanted()) {
      this.#untap();
      return undefined;
    }
    if (this.#tapped === undefined) this.#tap(stream);
    this.#sending = new WireBytes();
    return this.#sending;
  }

  /** The library writes a packet in pieces, all of them before the next packet. */
  #tap(stream: Duplex): void {
    const write = stream.write.bind(stream) as (...all: unknown[]) => boolean;
    stream.write = (chunk: unknown, ...rest: unknown[]) => {
      this.#sending?.add(typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Buffer), true);
      return write(chunk, ...rest);
    };
    this.#tapped = stream;
  }

  #untap(): void {
    if (this.#tapped === undefined) return;
    // What it had before is that of its class.
    delete (this.#tapped as Partial<Duplex>).write;
    this.#tapped = undefined;
    this.#sending = undefined;
  }
}
