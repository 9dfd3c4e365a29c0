export interface FrameCounts {
  bytes: number;
  packets: number;
  publishes: number;
  /** Of the payloads of these. */
  payloadBytes: number;
}

export function newCounts(): FrameCounts {
  return { bytes: 0, packets: 0, publishes: 0, payloadBytes: 0 };
}

/**
 * Follows the packet boundaries of an MQTT byte stream without parsing it (MQTT 3.1.1 section 2.2), to count packets and to
 * refuse an oversized one before anybody collects its bytes.
 */
export class FrameScanner {
  readonly #counts: FrameCounts;
  readonly #maxBytes: number;
  #state: "type" | "length" | "body" = "type";
  #length = 0;
  #packetLength = 0;
  #multiplier = 1;
  /** First byte of a PUBLISH; 0 = another packet. */
  #publish = 0;
  /** Of its topic, while its two bytes come: these, and how many there are. */
  #topicLength = 0;
  #topicBytes = 0;
  /** Whole packets of this stream. */
  complete = 0;

  /** `counts` may be shared by many scanners. */
  constructor(counts: FrameCounts, maxBytes: number) {
    this.#counts = counts;
    this.#maxBytes = maxBytes;
  }

  /** False: a packet is larger than the bound or its length is malformed; what follows means nothing. */
  push(chunk: Buffer): boolean {
    this.#counts.bytes += chunk.length;
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === "body") {
        const step = Math.min(this.#length, chunk.length - at);
        for (let read = at; read < at + step && this.#publish > 0 && this.#topicBytes < 2; read++) {
          this.#topicLength = this.#topicLength * 256 + (chunk[read] ?? 0);
          if (++this.#topicBytes === 2) this.#countPayload();
        }
        this.#length -= step;
        at += step;
        if (this.#length === 0) this.#finish();
        continue;
      }
      const byte = chunk[at] ?? 0;
      at += 1;
      if (this.#state === "type") {
        this.#counts.packets += 1;
        this.#publish = byte >> 4 === 3 ? byte : 0;
        if (this.#publish > 0) this.#counts.publishes += 1;
        this.#topicLength = 0;
        this.#topicBytes = 0;
        this.#state = "length";
        this.#length = 0;
        this.#multiplier = 1;
        continue;
      }
      this.#length += (byte & 0x7f) * this.#multiplier;
      this.#multiplier *= 128;
      if (this.#length > this.#maxBytes) return false;
      if (byte < 0x80 && this.#length === 0) this.#finish();
      else if (byte < 0x80) {
        this.#state = "body";
        this.#packetLength = this.#length;
      }
      // Four length bytes at most [MQTT-2.2.3].
      else if (this.#multiplier > 128 ** 3) return false;
    }
    return true;
  }

  /** What is behind the topic and, from QoS 1, the packet identifier (MQTT 3.1.1 section 3.3). */
  #countPayload(): void {
    const identifier = (this.#publish & 0x06) > 0 ? 2 : 0;
    this.#counts.payloadBytes += Math.max(0, this.#packetLength - 2 - this.#topicLength - identifier);
  }

  #finish(): void {
    this.#state = "type";
    this.complete += 1;
  }
}
