import fc from "fast-check";
import { expect, it } from "vitest";
import { isNodeCommand, nodeCommands, parseNodeCommand, readRequest } from "../../../agent/core/node-command.ts";
import { anyText } from "./fixture.ts";

it("an empty payload and an object with a time and an id are commands to the agent", () => {
  expect(parseNodeCommand(" ")).toEqual({ ok: true, ts: null, id: null, rest: {} });
  expect(parseNodeCommand('{"id":"one","ts":"1970-01-01T00:00:01Z"}')).toEqual({ ok: true, ts: 1000, id: "one", rest: {} });
});

it.each([
  ["now", "neither empty nor valid JSON"],
  ["[]", "neither empty nor a JSON object"],
  ["null", "neither empty nor a JSON object"],
  ['{"id":7}', '"id" must be UTF-8 text'],
  ['{"id":"a\\u0007"}', '"id" must be UTF-8 text'],
  ['{"ts":"yesterday"}', '"ts" must be ISO 8601'],
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

it("what a command says is read, with the usual length when there is none", () => {
  expect(nodeCommands.map((name) => readRequest(name, {}).ok)).toEqual([true, true, false, false, true]);
  const request = (name: "identify" | "log-level", rest: object) => readRequest(name, { ...rest });
  expect(request("identify", { output: "lamp" })).toEqual({ ok: true, request: { name: "identify", output: "lamp", forMs: 5000 } });
  expect(request("log-level", { level: "debug", for_ms: 1000 })).toEqual({
    ok: true,
    request: { name: "log-level", level: "debug", forMs: 1000 },
  });
});

it.each([
  ["reload", { file: "/etc/passwd" }, 'only "ts" and "id" are known'],
  ["diag", { for_ms: 1 }, 'only "ts" and "id" are known'],
  ["identify", {}, '"output" must be'],
  ["identify", { output: "" }, '"output" must be'],
  ["identify", { output: "lamp", for_ms: 60_001 }, '"for_ms" must be a whole number from 1000 to 60000'],
  ["identify", { output: "lamp", for_ms: 1500.5 }, '"for_ms"'],
  ["identify", { output: "lamp", colour: "red" }, 'only "output" and "for_ms" are known'],
  ["log-level", { level: "silly" }, '"level" must be one of error, warn, info, debug'],
  ["log-level", { level: "debug", for_ms: "600000" }, '"for_ms"'],
] as const)("%s with %j is refused", (name, rest, message) => {
  expect(readRequest(name, rest)).toEqual({ ok: false, message: expect.stringContaining(message) });
});

it("whatever a command says is bounded: an exception for nothing, and no length out of range", () => {
  const values = fc.oneof(fc.jsonValue(), anyText, fc.constantFrom("lamp", "debug", 5000));
  const said = fc.dictionary(fc.constantFrom("output", "level", "for_ms", "x", "__proto__"), values);
  fc.assert(
    fc.property(fc.constantFrom(...nodeCommands), said, (name, rest) => {
      const read = readRequest(name, rest);
      if (!read.ok) expect(read.message.length).toBeLessThan(200);
      else if ("forMs" in read.request) {
        expect(read.request.forMs).toBeGreaterThanOrEqual(1000);
        expect(read.request.forMs).toBeLessThanOrEqual(86_400_000);
      }
    }),
  );
});
