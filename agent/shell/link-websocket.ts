import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { maxIncomingBytes } from "./link-client.ts";
import { messageStream } from "./message-stream.ts";

const load = createRequire(import.meta.url);

/** A broker may put several packets into one message; a larger message ends the connection before it is collected. */
const maxMessageBytes = 4 * maxIncomingBytes;

/** MQTT over WebSocket on a socket that is being connected. `opened` is called when the server has agreed. */
export function webSocketStream(socket: Socket, address: { host: string; path: string; secure: boolean }, opened: () => void): Duplex {
  // Loaded late: few links need it.
  const { WebSocket: Client } = load("ws") as typeof import("ws");
  const { host, path, secure } = address;
  const ws: WebSocket = new Client(`${secure ? "wss" : "ws"}://${host}${path}`, "mqtt", {
    createConnection: () => socket,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
  });
  ws.on("open", opened);
  return Object.defineProperties(messageStream(ws, socket), {
    bytesRead: { get: () => socket.bytesRead },
    bytesWritten: { get: () => socket.bytesWritten },
    localAddress: { get: () => socket.localAddress },
  });
}
