import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { patience } from "../shell/fixture.ts";
import { packet, text } from "./packets.ts";

/** A packet as it came: its first byte and what is behind its length. */
export interface Received {
  first: number;
  body: Buffer;
}

export interface Wire {
  send(...bytes: (Buffer | readonly number[])[]): void;
  readonly received: readonly Received[];
  /** The next packet that is of this kind, or "closed". PUBLISH is any of 0x30 to 0x3f. */
  next(first: number): Promise<Received | "closed">;
  /** After PINGREQ: "stays" when it is answered, "closes" when the connection is ended. */
  fate(): Promise<"stays" | "closes">;
  /** Without goodbye. */
  cut(): void;
  /** Resolves when the connection is over. */
  readonly over: Promise<void>;
}

/** A connection on which nothing is sent by itself. */
export async function openWire(port: number): Promise<Wire> {
  const socket: Socket = createConnection({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "connect");
  socket.on("error", () => undefined);
  const received: Received[] = [];
  const listeners = new Set<() => void>();
  let buffered = Buffer.alloc(0);
  let closed = false;
  const over = new Promise<void>((resolve) => {
    socket.once("close", () => {
      closed = true;
      for (const listener of listeners) listener();
      resolve();
    });
  });
  socket.on("end", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (let whole = split(buffered); whole; whole = split(buffered)) {
      received.push(whole.packet);
      buffered = buffered.subarray(whole.length);
    }
    for (const listener of listeners) listener();
  });
  let taken = 0;
  const next = (first: number) =>
    new Promise<Received | "closed">((resolve, reject) => {
      const settle = (found: Received | "closed") => {
        clearTimeout(giveUp);
        listeners.delete(look);
        resolve(found);
      };
      const look = () => {
        const index = received.findIndex((one, place) => place >= taken && same(one.first, first));
        if (index >= 0) taken = index + 1;
        if (index >= 0) settle(received[index] as Received);
        else if (closed) settle("closed");
      };
      const giveUp = setTimeout(() => reject(new Error(`no packet 0x${first.toString(16)} came`)), patience.timeout);
      listeners.add(look);
      look();
    });
  return {
    send: (...bytes) => void socket.write(Buffer.concat(bytes.map((part) => Buffer.from(part)))),
    received,
    next,
    fate: async () => {
      if (!closed) socket.write(Buffer.from([0xc0, 0]));
      return (await next(0xd0)) === "closed" ? "closes" : "stays";
    },
    cut: () => socket.destroy(),
    over,
  };
}

export interface ConnectFields {
  id?: string | Buffer;
  name?: string;
  level?: number;
  /** Default: clean session, and what the other fields need. */
  flags?: number;
  keepalive?: number;
  will?: { topic: string | Buffer; payload: string; qos?: number; retain?: boolean };
  username?: string | Buffer;
  password?: string;
  clean?: boolean;
}

export function connectPacket(fields: ConnectFields = {}): Buffer {
  const { id = "c", name = "MQTT", level = 4, keepalive = 60, will, username, password, clean = true } = fields;
  const bits = [
    clean && 0x02,
    will && 0x04 | ((will.qos ?? 0) << 3) | (will.retain ? 0x20 : 0),
    password !== undefined && 0x40,
    username !== undefined && 0x80,
  ];
  const flags = fields.flags ?? bits.reduce<number>((sum, bit) => sum | (bit || 0), 0);
  const rest = [id, will?.topic, will?.payload, username, password].flatMap((value) => (value === undefined ? [] : [text(value)]));
  return packet(0x10, text(name), [level, flags, keepalive >> 8, keepalive & 0xff], ...rest);
}

export function publishPacket(
  topic: string | Buffer,
  payload: string,
  { qos = 0, retain = false, dup = false, id = 1 }: { qos?: number; retain?: boolean; dup?: boolean; id?: number } = {},
): Buffer {
  return packet(0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0), text(topic), qos > 0 ? [id >> 8, id & 0xff] : [], payload);
}

export function subscribePacket(filters: readonly (readonly [filter: string | Buffer, qos: number])[], id = 1): Buffer {
  return packet(0x82, [id >> 8, id & 0xff], ...filters.flatMap(([filter, qos]) => [text(filter), [qos]]));
}

export function unsubscribePacket(filters: readonly string[], id = 1): Buffer {
  return packet(0xa2, [id >> 8, id & 0xff], ...filters.map((filter) => text(filter)));
}

export interface Message {
  topic: string;
  payload: string;
  qos: number;
  retain: boolean;
  dup: boolean;
  id: number;
}

export function messageOf({ first, body }: Received): Message {
  const topicEnd = 2 + body.readUInt16BE(0);
  const qos = (first >> 1) & 3;
  return {
    topic: body.toString("utf8", 2, topicEnd),
    payload: body.toString("utf8", topicEnd + (qos > 0 ? 2 : 0)),
    qos,
    retain: (first & 1) === 1,
    dup: (first & 8) === 8,
    id: qos > 0 ? body.readUInt16BE(topicEnd) : 0,
  };
}

function same(first: number, wanted: number): boolean {
  return wanted === 0x30 ? first >> 4 === 3 : first === wanted;
}

/** The first whole packet of these bytes. */
function split(bytes: Buffer): { packet: Received; length: number } | undefined {
  let length = 0;
  for (let at = 1; at < bytes.length && at < 5; at++) {
    const byte = bytes[at] ?? 0;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if (byte >= 0x80) continue;
    if (bytes.length < at + 1 + length) return undefined;
    return { packet: { first: bytes[0] ?? 0, body: Buffer.from(bytes.subarray(at + 1, at + 1 + length)) }, length: at + 1 + length };
  }
  return undefined;
}
