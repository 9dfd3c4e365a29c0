import fc from "fast-check";
import { expect, it } from "vitest";
import { isNodeCommand, parseNodeCommand } from "../../../agent/core/node-command.ts";
import { anyText } from "./fixture.ts";

it("an empty payload and an object with a time and an id are commands to the agent", () => {
  expect(parseNodeCommand(" ")).toEqual({ ok: true, ts: null, id: null });
  expect(parseNodeCommand('{"id":"one","ts":"1970-01-01T00:00:01Z"}')).toEqual({ ok: true, ts: 1000, id: "one" });
});

it.each([
  ["now", "neither empty nor valid JSON"],
  ["[]", "neither empty nor a JSON object"],
  ["null", "neither empty nor a JSON object"],
  ['{"id":7}', '"id" must be UTF-8 text'],
  ['{"id":"a\\u0007"}', '"id" must be UTF-8 text'],
  ['{"ts":"yesterday"}', '"ts" must be ISO 8601'],
  ['{"file":"/etc/passwd"}', 'only "ts" and "id" are known'],
  [`{"id":"${"x".repeat(2000)}"}`, "longer than"],
])("%s is malformed", (payload, message) => {
  expect(parseNodeCommand(payload)).toMatchObject({ ok: false, message: expect.stringContaining(message) });
});

it("any payload is answered without an exception, and is not quoted back", () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.json()), (payload) => {
      const parsed = parseNodeCommand(payload);
      if (!parsed.ok && payload.trim().length > 12) expect(parsed.message).not.toContain(payload.trim());
    }),
  );
});

it("a name that an object has anyway is no command", () => {
  expect(["reload", "resync", "constructor", ""].map(isNodeCommand)).toEqual([true, true, false, false]);
});
