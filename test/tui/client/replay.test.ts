import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Replay } from "../../../tui/client/replay.ts";
import { eventually, patience } from "../../agent/shell/fixture.ts";

let dir: string;
let replay: Replay | undefined;
let messages: { topic: string; at: number }[];
let problems: string[];
let last: { line: number; share: number; bad: number; next: number | null; ended: boolean } | undefined;
const start = Date.UTC(2026, 10, 20, 10, 46, 2);
const max = Number.POSITIVE_INFINITY;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pinbus-replay-"));
  messages = [];
  problems = [];
  last = undefined;
});
afterEach(() => {
  vi.useRealTimers();
  replay?.close();
  replay = undefined;
  rmSync(dir, { recursive: true, force: true });
});

const line = (topic: string, ms: number, more: object = {}) =>
  JSON.stringify({ at: new Date(start + ms).toISOString(), topic, payload: "1", qos: 0, retain: false, ...more });

async function open(...lines: string[]): Promise<Replay> {
  writeFileSync(join(dir, "site.jsonl"), lines.join("\n"));
  replay = await Replay.open(join(dir, "site.jsonl"));
  return replay;
}

function play(speed: number, paused = false): void {
  // What is under way when it begins.
  replay?.control({ speed, paused, step: false, skip: false });
  replay?.start({
    message: ({ topic, at }) => messages.push({ topic, at: at - start }),
    progress: (progress) => {
      last = progress;
    },
    problem: (sentence) => problems.push(sentence),
  });
}

/** As long as a loaded machine needs. */
const ended = () => vi.waitFor(() => expect(last?.ended).toBe(true), patience);

test("messages come in their order with their times, the last one without a line end too, and then it is over", async () => {
  await open(line("a", 0), line("b", 10), line("c", 20));
  expect(replay?.now).toBe(start);
  play(1);
  await ended();
  expect(messages).toEqual([
    { topic: "a", at: 0 },
    { topic: "b", at: 10 },
    { topic: "c", at: 20 },
  ]);
  expect(last).toMatchObject({ line: 3, share: 1, bad: 0, next: null });
  expect(replay?.now).toBe(start + 20);
});

test("an hour in which nothing came does not have to be waited for: step by step, or as fast as it goes", async () => {
  await open(line("a", 0), line("b", 3_600_000), line("c", 7_200_000), line("d", 7_200_000));
  play(1, true);
  expect(messages).toEqual([]);
  const step = () => replay?.control({ speed: 1, paused: true, step: true, skip: false });
  step();
  step();
  expect(messages.map(({ topic }) => topic)).toEqual(["a", "b"]);
  expect(replay?.now).toBe(start + 3_600_000);
  expect(last?.next).toBe(start + 7_200_000);
  replay?.control({ speed: max, paused: false, step: false, skip: false });
  await ended();
  expect(messages).toHaveLength(4);
});

test("a pause stands still, and the clock goes on from there", async () => {
  await open(line("a", 0), line("b", 100_000_000));
  play(100);
  await eventually(() => (replay?.now ?? 0) - start).toBeGreaterThan(1000);
  replay?.control({ speed: 100, paused: true, step: false, skip: false });
  const at = replay?.now ?? 0;
  await eventually(() => last?.line).toBe(1);
  expect(replay?.now).toBe(at);
  replay?.control({ speed: 1, paused: false, step: false, skip: false });
  expect((replay?.now ?? 0) - at).toBeLessThan(1000);
});

test("a line of the far future among others is played in its place, and said", async () => {
  await open(line("a", 0), line("far", 1e12), line("b", 10), line("c", 20));
  play(1);
  await ended();
  expect(messages).toEqual([
    { topic: "a", at: 0 },
    { topic: "far", at: 0 },
    { topic: "b", at: 10 },
    { topic: "c", at: 20 },
  ]);
  expect(problems).toEqual([
    `${join(dir, "site.jsonl")}:2: its time is far ahead of the lines around it: it is played with the time before`,
  ]);
  expect(last?.bad).toBe(0);
});

test("what is recorded years later keeps its time, and nobody waits for it: it is skipped after some seconds, or by a key at once", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  await open(line("a", 0), line("b", 1e12), line("c", 1e12 + 1000), line("d", 2e12), line("e", 2e12 + 540_000));
  play(1);
  const played = () => messages.map(({ topic }) => topic).join("");
  const pass = async (ms: number, wanted: string) => {
    await vi.advanceTimersByTimeAsync(ms);
    await eventually(() => played()).toBe(wanted);
  };
  await pass(4900, "a");
  expect(last?.next).toBe(start + 1e12);
  await pass(200, "ab");
  expect(replay?.now).toBeLessThan(start + 1e12 + 1000);
  await pass(1000, "abc");
  // The file is read on when it is needed.
  await eventually(() => last?.next).toBe(start + 2e12);
  replay?.control({ speed: 1, paused: false, step: false, skip: true });
  expect(played(), "by a key").toBe("abcd");
  await pass(500_000, "abcd");
  await pass(41_000, "abcde");
  expect(replay?.now).toBe(start + 2e12 + 540_000);
});

test("a clock that went back does not take the replay with it", async () => {
  await open(line("a", 5000), line("b", 0), line("c", 5010));
  play(max);
  await ended();
  expect(messages.map(({ at }) => at)).toEqual([5000, 5000, 5010]);
});

test("torn and foreign lines are left out, with their number and what is wrong with them", async () => {
  await open(line("a", 0), '{"at":"2026', "", '{"topic":"x"}', line("b", 1), "\u0000\u0001");
  play(max);
  await ended();
  expect(messages.map(({ topic }) => topic)).toEqual(["a", "b"]);
  expect(problems[0]).toBe(`${join(dir, "site.jsonl")}:2: it is torn, or no line of JSON; it is left out`);
  expect(last?.bad).toBe(3);
});

test("a line without an end is bounded, and what is behind it is not played", async () => {
  await open(line("a", 0), `{"at":"${"x".repeat(9 * 1024 * 1024)}`);
  play(max);
  await ended();
  expect(messages).toHaveLength(1);
  expect(problems[0]).toMatch(/site\.jsonl:2: the line has more than 8 MB/);
});

test("ten thousand messages over many pieces of the file all come", async () => {
  await open(...Array.from({ length: 10_000 }, (_, n) => line(`plant/${n}`, n)));
  play(max);
  await ended();
  expect(messages).toHaveLength(10_000);
  expect(messages.at(-1)).toEqual({ topic: "plant/9999", at: 9999 });
});

test.each([
  ["nothing", "", /site\.jsonl: has no messages$/],
  ["no JSON", "hello\nworld", /site\.jsonl:1: it is torn, or no line of JSON$/],
  ["packets", '{"number":1,"at":"2026-11-20T10:46:02Z","type":"PUBLISH"}\n', /site\.jsonl:1: the topic is missing/],
])("a file of %s is refused at once", async (_, text, words) => {
  await expect(open(text)).rejects.toThrow(words);
});

test("a folder and a file that is not there are refused with the system's words", async () => {
  mkdirSync(join(dir, "folder"));
  await expect(Replay.open(join(dir, "folder"))).rejects.toThrow("is no file");
  await expect(Replay.open(join(dir, "nothing"))).rejects.toThrow("ENOENT");
});
