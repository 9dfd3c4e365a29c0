import fc from "fast-check";
import { expect, test } from "vitest";
import { type Recorded, readRecord, recordOf } from "../../tui/recorded.ts";

const message = {
  at: Date.UTC(2026, 10, 20, 10, 46, 2, 114),
  topic: "plant/door",
  payload: Buffer.from("open"),
  qos: 1,
  retain: true,
} as const;

test("a message is one line: text as text, anything else as base64", () => {
  const line = '{"at":"2026-11-20T10:46:02.114Z","topic":"plant/door","payload":"open","qos":1,"retain":true}';
  expect(JSON.stringify(recordOf(message))).toBe(line);
  const raw = { ...message, payload: Buffer.from([0xff, 0]), retain: null };
  expect(JSON.stringify(recordOf(raw))).toContain('"payload_base64":"/wA=","qos":1,"retain":null');
});

test("what is written is read again as it was", () => {
  const payload = fc.oneof(fc.uint8Array().map(Buffer.from), fc.string({ unit: "binary" }).map(Buffer.from));
  const topic = fc.string({ unit: "grapheme", minLength: 1 });
  const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
  const at = fc.integer({ min: 0, max: 4e12 });
  fc.assert(
    fc.property(fc.record({ at, topic, payload, qos, retain: fc.constantFrom(true, false, null) }), (record: Recorded) => {
      expect(readRecord(JSON.stringify(recordOf(record)))).toEqual(record);
    }),
  );
});

test.each([
  ['{"tst":"2026-11-20T10:46:02.114123+0000","topic":"a","qos":0,"retain":0,"payloadlen":4,"payload":"21.4"}', "21.4", false],
  ['{"tst":"2026-11-20T10:46:02.719843Z+0000","topic":"a","qos":0,"retain":0,"payloadlen":2,"payload":"on"}', "on", false],
  ['{"tst":"2026-11-20T11:46:02.114123+0100","topic":"a","qos":0,"retain":1,"payloadlen":8,"payload":{"t":21}}', '{"t":21}', true],
  ['{"tst":"2026-11-20T10:46:02Z","topic":"a","qos":0,"retain":0,"payload":null}', "", false],
])("a line of mosquitto_sub: %s", (line, payload, retain) => {
  const record = readRecord(line) as Recorded;
  expect(new Date(record.at).toISOString()).toMatch(/^2026-11-20T10:46:02/);
  expect({ payload: record.payload.toString(), retain: record.retain }).toEqual({ payload, retain });
});

test.each([
  ['{"at":"2026-11-20T10:46', "torn"],
  ["[1]", "torn"],
  ["null", "torn"],
  ['{"number":1,"at":"2026-11-20T10:46:02Z","type":"PUBLISH"}', "the topic is missing"],
  ['{"topic":"a","payload":"1"}', "the time is missing"],
  ['{"at":"tomorrow","topic":"a","payload":"1"}', "the time is missing"],
  ['{"at":12,"topic":"a","payload":"1"}', "the time is missing"],
  ['{"at":"2026-11-20T10:46:02Z","topic":7,"payload":"1"}', "the topic is missing"],
  ['{"at":"2026-11-20T10:46:02Z","topic":"a"}', "the payload is missing"],
  ['{"at":"2026-11-20T10:46:02Z","topic":"a","payload":"1","qos":3}', "qos must be"],
  ['{"at":"2026-11-20T10:46:02Z","topic":"a","payload":"1","retain":"yes"}', "retain must be"],
])("%s is refused with words", (line, words) => {
  expect(readRecord(line)).toContain(words);
});
