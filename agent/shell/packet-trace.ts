import type { Packet } from "mqtt";
import type { PacketBytes, TraceEntry } from "../protocol.ts";
import { OpenQuestions } from "./open-questions.ts";
import type { WireBytes } from "./wire-bytes.ts";

/** So many packets are kept. */
const kept = 1_000;
/** Of a topic from the network so many characters. */
const maxTopic = 256;
/** When nobody has asked for so long, the bytes are forgotten and not kept any more. */
export const bytesPatience = 10_000;

interface Slot {
  at: number;
  sent: boolean;
  type: string;
  id: number | undefined;
  topic: string | undefined;
  qos: number | undefined;
  flags: number;
  size: number | undefined;
  reason: number | undefined;
  /** NaN without one: a number that is written over takes no new memory. */
  rtt: number;
  wire: WireBytes | undefined;
}

/** A packet that nobody has looked at yet. */
interface Passed {
  at: number;
  sent: boolean;
  packet: Packet;
  wire: WireBytes | undefined;
}

const unused: Readonly<Slot> = {
  at: Number.NaN,
  sent: false,
  type: "",
  id: undefined,
  topic: undefined,
  qos: undefined,
  flags: 0,
  size: undefined,
  reason: undefined,
  rtt: Number.NaN,
  wire: undefined,
};
const [retained, duplicate] = [1, 2];

/**
 * The last control packets between the link and the broker, both ways, and how long the broker takes to answer. Without payloads and
 * without what a CONNECT carries: nothing secret is kept. A packet costs one overwritten slot. While somebody looks at the bytes of packets,
 * the first of each are kept as well, and payloads may be among them: those are for who may operate.
 */
export class PacketTrace {
  readonly #now: () => number;
  readonly #slots: Slot[] = [];
  /** With 0 for CONNECT and PINGREQ, which have no packet id. */
  readonly #questions = new OpenQuestions();
  #count = 0;
  #rtt: number | null = null;
  /** In this turn of the event loop. */
  #passed: Passed[] = [];
  /** When bytes were last asked for; null = they are not kept. */
  #looked: number | null = null;
  #forgetting: NodeJS.Timeout | undefined;

  /** `now` = monotonic ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * The smoothed time from a question (CONNECT, PUBLISH with QoS 1, SUBSCRIBE, PINGREQ …) to its answer in ms, as TCP smooths its own; null
   * before the first.
   */
  get rtt(): number | null {
    this.#catchUp();
    return this.#rtt;
  }

  /** Somebody looks at the bytes. */
  get wantsBytes(): boolean {
    return this.#looked !== null;
  }

  /** To be called with every packet, before its answer can come. It is looked at behind this turn of the event loop: no state waits for that. */
  packet(direction: "sent" | "received", packet: Packet, wire?: WireBytes): void {
    const at = this.#now();
    if (this.#looked !== null && at - this.#looked > bytesPatience) this.#forgetBytes();
    if (this.#passed.push({ at, sent: direction === "sent", packet, wire }) === 1) setImmediate(() => this.#catchUp());
  }

  #catchUp(): void {
    const passed = this.#passed;
    this.#passed = [];
    for (const each of passed) this.#keep(each);
  }

  #keep({ at, sent, packet, wire }: Passed): void {
    const slot = this.#slot();
    slot.at = at;
    slot.sent = sent;
    slot.type = packet.cmd;
    slot.topic = undefined;
    slot.qos = undefined;
    slot.flags = 0;
    slot.size = undefined;
    slot.reason = undefined;
    slot.rtt = Number.NaN;
    slot.wire = this.#looked === null ? undefined : wire;
    // The library writes 0 where MQTT has none.
    slot.id = packet.messageId || undefined;
    let asks = false;
    switch (packet.cmd) {
      case "publish":
        slot.topic = shortened(packet.topic);
        slot.qos = packet.qos;
        slot.flags = (packet.retain ? retained : 0) | (packet.dup ? duplicate : 0);
        slot.size = typeof packet.payload === "string" ? Buffer.byteLength(packet.payload) : packet.payload.length;
        asks = packet.qos > 0;
        break;
      case "connect":
        this.#questions.clear();
        asks = true;
        break;
      case "subscribe":
        slot.topic = shortened(packet.subscriptions.map(({ topic }) => topic).join(" "));
        asks = true;
        break;
      case "unsubscribe":
        slot.topic = shortened(packet.unsubscriptions.join(" "));
        asks = true;
        break;
      case "pingreq":
        asks = true;
        break;
      case "connack":
        slot.reason = packet.reasonCode ?? packet.returnCode;
        break;
      case "suback":
        slot.reason = packet.granted.map(Number).find((code) => code >= 0x80) ?? 0;
        break;
      case "puback":
      case "disconnect":
        slot.reason = packet.reasonCode;
        break;
      default:
    }
    const question = packet.messageId ?? 0;
    if (sent && asks) this.#questions.asked(question, at);
    else if (!sent && packet.cmd !== "publish") slot.rtt = this.#answered(question, at);
  }

  /** What came after the packet with this number, oldest first. */
  since(number: number, isoTime: (at: number) => string): TraceEntry[] {
    this.#catchUp();
    const entries: TraceEntry[] = [];
    for (let at = Math.max(number, this.#count - kept, 0); at < this.#count; at++) {
      const slot = this.#slots[at % kept];
      if (slot) entries.push(entryOf(slot, at + 1, isoTime));
    }
    return entries;
  }

  /** The bytes of the packet with this number; null when they are not kept (any more). The first question begins it. */
  bytes(number: number): PacketBytes | null {
    this.#catchUp();
    this.#looked = this.#now();
    this.#forgetting ??= setInterval(() => this.#forgetLate(), bytesPatience).unref();
    const oldest = Math.max(0, this.#count - kept) + 1;
    const wire = number >= oldest && number <= this.#count ? this.#slots[(number - 1) % kept]?.wire : undefined;
    return wire === undefined ? null : { number, size: wire.size, hex: wire.bytes.toString("hex") };
  }

  /** Also while no packet comes. */
  #forgetLate(): void {
    if (this.#looked !== null && this.#now() - this.#looked > bytesPatience) this.#forgetBytes();
  }

  #forgetBytes(): void {
    clearInterval(this.#forgetting);
    this.#forgetting = undefined;
    this.#looked = null;
    for (const slot of this.#slots) slot.wire = undefined;
  }

  #slot(): Slot {
    const index = this.#count++ % kept;
    const used = this.#slots[index];
    if (used) return used;
    const slot = { ...unused };
    this.#slots.push(slot);
    return slot;
  }

  #answered(question: number, at: number): number {
    const asked = this.#questions.answered(question);
    if (asked === undefined) return Number.NaN;
    const rtt = at - asked;
    this.#rtt = this.#rtt === null ? rtt : this.#rtt + (rtt - this.#rtt) / 8;
    return rtt;
  }
}

function entryOf({ at, sent, type, id, topic, qos, flags, size, reason, rtt }: Slot, number: number, isoTime: (at: number) => string) {
  return {
    number,
    at: isoTime(at),
    direction: sent ? ("sent" as const) : ("received" as const),
    type: type.toUpperCase(),
    ...(id !== undefined && { id }),
    ...(topic !== undefined && { topic }),
    ...(qos !== undefined && { qos, retain: (flags & retained) !== 0, dup: (flags & duplicate) !== 0 }),
    ...(size !== undefined && { size }),
    ...(reason !== undefined && { reason }),
    ...(!Number.isNaN(rtt) && { rtt_ms: Math.round(rtt * 1000) / 1000 }),
  };
}

/** A copy when it is cut: a slice would keep the whole text in memory. */
function shortened(text: string): string {
  return text.length <= maxTopic ? text : Buffer.from(`${text.slice(0, maxTopic - 1)}…`).toString();
}
