import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Send, Sender, sendThrough } from "../../systemd/sender.ts";

/** A receiver that takes a message only when told to. */
function slowReceiver() {
  const received: string[] = [];
  const pending: ((error: Error | null) => void)[] = [];
  const send: Send = (message, done) => {
    received.push(message.toString());
    pending.push(done);
  };
  return { received, send, release: (error: Error | null = null) => pending.shift()?.(error) };
}

test("only one message is in flight, the others follow in order", () => {
  const receiver = slowReceiver();
  const sender = new Sender(receiver.send, 10);
  for (const text of ["a", "b", "c"]) sender.push(Buffer.from(text));
  expect(receiver.received).toEqual(["a"]);
  receiver.release();
  expect(receiver.received).toEqual(["a", "b"]);
  receiver.release();
  expect(receiver.received).toEqual(["a", "b", "c"]);
});

test("a message without room is refused, not kept", () => {
  const receiver = slowReceiver();
  const sender = new Sender(receiver.send, 2);
  const taken = ["a", "b", "c", "d"].map((text) => sender.push(Buffer.from(text)));
  expect(taken).toEqual([true, true, true, false]);
});

test("an error is counted and told, and the next message still goes", () => {
  const receiver = slowReceiver();
  const problems: string[] = [];
  const sender = new Sender(receiver.send, 10, (error) => problems.push(error.message));
  sender.push(Buffer.from("a"));
  sender.push(Buffer.from("b"));
  receiver.release(new Error("no buffer space"));
  expect(sender.refused).toBe(1);
  expect(problems).toEqual(["no buffer space"]);
  expect(receiver.received).toEqual(["a", "b"]);
});

test("drained resolves when the last message is gone, and says so when it is not", async () => {
  const receiver = slowReceiver();
  const sender = new Sender(receiver.send, 10);
  expect(await sender.drained(1)).toBe(true);
  sender.push(Buffer.from("a"));
  expect(await sender.drained(1)).toBe(false);
  const drained = sender.drained(10_000);
  receiver.release();
  expect(await drained).toBe(true);
});

test("a receiver that answers at once neither nests nor loses", async () => {
  const received: string[] = [];
  const sender = new Sender((message, done) => {
    received.push(message.toString());
    done(null);
  }, 1);
  for (let i = 0; i < 1000; i++) expect(sender.push(Buffer.from(String(i)))).toBe(true);
  expect(received).toHaveLength(1000);
  expect(await sender.drained(1)).toBe(true);
});

test("a real descriptor gets each message whole and in order", async () => {
  const dir = mkdtempSync(join(tmpdir(), "pinbus-sender-"));
  try {
    const fd = openSync(join(dir, "out"), "w");
    const sender = new Sender(sendThrough(fd), 10);
    for (const text of ["one\n", "two\n", "three\n"]) sender.push(Buffer.from(text));
    expect(await sender.drained(10_000)).toBe(true);
    closeSync(fd);
    expect(readFileSync(join(dir, "out"), "utf8")).toBe("one\ntwo\nthree\n");
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("a descriptor that is not open is an error of the message, not of the process", async () => {
  const problems: string[] = [];
  const sender = new Sender(sendThrough(9999), 10, (error) => problems.push(error.message));
  sender.push(Buffer.from("a"));
  expect(await sender.drained(10_000)).toBe(true);
  expect(problems).toEqual([expect.stringContaining("EBADF")]);
});
