import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { onTestFinished, vi } from "vitest";
import { patience } from "../shell/fixture.ts";
import { packet, text } from "./packets.ts";

export interface Got {
  /** Without its flags: 2 CONNACK, 3 PUBLISH, 4 PUBACK, 5 PUBREC, 6 PUBREL, 7 PUBCOMP, 9 SUBACK, 11 UNSUBACK. */
  type: number;
  qos: number;
  dup: boolean;
  retain: boolean;
  /** 0 for what has none. */
  id: number;
  topic: string;
  payload: string;
  body: Buffer;
}

const number = (value: number) => [value >> 8, value & 255];

/** A client by hand, which acknowledges only what it is told to. */
export class Wire {
  readonly got: Got[] = [];
  readonly socket: Socket;
  #rest = Buffer.alloc(0);
  #acknowledges = false;

  constructor(port: number) {
    this.socket = createConnection({ port, host: "127.0.0.1", noDelay: true }).on("error", () => undefined);
    this.socket.on("data", (chunk: Buffer) => this.#read(chunk));
  }

  /** Resolves with the CONNACK: whether a session was there. */
  async connect(client: string, { clean = false, acknowledges = true } = {}): Promise<boolean> {
    this.#acknowledges = acknowledges;
    this.socket.write(packet(0x10, text("MQTT"), [4, clean ? 2 : 0, 0, 0], text(client)));
    return (await this.next(2)).body[0] === 1;
  }

  async subscribe(filter: string, qos: 0 | 1 | 2): Promise<void> {
    this.socket.write(packet(0x82, number(7), text(filter), [qos]));
    await this.next(9);
  }

  async unsubscribe(filter: string): Promise<void> {
    this.socket.write(packet(0xa2, number(7), text(filter)));
    await this.next(11);
  }

  send(topic: string, payload: string | Buffer, { qos = 0, retain = false, id = 1, dup = false } = {}): void {
    const flags = (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
    this.socket.write(packet(0x30 | flags, text(topic), qos > 0 ? number(id) : [], Buffer.from(payload as string)));
  }

  acknowledge(type: number, id: number): void {
    this.socket.write(packet((type << 4) | (type === 6 ? 2 : 0), number(id)));
  }

  /** With QoS 1; resolves when it is acknowledged. */
  async publish(topic: string, payload: string | Buffer, { retain = false, id = 1 } = {}): Promise<void> {
    const before = this.count(4);
    this.send(topic, payload, { qos: 1, retain, id });
    await vi.waitFor(() => {
      if (this.count(4) === before) throw new Error(`no PUBACK for ${payload}`);
    }, patience);
  }

  count(type: number): number {
    return this.got.filter((one) => one.type === type).length;
  }

  get payloads(): string[] {
    return this.got.filter(({ type }) => type === 3).map(({ payload }) => payload);
  }

  /** The first packet of the type, once it is there. */
  async next(type: number): Promise<Got> {
    return vi.waitFor(() => {
      const found = this.got.find((one) => one.type === type);
      if (!found) throw new Error(`no packet of type ${type}`);
      return found;
    }, patience);
  }

  async close(): Promise<void> {
    if (this.socket.closed) return;
    this.socket.destroy();
    await once(this.socket, "close");
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      let [length, at, shift] = [0, 1, 0];
      for (; at < this.#rest.length; shift += 7) {
        const byte = this.#rest[at++] ?? 0;
        length += (byte & 127) << shift;
        if (byte < 128) break;
        if (at === this.#rest.length) return;
      }
      if (this.#rest.length < Math.max(2, at + length)) return;
      this.#packet(this.#rest[0] ?? 0, this.#rest.subarray(at, at + length));
      this.#rest = this.#rest.subarray(at + length);
    }
  }

  #packet(first: number, body: Buffer): void {
    const type = first >> 4;
    const qos = type === 3 ? (first >> 1) & 3 : 0;
    const end = type === 3 ? 2 + body.readUInt16BE(0) : 0;
    const id = type === 3 ? (qos > 0 ? body.readUInt16BE(end) : 0) : body.length >= 2 ? body.readUInt16BE(0) : 0;
    const topic = type === 3 ? body.toString("utf8", 2, end) : "";
    const payload = type === 3 ? body.toString("utf8", end + (qos > 0 ? 2 : 0)) : "";
    this.got.push({ type, qos, dup: (first & 8) !== 0, retain: type === 3 && (first & 1) !== 0, id, topic, payload, body });
    if (!this.#acknowledges) return;
    if (type === 3 && qos === 1) this.acknowledge(4, id);
    if (type === 3 && qos === 2) this.acknowledge(5, id);
    if (type === 5) this.acknowledge(6, id);
    if (type === 6) this.acknowledge(7, id);
  }
}

/** Connected; closed with the test. */
export async function wire(port: number, client: string, options: Parameters<Wire["connect"]>[1] = {}): Promise<Wire> {
  const made = new Wire(port);
  onTestFinished(() => made.close());
  await made.connect(client, options);
  return made;
}
