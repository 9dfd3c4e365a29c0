import { createConnection, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { Broker } from "../../../agent/embedded/broker-terms.ts";
import { messageStream } from "../../../agent/shell/message-stream.ts";
import { packet } from "./packets.ts";
import { type Message, messageOf, type Received } from "./wire.ts";

export const transports = ["tcp", "ws", "inside"] as const;
export type Transport = (typeof transports)[number];

const number = (value: number) => [value >> 8, value & 255];
const goodbye = Buffer.from([0xe0, 0]);
const ping = Buffer.from([0xc0, 0]);

/** One connection of somebody who keeps to no manners: it can stop to read and to acknowledge, and leaves as it likes. */
export class ChaosLink {
  readonly name: string;
  readonly transport: Transport;
  readonly #stream: Duplex;
  readonly #socket: Socket | undefined;
  readonly messages: Message[] = [];
  /** What was asked and is not answered yet: type of the answer and identifier. */
  readonly owed = new Map<string, () => void>();
  /** What its CONNECT was answered with. */
  connack: { code: number; session: boolean } | undefined;
  /** It has said goodbye, or ended the connection otherwise. */
  left = false;
  #rest: Buffer = Buffer.alloc(0);
  #withheld: Buffer[] | undefined;
  #pings = 0;
  readonly closed: Promise<void>;

  constructor(name: string, transport: Transport, broker: Broker) {
    this.name = name;
    this.transport = transport;
    const port = broker.addresses.find(({ protocol }) => protocol === (transport === "ws" ? "ws" : "mqtt"))?.port ?? 0;
    this.#socket = transport === "inside" ? undefined : createConnection({ host: "127.0.0.1", port, noDelay: true });
    const socket = this.#socket?.on("error", () => undefined);
    if (!socket) this.#stream = broker.connect();
    else if (transport === "tcp") this.#stream = socket;
    else this.#stream = messageStream(new WebSocket(`ws://127.0.0.1:${port}/`, "mqtt", { createConnection: () => socket }), socket);
    this.#stream.on("error", () => undefined);
    this.#stream.on("data", (chunk: Buffer) => this.#came(chunk));
    this.closed = new Promise((resolve) => this.#stream.once("close", () => resolve()));
  }

  get letIn(): boolean {
    return this.connack?.code === 0;
  }

  get isClosed(): boolean {
    return this.#stream.closed;
  }

  get open(): boolean {
    return !this.left && !this.#stream.destroyed && this.#stream.writable;
  }

  /** In one piece. */
  send(...packets: Buffer[]): void {
    if (this.open) this.#stream.write(Buffer.concat(packets));
  }

  owes(type: number, id: number, answered: () => void = () => {}): void {
    this.owed.set(`${type}:${id}`, answered);
  }

  /** Resolves when what was sent before is answered. */
  ping(): Buffer {
    this.owes(0xd, ++this.#pings);
    return ping;
  }

  pause(): void {
    this.#stream.pause();
  }
  resume(): void {
    this.#stream.resume();
  }
  withhold(): void {
    this.#withheld ??= [];
  }
  acknowledge(): void {
    const all = this.#withheld ?? [];
    this.#withheld = undefined;
    if (all.length > 0) this.send(...all);
  }

  disconnect(...before: Buffer[]): void {
    this.send(...before, goodbye);
    this.left = true;
  }
  halfClose(): void {
    this.left = true;
    this.#stream.end();
  }
  reset(): void {
    this.left = true;
    if (this.#socket) this.#socket.resetAndDestroy();
    else this.#stream.destroy();
  }
  /** With what is not read. */
  destroy(): void {
    this.left = true;
    this.#stream.destroy();
  }

  #came(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      let [length, at, shift] = [0, 1, 0];
      let isWhole = false;
      while (at < this.#rest.length && !isWhole) {
        const byte = this.#rest[at++] ?? 0;
        length += (byte & 127) << shift;
        shift += 7;
        isWhole = byte < 128;
      }
      if (!isWhole || this.#rest.length < at + length) return;
      this.#took({ first: this.#rest[0] ?? 0, body: this.#rest.subarray(at, at + length) });
      this.#rest = this.#rest.subarray(at + length);
    }
  }

  #took(received: Received): void {
    const { first, body } = received;
    const type = first >> 4;
    const id = body.length >= 2 ? body.readUInt16BE(0) : 0;
    if (type === 2) this.connack = { code: body[1] ?? 0, session: body[0] === 1 };
    else if (type === 3) {
      const message = messageOf({ first, body: Buffer.from(body) });
      this.messages.push(message);
      if (message.qos > 0) this.#answer(packet(message.qos === 1 ? 0x40 : 0x50, number(message.id)));
    } else if (type === 5) {
      this.#settle(5, id);
      this.owes(7, id);
      this.send(packet(0x62, number(id)));
    } else if (type === 6) this.#answer(packet(0x70, number(id)));
    else if (type === 13) this.owed.delete([...this.owed.keys()].find((key) => key.startsWith("13:")) ?? "");
    else this.#settle(type, id);
  }

  #settle(type: number, id: number): void {
    this.owed.get(`${type}:${id}`)?.();
    this.owed.delete(`${type}:${id}`);
  }

  #answer(bytes: Buffer): void {
    if (this.#withheld) this.#withheld.push(bytes);
    else this.send(bytes);
  }
}
