import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxCommand, parseCommand, staleness } from "../../../agent/core/command.ts";
import { anyText } from "./fixture.ts";

const day = 86_400_000;

describe("commands that are understood", () => {
  it.each([
    ["ON", { word: "ON" }],
    ["off", { word: "OFF" }],
    ["Toggle", { word: "TOGGLE" }],
    ["pULSE", { word: "PULSE" }],
    ['{"state":"on"}', { word: "ON" }],
    ['{"state":"PULSE","for_ms":300}', { word: "PULSE", forMs: 300 }],
    ['{"state":"ON","for_ms":1}', { word: "ON", forMs: 1 }],
    [`{"state":"ON","for_ms":${day}}`, { word: "ON", forMs: day }],
    ['{"state":"OFF","id":"a-1"}', { word: "OFF", id: "a-1" }],
    ['{"state":"OFF","ts":1790000000000}', { word: "OFF", ts: 1_790_000_000_000 }],
    ['{"state":"OFF","ts":"2026-11-02T10:00:00.000Z"}', { word: "OFF", ts: Date.UTC(2026, 10, 2, 10) }],
    ['{"state":"OFF","cause":"rain ☔"}', { word: "OFF", cause: "rain ☔" }],
    ['  {"state":"toggle"}\n', { word: "TOGGLE" }],
  ])("%s", (payload, command) => {
    expect(parseCommand(payload)).toEqual({
      ok: true,
      command: { level: null, fadeMs: null, forMs: null, ts: null, id: null, cause: null, ...command },
    });
  });
});

describe("commands that are refused as malformed", () => {
  const deep = `${"[".repeat(500)}${"]".repeat(500)}`;
  it.each([
    "",
    " ",
    "1",
    "true",
    "null",
    "ONN",
    "ON OFF",
    "{",
    "[]",
    '["ON"]',
    '"ON"',
    "{}",
    '{"state":1}',
    '{"state":null}',
    '{"state":["ON"]}',
    '{"state":"BLINK"}',
    '{"state":"ON","for_ms":0}',
    '{"state":"ON","for_ms":-5}',
    '{"state":"ON","for_ms":1.5}',
    `{"state":"ON","for_ms":${day + 1}}`,
    '{"state":"ON","for_ms":1e999}',
    '{"state":"ON","for_ms":"300"}',
    '{"state":"OFF","for_ms":300}',
    '{"state":"TOGGLE","for_ms":300}',
    '{"state":"ON","ts":"yesterday"}',
    '{"state":"ON","ts":"2026-13-45T99:00:00.000Z"}',
    '{"state":"ON","ts":true}',
    '{"state":"ON","ts":1e999}',
    '{"state":"ON","id":7}',
    '{"state":"ON","id":""}',
    `{"state":"ON","id":"${"x".repeat(65)}"}`,
    '{"state":"ON","id":"a\\u0007b"}',
    '{"state":"ON","id":"\\u001b[31mred"}',
    '{"state":"ON","id":"\\u009b31m"}',
    '{"state":"ON","id":"\ufffd"}',
    '{"state":"ON","cause":"\ufffd"}',
    '{"state":"ON","cause":7}',
    '{"state":"ON","cause":""}',
    `{"state":"ON","cause":"${"x".repeat(65)}"}`,
    '{"state":"ON","cause":"\\u001b[31mred"}',
    '{"state":"ON","speed":3}',
    '{"state":"ON","__proto__":{"for_ms":5}}',
    deep,
    `{"state":"ON","id":${deep}}`,
    `ON${" ".repeat(maxCommand)}x`,
    `{"state":"ON","pad":"${"x".repeat(100_000)}"}`,
  ])("%s", (payload) => {
    const parsed = parseCommand(payload);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.message.length).toBeGreaterThan(10);
  });

  it("keeps the id for the answer when it is usable itself", () => {
    expect(parseCommand('{"state":"BLINK","id":"a-1"}')).toMatchObject({ ok: false, id: "a-1" });
    expect(parseCommand('{"state":"BLINK","id":"a\\u0007"}')).toMatchObject({ ok: false, id: null });
  });

  it("any text: never throws, never quotes back a control character, and answers in a line", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          anyText.map((key) => JSON.stringify({ state: "ON", [key]: key })),
          fc.string().map((state) => JSON.stringify({ state })),
        ),
        (payload) => {
          const parsed = parseCommand(payload);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not appear
          if (!parsed.ok) expect(parsed.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        },
      ),
    );
  });
});

describe("the age of a command", () => {
  const clock = { offset: 1_790_000_000_000, set: true };
  it("is not judged without a time in it", () => {
    expect(staleness(null, 5000, clock, 10_000)).toBeNull();
  });
  it("is fine up to command_ttl", () => {
    expect(staleness(clock.offset + 5000, 15_000, clock, 10_000)).toBeNull();
  });
  it("is refused beyond command_ttl, in a sentence", () => {
    expect(staleness(clock.offset + 4999, 15_000, clock, 10_000)).toMatch(/10/);
  });
  it("is not judged while the clock is not set", () => {
    expect(staleness(1000, 15_000, { ...clock, set: false }, 10_000)).toBeNull();
  });
  it("is refused when it lies far in the future, and forgiven a clock that is a little ahead", () => {
    expect(staleness(clock.offset + 16_000, 15_000, clock, 10_000)).toBeNull();
    expect(staleness(clock.offset + 15_000 + 3_600_000, 15_000, clock, 10_000)).not.toBeNull();
  });
});
