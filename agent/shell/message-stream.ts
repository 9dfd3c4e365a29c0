import { Duplex } from "node:stream";
import type { WebSocket } from "ws";

/** WebSocket close code 1003: a kind of data that cannot be accepted (RFC 6455 section 7.4.1). */
const unsupported = 1003;
/** Bytes that may wait to be read. A message of one byte takes a hundred and more, and a packet may come byte by byte. */
const mayWait = 2048;

/**
 * The bytes in the binary messages of a WebSocket, whose borders mean nothing [MQTT 5, section 6]; what is written in one go leaves as one
 * message. `socket` is what the WebSocket stands on, and ends with the stream. A text message ends it with an error.
 */
export function messageStream(ws: WebSocket, socket: Duplex): Duplex {
  const send = (bytes: Buffer, done: (error?: Error | null) => void) => {
    if (ws.readyState === ws.CONNECTING) ws.once("open", () => ws.send(bytes, done));
    else ws.send(bytes, done);
  };
  const stream = new Duplex({
    allowHalfOpen: false,
    readableHighWaterMark: mayWait,
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
  ws.on("message", (data, isBinary) => {
    if (!isBinary) {
      ws.close(unsupported);
      stream.destroy(Object.assign(new Error("a text message"), { code: "WS_ERR_TEXT" }));
    } else if (!stream.push(data) && ws.readyState === ws.OPEN) ws.pause();
  });
  ws.on("close", () => stream.push(null));
  ws.on("error", (error) => stream.destroy(error));
  return stream;
}
