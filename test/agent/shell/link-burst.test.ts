import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { createBurst } from "../../../agent/shell/link-burst.ts";

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
  createBurst().received(stream);
  stream.write("answer");
  expect(writes).toEqual([1]);
});

test("what the later packets of a burst cause leaves in one write, in the same turn of the loop", async () => {
  const { stream, writes } = socket();
  const { received } = createBurst();
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
  const { received } = createBurst();
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
  const { received } = createBurst();
  received(stream);
  received(stream);
  stream.write("offline");
  stream.end();
  await turn();
  expect(writes).toEqual([1]);
  expect(stream.writableFinished).toBe(true);
});

/** As the library writes a packet: it leaves when the code that runs now has come to its end. */
function packet(stream: Duplex, bytes: string): void {
  stream.cork();
  process.nextTick(() => stream.uncork());
  stream.write(bytes);
}

test("a state that comes alone leaves before what is told behind it", async () => {
  const { stream, writes } = socket();
  const { told } = createBurst();
  packet(stream, "state");
  told(stream);
  packet(stream, "event");
  packet(stream, "answer");
  expect(writes).toEqual([1]);
  await turn();
  expect(writes).toEqual([1, 2]);
});

test("states that follow each other share their writes, until it is calm again", async () => {
  const { stream, writes } = socket();
  let now = 0;
  const { told } = createBurst(() => now);
  for (const [at, expected] of [
    [0, [1]],
    [3, [1]],
    [7, [1]],
    [12, [1, 2, 1]],
  ] as const) {
    now = at;
    packet(stream, "state");
    told(stream);
    expect(writes).toEqual(expected);
    if (at === 7) await turn();
  }
});

test("a state behind the first packet of a burst leaves with the others", async () => {
  const { stream, writes } = socket();
  const { received, told } = createBurst();
  received(stream);
  packet(stream, "answer");
  received(stream);
  packet(stream, "state");
  told(stream);
  expect(writes).toEqual([]);
  await turn();
  expect(writes).toEqual([2]);
});
