import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { MqttVersion } from "../../../agent/shell/link.ts";
import { packet } from "../embedded/packets.ts";

/** What came in: the first byte, and what follows the remaining length. */
export interface Packet {
  type: number;
  flags: number;
  body: Buffer;
}

/** True: the script has dealt with the packet; else it is answered as a good broker would. */
export type Script = (socket: Socket, packet: Packet) => boolean;

export interface HostileBroker {
  url: string;
  port: number;
  /** Undefined: it behaves. */
  script: Script | undefined;
  sockets: Set<Socket>;
  /** Topics of what was published here. */
  topics: string[];
  stop(): Promise<void>;
}

/** A broker that speaks MQTT by hand, as each test says. */
export async function startHostile(version: MqttVersion): Promise<HostileBroker> {
  const sockets = new Set<Socket>();
  const broker: HostileBroker = {
    url: "",
    port: 0,
    script: undefined,
    sockets,
    topics: [],
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    let held: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      held = Buffer.concat([held, chunk]);
      for (let next = packetIn(held); next; next = packetIn(held)) {
        held = held.subarray(next.end);
        if (broker.script?.(socket, next.packet) !== true) answer(socket, next.packet, version, broker.topics);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  broker.port = (server.address() as { port: number }).port;
  broker.url = `mqtt://127.0.0.1:${broker.port}`;
  return broker;
}

function packetIn(bytes: Buffer): { packet: Packet; end: number } | undefined {
  let length = 0;
  for (let count = 1; count <= 4; count++) {
    const byte = bytes[count];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** (count - 1);
    if (byte >= 0x80) continue;
    const end = count + 1 + length;
    const first = bytes[0] ?? 0;
    return bytes.length < end ? undefined : { packet: { type: first >> 4, flags: first & 15, body: bytes.subarray(count + 1, end) }, end };
  }
  return undefined;
}

function answer(socket: Socket, { type, flags, body }: Packet, version: MqttVersion, topics: string[]): void {
  const five = version === "5" ? [0] : [];
  if (type === 1) socket.write(packet(0x20, [0, 0], five));
  if (type === 3) {
    const end = 2 + body.readUInt16BE(0);
    topics.push(body.toString("utf8", 2, end));
    if ((flags & 6) === 2) socket.write(packet(0x40, body.subarray(end, end + 2)));
  }
  if (type === 8) {
    const codes: number[] = [];
    for (let at = 2 + five.length; at < body.length; at += 3 + body.readUInt16BE(at)) codes.push(1);
    socket.write(packet(0x90, body.subarray(0, 2), five, codes));
  }
  if (type === 12) socket.write(packet(0xd0));
}
