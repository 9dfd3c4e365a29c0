/** So many of its first bytes are kept of a packet. */
export const keptBytes = 128;

/**
 * Of what holds a secret no more is ever kept than what comes before it: of CONNECT (type 1) the protocol, the flags and the keep alive, of
 * AUTH (15) the fixed header.
 */
const shorter: Readonly<Record<number, number>> = { 1: 12, 15: 2 };

/** The first bytes of one control packet as they pass the connection, and how many it has in all. */
export class WireBytes {
  #kept: Buffer | undefined;
  #length = 0;
  #limit = keptBytes;
  #size: number;

  /** `size` = all of its bytes; without that they are counted as they come. */
  constructor(size = 0) {
    this.#size = size;
  }

  get bytes(): Buffer {
    return this.#kept?.subarray(0, this.#length) ?? Buffer.alloc(0);
  }

  get size(): number {
    return Math.max(this.#size, this.#length);
  }

  /** The next bytes of the packet; `counted` = they add to its size. */
  add(chunk: Buffer, counted = false): void {
    if (counted) this.#size += chunk.length;
    if (this.#kept === undefined) {
      this.#limit = shorter[(chunk[0] ?? 0) >> 4] ?? keptBytes;
      // Not of the pool: a few bytes would keep the 8 kB that they are a part of.
      this.#kept = Buffer.allocUnsafeSlow(this.#limit);
    }
    this.#length += chunk.copy(this.#kept, this.#length, 0, Math.max(0, Math.min(chunk.length, this.#limit - this.#length)));
  }
}
