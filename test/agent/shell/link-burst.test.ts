import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { gatherWrites } from "../../../agent/shell/link-burst.ts";

/** Remembers how many chunks each write to the kernel would carry. */
function socket(): { stream: Duplex; writes: number[] } {
  const writes: number[] = [];
  const stream = new Duplex({
    read() {},
    write: (_chunk, _encoding, done) => {
      writes.push(1);
      done();
    },
    writev: (chunks, done) => {
      writes.push(chunks.length);
      done();
    },
  });
  return { stream, writes };
}

test("what a single packet causes is written at once", () => {
  const { stream, writes } = socket();
  gatherWrites()(stream);
  stream.write("answer");
  expect(writes).toEqual([1]);
});

test("what the later packets of a burst cause leaves in one write, in the same turn of the loop", async () => {
  const { stream, writes } = socket();
  const received = gatherWrites();
  for (let packet = 0; packet < 5; packet++) {
    received(stream);
    stream.write(`answer ${packet}`);
  }
  expect(writes).toEqual([1]);
  await turn();
  expect(writes).toEqual([1, 4]);
});

test("after a burst a single packet is written at once again", async () => {
  const { stream, writes } = socket();
  const received = gatherWrites();
  received(stream);
  received(stream);
  await turn();
  received(stream);
  stream.write("answer");
  expect(stream.writableCorked).toBe(0);
  expect(writes).toEqual([1]);
});

test("a connection that ends in the middle of a burst sends what was gathered", async () => {
  const { stream, writes } = socket();
  const received = gatherWrites();
  received(stream);
  received(stream);
  stream.write("offline");
  stream.end();
  await turn();
  expect(writes).toEqual([1]);
  expect(stream.writableFinished).toBe(true);
});
