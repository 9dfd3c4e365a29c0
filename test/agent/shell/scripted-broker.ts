import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** What is done with each chunk that a client sends; `agree` is what a broker would do. */
export type Script = (socket: Socket, packet: Buffer, agree: (socket: Socket, packet: Buffer) => void) => unknown;

/** A broker of a few bytes that answers as a test says. */
export async function startScript(answer: Script): Promise<{ url: string; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => answer(socket, chunk, agree));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    url: `mqtt://127.0.0.1:${port}`,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Says yes to everything, as MQTT 3.1.1. */
function agree(socket: Socket, packet: Buffer): void {
  for (let at = 0; at < packet.length; ) {
    const type = (packet[at] ?? 0) >> 4;
    const body = at + 2;
    if (type === 1) socket.write(Buffer.from([0x20, 2, 0, 0]));
    if (type === 8) socket.write(Buffer.from([0x90, 4, packet[body] ?? 0, packet[body + 1] ?? 0, 1, 1]));
    if (type === 3 && ((packet[at] ?? 0) & 2) === 2) {
      const id = body + 2 + packet.readUInt16BE(body);
      socket.write(Buffer.from([0x40, 2, packet[id] ?? 0, packet[id + 1] ?? 0]));
    }
    at = body + (packet[at + 1] ?? 0);
  }
}
