import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { MqttVersion } from "../../../agent/shell/link.ts";
import { packet, text } from "../embedded/packets.ts";
import type { Packet } from "./hostile-broker.ts";

/** A source of chance that says the same for the same seed. */
export interface Chance {
  /** In [0, 1). */
  part(): number;
  below(limit: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
}

/** By mulberry32. */
export function chanceOf(seed: number): Chance {
  let state = seed | 0;
  const part = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(part() * limit);
  return { part, below, pick: (from) => from[below(from.length)] ?? from[0] };
}

/** What a broker may send that has lost its mind: packets of every kind, most of them well formed, with properties that are not. */
export class OddPackets {
  readonly #chance: Chance;
  readonly #version: MqttVersion;
  readonly #topics: readonly [string, ...string[]];
  /** The packet identifier that the client used last. */
  id: Buffer = Buffer.from([0, 1]);

  constructor(chance: Chance, version: MqttVersion, topics: readonly [string, ...string[]]) {
    this.#chance = chance;
    this.#version = version;
    this.#topics = topics;
  }

  /** Looks for the identifier of a packet of the client. */
  sees({ type, flags, body }: Packet): void {
    if (type === 8 || type === 10) this.id = body.subarray(0, 2);
    if (type !== 3 || (flags & 6) === 0) return;
    const end = 2 + body.readUInt16BE(0);
    this.id = body.subarray(end, end + 2);
  }

  next(): Buffer {
    const { part, below } = this.#chance;
    const bytes = Buffer.from(this.#whole());
    if (bytes.length > 0 && part() < 0.15) bytes[below(bytes.length)] = below(256);
    return part() < 0.07 ? bytes.subarray(0, below(bytes.length)) : bytes;
  }

  #whole(): Buffer {
    const { part, below, pick } = this.#chance;
    const id = part() < 0.7 ? this.id : this.#bytes(2);
    const codes = (count: number) => Array.from({ length: count }, () => pick([0, 1, 2, 3, 0x80, 0x87, 0x8f]));
    const topic = () => text(pick(this.#topics));
    const payload = () => pick(["ON", "OFF", "", "{}", "x".repeat(300)]);
    return pick([
      () => packet(0x30 | below(16), topic(), part() < 0.7 ? this.#bytes(2) : [], this.#properties(), payload()),
      () => packet(0x30, topic(), this.#properties(), payload()),
      () => packet(0x32, topic(), this.#bytes(2), this.#properties(), payload()),
      () => packet(0x40, id, part() < 0.5 ? codes(1) : [], part() < 0.5 ? this.#properties() : []),
      () => packet(0x50, id, part() < 0.5 ? codes(1) : []),
      () => packet(0x62, id),
      () => packet(0x70, id),
      () => packet(0x90, id, this.#properties(), codes(below(8))),
      () => packet(0xb0, id, this.#properties(), codes(1)),
      () => packet(0xd0),
      () => packet(0xe0, part() < 0.8 ? [pick([0, 0x8b, 0x8e, 0x97, 0x9c, 0x9d])] : [], this.#properties()),
      () => packet(0xf0, [below(30)], this.#properties()),
      () => packet(0x20, [below(2), pick([0, 0, 1, 5, 0x84])], this.#properties()),
      () => packet(below(256), this.#bytes(8), this.#properties()),
      () => this.#bytes(below(20)),
    ])();
  }

  /** CONNACK that says yes, perhaps with terms that nobody can keep to. */
  greeting(): Buffer {
    return packet(0x20, [0, 0], this.#chance.part() < 0.4 ? this.#properties() : this.none);
  }

  /** No properties. */
  get none(): number[] {
    return this.#version === "5" ? [0] : [];
  }

  #properties(): Buffer {
    if (this.#version !== "5") return Buffer.alloc(0);
    const { part, below, pick } = this.#chance;
    const parts: Buffer[] = [];
    for (let count = below(4); count > 0; count--) {
      const [code, value] = pick(properties);
      const times = part() < 0.3 ? 2 : 1;
      for (let time = 0; time < times; time++) parts.push(Buffer.from([code]), this.#value(value));
    }
    const all = Buffer.concat(parts);
    const cut = part() < 0.2 ? all.subarray(0, below(all.length + 1)) : all;
    const length = part() < 0.1 ? below(128) : cut.length;
    return Buffer.concat([Buffer.from(length < 128 ? [length] : [(length & 127) | 128, length >> 7]), cut]);
  }

  #value(value: 1 | 2 | 4 | "text" | "pair"): Buffer {
    const { part, pick } = this.#chance;
    const words = () => text(pick(["", "a", "t/answer", "127.0.0.1:1", "x".repeat(40), "\0", "+/#"]));
    if (value === "text") return words();
    if (value === "pair") return Buffer.concat([words(), words()]);
    const all = part() < 0.3 ? Buffer.alloc(value) : this.#bytes(value);
    return part() < 0.3 ? Buffer.alloc(value).fill(1, value - 1) : all;
  }

  #bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.#chance.below(256)));
  }
}

/** Each property of MQTT 5 and what its value is [section 2.2.2.2]. */
const properties: readonly [[number, 1 | 2 | 4 | "text" | "pair"], ...[number, 1 | 2 | 4 | "text" | "pair"][]] = [
  [1, 1],
  [2, 4],
  [3, "text"],
  [8, "text"],
  [9, "text"],
  [11, 1],
  [17, 4],
  [18, "text"],
  [19, 2],
  [21, "text"],
  [22, "text"],
  [23, 1],
  [24, 4],
  [25, 1],
  [26, "text"],
  [28, "text"],
  [31, "text"],
  [33, 2],
  [34, 2],
  [35, 2],
  [36, 1],
  [37, 1],
  [38, "pair"],
  [39, 4],
  [40, 1],
  [41, 1],
  [42, 1],
];

/** One connection of a broker that behaves for a while. Returns whether it has dealt with a packet itself. */
export function lifeOf(chance: Chance, odd: OddPackets): (socket: Socket | Duplex, packet: Packet) => boolean {
  let good = chance.below(12);
  return (socket, incoming) => {
    odd.sees(incoming);
    if (good-- > 0) return false;
    const greets = incoming.type === 1 && chance.part() < 0.6;
    const sent = [...(greets ? [odd.greeting()] : []), ...Array.from({ length: 1 + chance.below(3) }, () => odd.next())];
    for (const bytes of sent) socket.write(bytes);
    const end = chance.part();
    if (end < 0.1) socket.end();
    else if (end < 0.2) socket.destroy();
    return greets || chance.part() < 0.4;
  };
}
