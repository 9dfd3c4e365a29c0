import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MessageFile } from "../../../tui/client/message-file.ts";
import { eventually } from "../../agent/shell/fixture.ts";

let dir: string;
let ends: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pinbus-messages-"));
  ends = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const create = (maxBytes?: number) =>
  MessageFile.create({
    env: { XDG_STATE_HOME: dir },
    now: new Date(0),
    onEnd: (problem) => ends.push(problem),
    ...(maxBytes && { maxBytes }),
  });
const message = (n: number) => ({ at: n, topic: `plant/${n}`, payload: Buffer.from(String(n)), qos: 0 as const, retain: null });

test("messages are in the file without being asked for, in their order, for this person alone", async () => {
  const file = await create();
  expect(file.path).toBe(join(dir, "pinbus", "messages-19700101-000000.jsonl"));
  expect(statSync(file.path).mode & 0o777).toBe(0o600);
  for (let n = 0; n < 1000; n += 1) file.add(message(n));
  await eventually(() => readFileSync(file.path, "utf8").split("\n")).toHaveLength(1001);
  file.add(message(1000));
  await file.close();
  const topics = readFileSync(file.path, "utf8")
    .trimEnd()
    .split("\n")
    .map((text) => JSON.parse(text).topic);
  expect(topics).toEqual(Array.from({ length: 1001 }, (_, n) => `plant/${n}`));
  expect(ends).toEqual([]);
});

test("it ends at its bound, and says so once", async () => {
  const file = await create(2000);
  for (let n = 0; n < 1000; n += 1) {
    file.add(message(n));
    if (n % 10 === 9) await eventually(() => ends.length > 0 || statSync(file.path).size > 0).toBe(true);
  }
  await file.close();
  expect(ends).toHaveLength(1);
  expect(ends[0]).toContain("the recording has ended");
  expect(statSync(file.path).size).toBeLessThanOrEqual(2000);
});
