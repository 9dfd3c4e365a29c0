import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { messageStream } from "../../../agent/shell/message-stream.ts";

/** The other side sends message after message, as long as it is let. */
class Flood extends EventEmitter {
  isPaused = false;
  readonly OPEN = 1;
  readonly readyState = 1;
  pause() {
    this.isPaused = true;
  }
  resume() {
    this.isPaused = false;
  }
  terminate() {}
  send(size: number, most: number): number {
    let sent = 0;
    for (; sent < most && !this.isPaused; sent++) this.emit("message", Buffer.alloc(size, sent), true);
    return sent;
  }
}

test.each([1, 100, 4096])("messages of %i bytes wait with the other side when nobody reads, and all arrive", (size) => {
  const flood = new Flood();
  const stream = messageStream(flood as unknown as WebSocket, new PassThrough());
  const first = flood.send(size, 100_000);
  expect(first * size).toBeLessThan(2048 + size);
  const got: Buffer[] = [];
  stream.on("data", (bytes: Buffer) => got.push(bytes));
  for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null);
  expect(Buffer.concat(got)).toHaveLength(first * size);
  expect(flood.isPaused).toBe(false);
  stream.destroy();
});
