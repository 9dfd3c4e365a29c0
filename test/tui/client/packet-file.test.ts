import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PacketFile } from "../../../tui/client/packet-file.ts";
import { packets } from "../scene.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pinbus-packets-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const now = new Date("2026-11-20T10:46:02.114Z");
const create = (more: { maxBytes?: number; onEnd?: (problem: string) => void } = {}) =>
  PacketFile.create({ env: { XDG_STATE_HOME: dir }, now, onEnd: () => undefined, ...more });

test("a line each, in their order, in a file that nobody else can read", async () => {
  const file = await create();
  for (const packet of packets()) file.write([packet]);
  await file.close();
  expect(file.path).toBe(join(dir, "pinbus/packets-20261120-104602.jsonl"));
  const lines = readFileSync(file.path, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(packets());
  expect(statSync(file.path).mode & 0o777).toBe(0o600);
});

test("recordings of one second have a file each, also when several begin at once", async () => {
  const first = await create();
  first.write([{ of: "the first" }]);
  const files = [first, ...(await Promise.all([create(), create()])), await create()];
  for (const file of files) await file.close();
  expect(files.map(({ path }) => basename(path)).sort()).toEqual([
    "packets-20261120-104602-2.jsonl",
    "packets-20261120-104602-3.jsonl",
    "packets-20261120-104602-4.jsonl",
    "packets-20261120-104602.jsonl",
  ]);
  expect(readFileSync(first.path, "utf8")).toBe('{"of":"the first"}\n');
});

test("it ends at its size, says so once, and keeps what it has", async () => {
  const onEnd = vi.fn();
  const file = await create({ maxBytes: 100, onEnd });
  const [packet] = packets();
  if (packet === undefined) throw new Error("no packet");
  for (let n = 0; n < 5; n += 1) file.write([packet]);
  await file.close();
  expect(onEnd).toHaveBeenCalledTimes(1);
  expect(onEnd.mock.calls[0]?.[0]).toContain("the recording has ended");
  expect(readFileSync(file.path, "utf8").trimEnd().split("\n")).toHaveLength(1);
});

test("a folder that may not be written is an error", async () => {
  // As root everything may be written, but no folder in a file.
  rmSync(dir, { recursive: true });
  writeFileSync(dir, "");
  await expect(create()).rejects.toThrow("ENOTDIR");
});
