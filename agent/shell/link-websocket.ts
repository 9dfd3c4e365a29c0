import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { maxIncomingBytes } from "./link-client.ts";

const load = createRequire(import.meta.url);

/** A broker may put several packets into one message; a larger message ends the connection before it is collected. */
const maxMessageBytes = 4 * maxIncomingBytes;

/**
 * MQTT over WebSocket [MQTT 5, section 6] on a socket that is being connected: what is written leaves as binary messages, whose borders mean
 * nothing. `opened` is called when the server has agreed.
 */
export function webSocketStream(socket: Socket, address: { host: string; path: string; secure: boolean }, opened: () => void): Duplex {
  // Loaded late: few links need it.
  const { WebSocket: Client } = load("ws") as typeof import("ws");
  const { host, path, secure } = address;
  const ws: WebSocket = new Client(`${secure ? "wss" : "ws"}://${host}${path}`, "mqtt", {
    createConnection: () => socket,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
  });
  const send = (bytes: Buffer, done: (error?: Error | null) => void) => {
    if (ws.readyState === ws.CONNECTING) ws.once("open", () => ws.send(bytes, done));
    else ws.send(bytes, done);
  };
  const stream = new Duplex({
    allowHalfOpen: false,
    read() {
      if (ws.isPaused) ws.resume();
    },
    write: (chunk: Buffer, _encoding, done) => send(chunk, done),
    writev: (chunks, done) => send(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done),
    final(done) {
      ws.close();
      done();
    },
    destroy(error, done) {
      ws.terminate();
      socket.destroy();
      done(error);
    },
  });
  ws.on("open", opened);
  ws.on("message", (data, isBinary) => {
    if (!isBinary) stream.destroy(Object.assign(new Error("a text message"), { code: "WS_ERR_TEXT" }));
    else if (!stream.push(data) && ws.readyState === ws.OPEN) ws.pause();
  });
  ws.on("close", () => stream.push(null));
  ws.on("error", (error) => stream.destroy(error));
  return Object.defineProperties(stream, {
    bytesRead: { get: () => socket.bytesRead },
    bytesWritten: { get: () => socket.bytesWritten },
    localAddress: { get: () => socket.localAddress },
  });
}
