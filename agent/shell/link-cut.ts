import type { Duplex } from "node:stream";
import type { WireBytes } from "./wire-bytes.ts";

const nothing = Buffer.alloc(0);

/**
 * Cuts every packet that is larger than `maxBytes` down to them, before anybody collects it: MQTT 3.1.1 cannot tell a broker how much is
 * too much. A PUBLISH keeps its topic and its packet id, so it is acknowledged, and refused by whoever finds its payload too long.
 */
export class PacketCutter {
  /** The header of a cut packet has four bytes. */
  readonly #bodyBytes: number;
  readonly #begins: (size: number) => WireBytes | undefined;
  #held: Buffer = nothing;
  /** What is left of the packet that has begun: to be passed on, then to be dropped. */
  #pass = 0;
  #drop = 0;
  /** Takes the bytes of the packet that has begun. */
  #wire: WireBytes | undefined;

  /**
   * `maxBytes` is more than 64 kB, so that a topic fits, and less than 2 MB. `begins` is told of each packet with the bytes that it had before
   * it was cut.
   */
  constructor(maxBytes: number, begins: (size: number) => WireBytes | undefined = () => undefined) {
    this.#bodyBytes = maxBytes - 4;
    this.#begins = begins;
  }

  /** What remains of the chunk; a stream without large packets remains as it is. */
  push(incoming: Buffer): Buffer[] {
    const chunk = this.#held.length === 0 ? incoming : Buffer.concat([this.#held, incoming]);
    this.#held = nothing;
    const parts: Buffer[] = [];
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#pass > 0) {
        const step = Math.min(this.#pass, chunk.length - at);
        this.#wire?.add(chunk.subarray(at, at + step));
        this.#pass -= step;
        at += step;
      } else if (this.#drop > 0) {
        parts.push(chunk.subarray(from, at));
        const step = Math.min(this.#drop, chunk.length - at);
        this.#drop -= step;
        at += step;
        from = at;
      } else {
        const header = headerAt(chunk, at);
        if (!header) {
          this.#held = chunk.subarray(at);
          break;
        }
        this.#wire = this.#begins(header.end - at + header.length);
        this.#wire?.add(chunk.subarray(at, header.end));
        this.#pass = Math.min(header.length, this.#bodyBytes);
        if (header.length > this.#bodyBytes) {
          this.#drop = header.length - this.#bodyBytes;
          parts.push(chunk.subarray(from, at), cutHeader(chunk[at] ?? 0, this.#bodyBytes));
          from = header.end;
        }
        at = header.end;
      }
    }
    parts.push(chunk.subarray(from, at));
    return parts.filter(({ length }) => length > 0);
  }
}

/** The remaining length of the packet that begins at `at`; undefined when not all of it is there yet. */
function headerAt(chunk: Buffer, at: number): { length: number; end: number } | undefined {
  let length = 0;
  // Four bytes at most [MQTT-2.2.3]; the parser refuses what has more.
  for (let count = 1; count <= 4; count++) {
    const byte = chunk[at + count];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** (count - 1);
    if (byte < 0x80) return { length, end: at + count + 1 };
  }
  return { length: 0, end: at + 5 };
}

function cutHeader(type: number, length: number): Buffer {
  return Buffer.from([type, (length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14]);
}

export interface CutOptions {
  maxBytes: number;
  /** Gets the first of what is read. */
  began?(first: Buffer): void;
  /** A packet of so many bytes begins; what is returned takes the first of them. */
  begins?(size: number): WireBytes | undefined;
}

/** Everything that is read from the socket from now on is cut. Not by a stream of its own: each packet would pay for it. */
export function cutIncoming(socket: Duplex, { maxBytes, began, begins }: CutOptions): void {
  const cutter = new PacketCutter(maxBytes, begins);
  const push = socket.push.bind(socket);
  let first = true;
  socket.push = (chunk: Buffer | null) => {
    if (chunk === null) return push(null);
    if (first) began?.(chunk);
    first = false;
    let goesOn = true;
    for (const part of cutter.push(chunk)) goesOn = push(part);
    return goesOn;
  };
}
