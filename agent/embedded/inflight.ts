import { bodyOf } from "./whole-packets.ts";

/** A message that is not acknowledged: where its identifier stands, and its bytes. */
interface Frame {
  id: number;
  bytes: Buffer;
}

/** What a held message takes besides its bytes. */
const overhead = 100;

/**
 * So many QoS 1 and 2 messages are under way to a client at most; those behind them are held until it acknowledges, in their order. Everything else
 * passes: a client that does not acknowledge still gets its PINGRESP and what has QoS 0. Follows the packets that leave (MQTT 3.1.1 section 2.2).
 */
export class Inflight {
  readonly #max: number;
  /** Identifiers of what is under way. */
  readonly #open = new Set<number>();
  readonly #held: Frame[] = [];
  /** Of the messages that are held. */
  heldBytes = 0;
  #state: "type" | "length" | "body" = "type";
  /** Of the packet that passes: what is to come of it. */
  #left = 0;
  #multiplier = 1;
  /** The pieces of a message with QoS 1 or 2, until it is whole. */
  #pieces: Buffer[] | undefined;
  /** How many bytes stand before its topic. */
  #head = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Identifiers of what has not left. */
  get held(): Iterable<number> {
    return this.#held.map(({ id }) => id);
  }

  /** What of these bytes, and of those before them, may leave now. */
  pass(chunk: Buffer): Buffer[] {
    const out: Buffer[] = [];
    // Nearly all that leaves comes as one whole packet.
    const body = this.#state === "type" ? bodyOf(chunk, 0) : undefined;
    if (body?.to === chunk.length) {
      this.#head = body.from;
      if (isCounted(chunk[0] ?? 0)) this.#whole([chunk], out);
      else out.push(chunk);
      return out;
    }
    let from = 0;
    let at = 0;
    const take = () => {
      if (at > from) (this.#pieces ?? out).push(chunk.subarray(from, at));
      from = at;
    };
    const ended = () => {
      this.#state = "type";
      if (!this.#pieces) return;
      take();
      this.#whole(this.#pieces, out);
      this.#pieces = undefined;
    };
    while (at < chunk.length) {
      if (this.#state === "body") {
        const step = Math.min(this.#left, chunk.length - at);
        this.#left -= step;
        at += step;
        if (this.#left === 0) ended();
        continue;
      }
      const byte = chunk[at] ?? 0;
      if (this.#state === "type") {
        if (isCounted(byte)) {
          take();
          this.#pieces = [];
        }
        [this.#state, this.#left, this.#multiplier, this.#head] = ["length", 0, 1, 1];
        at += 1;
        continue;
      }
      at += 1;
      this.#head += 1;
      this.#left += (byte & 0x7f) * this.#multiplier;
      this.#multiplier *= 128;
      if (byte >= 0x80) continue;
      this.#state = "body";
      if (this.#left === 0) ended();
    }
    take();
    return out;
  }

  /** The client has ended the exchange of a message: what may leave instead. */
  acknowledged(id: number): Buffer[] {
    if (!this.#open.delete(id)) return [];
    const out: Buffer[] = [];
    while (this.#open.size < this.#max) {
      const next = this.#held.shift();
      if (!next) break;
      this.heldBytes -= next.bytes.length + overhead;
      this.#open.add(next.id);
      out.push(next.bytes);
    }
    return out;
  }

  #whole(pieces: readonly Buffer[], out: Buffer[]): void {
    const topicLength = byteAt(pieces, this.#head) * 256 + byteAt(pieces, this.#head + 1);
    const idAt = this.#head + 2 + topicLength;
    const id = byteAt(pieces, idAt) * 256 + byteAt(pieces, idAt + 1);
    if (this.#open.size < this.#max && this.#held.length === 0) {
      this.#open.add(id);
      out.push(...pieces);
      return;
    }
    // A copy: what came over the network is a piece of something larger.
    const bytes = Buffer.concat(pieces);
    this.#held.push({ id, bytes });
    this.heldBytes += bytes.length + overhead;
  }
}

/** The first byte of a message with QoS 1 or 2. */
function isCounted(first: number): boolean {
  return first >> 4 === 3 && (first & 0x06) > 0;
}

function byteAt(pieces: readonly Buffer[], at: number): number {
  let before = 0;
  for (const piece of pieces) {
    if (at < before + piece.length) return piece[at - before] ?? 0;
    before += piece.length;
  }
  return 0;
}
