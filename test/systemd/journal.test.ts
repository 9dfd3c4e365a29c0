import { PassThrough, Writable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type JournalEntry, openJournal } from "../../systemd/journal.ts";
import { encodeEntry } from "../../systemd/journal-entry.ts";

const entry = (message: string, fields: Record<string, string> = {}): JournalEntry => ({ message, priority: 6, fields });

/** Reads a datagram as journald does. */
function decode(datagram: Buffer): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at < datagram.length; ) {
    const lineEnd = datagram.indexOf(10, at);
    const line = datagram.toString("utf8", at, lineEnd);
    const equals = line.indexOf("=");
    if (equals >= 0) {
      fields[line.slice(0, equals)] = line.slice(equals + 1);
      at = lineEnd + 1;
    } else {
      const length = Number(datagram.readBigUInt64LE(lineEnd + 1));
      fields[line] = datagram.toString("utf8", lineEnd + 9, lineEnd + 9 + length);
      expect(datagram[lineEnd + 9 + length]).toBe(10);
      at = lineEnd + 10 + length;
    }
  }
  return fields;
}

test("an entry carries message, priority, identifier and its own fields", () => {
  expect(decode(encodeEntry(entry("lamp on", { PINBUS_OUTPUT: "lamp" }), "pinbus"))).toEqual({
    MESSAGE: "lamp on",
    PRIORITY: "6",
    SYSLOG_IDENTIFIER: "pinbus",
    PINBUS_OUTPUT: "lamp",
  });
});

test("whatever the texts hold, journald reads back what was written, and a value cannot become another field", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), fc.string({ maxLength: 200 }), (message, value) => {
      const fields = decode(encodeEntry(entry(`${message}\n=`, { PINBUS_TOPIC: value }), "pinbus"));
      expect(Object.keys(fields).sort()).toEqual(["MESSAGE", "PINBUS_TOPIC", "PRIORITY", "SYSLOG_IDENTIFIER"]);
      expect(fields.MESSAGE).toBe(`${message}\n=`);
      expect(fields.PINBUS_TOPIC).toBe(value);
    }),
  );
});

test("field names that journald would drop or that are its own are left out", () => {
  const fields = { _PID: "1", "a-b": "x", lower: "x", MESSAGE: "forged", PRIORITY: "0", OK: "yes" };
  expect(decode(encodeEntry(entry("m", fields), "pinbus"))).toEqual({
    MESSAGE: "m",
    PRIORITY: "6",
    SYSLOG_IDENTIFIER: "pinbus",
    OK: "yes",
  });
});

test("an entry stays below 48 KiB and is cut between characters", () => {
  const fields = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`F${i}`, "é".repeat(5000)]));
  const datagram = encodeEntry(entry("ü".repeat(100_000), fields), "pinbus");
  expect(datagram.length).toBeLessThanOrEqual(48 * 1024);
  for (const value of Object.values(decode(datagram))) expect(value).not.toContain("\uFFFD");
  expect(encodeEntry(entry("ü".repeat(100_000)), "pinbus").length).toBeGreaterThan(40 * 1024);
});

test("a process that does not log to the journal has none", () => {
  expect(openJournal({})).toBeUndefined();
  expect(openJournal({ JOURNAL_STREAM: "1:2" })).toBeUndefined();
});

test("on a stream each line gets the priority", async () => {
  const stdout = new PassThrough();
  const journal = openJournal({}, { stdout, streaming: true });
  journal?.write({ message: "it failed\nbecause", priority: 3, fields: { PINBUS_OUTPUT: "lamp" } });
  await journal?.close();
  expect(String(stdout.read())).toBe("<3>it failed\n<3>because\n");
});

test("a stream that nobody reads costs entries, not memory", () => {
  const stdout = new Writable({ write: () => {} });
  const journal = openJournal({}, { stdout, streaming: true });
  for (let i = 0; i < 100; i++) journal?.write(entry("x".repeat(40_000)));
  expect(journal?.dropped).toBeGreaterThan(50);
  expect(stdout.writableLength).toBeLessThan(1.2 * 1024 * 1024);
});

test("a gap is told in the journal as soon as there is room again", () => {
  const received: string[] = [];
  let release = () => {};
  const journal = openJournal(
    {},
    {
      send: (message, done) => {
        received.push(decode(message).MESSAGE ?? "");
        release = () => done(null);
      },
    },
  );
  for (let i = 0; i < 1011; i++) journal?.write(entry(`entry ${i}`));
  expect(journal?.dropped).toBe(10);
  for (let i = 0; i < 1001; i++) release();
  journal?.write(entry("after"));
  release();
  expect(received.slice(-2)).toEqual([expect.stringContaining("10 log entries are missing here"), "after"]);
  expect(received).toHaveLength(1003);
  expect(journal?.dropped).toBe(10);
});

test("a stalled journald does not hold up the stop for longer than its bound", async () => {
  const journal = openJournal({}, { send: () => {} });
  journal?.write(entry("never taken"));
  const before = performance.now();
  await journal?.close();
  expect(performance.now() - before).toBeLessThan(5000);
});
