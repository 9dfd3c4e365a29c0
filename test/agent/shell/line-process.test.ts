import { expect, it, onTestFinished } from "vitest";
import { LineBudget } from "../../../agent/shell/bounded-lines.ts";
import { LineProcess, type LineProcessOptions } from "../../../agent/shell/line-process.ts";
import { eventually } from "./fixture.ts";

function follow(script: string, some: Partial<LineProcessOptions> = {}) {
  const seen = { lines: [] as string[], skipped: 0, said: [] as string[], ended: [] as string[] };
  const process_ = new LineProcess({
    program: "/bin/sh",
    args: ["-c", script],
    env: process.env,
    maxBytes: 100,
    budget: new LineBudget(1000, () => 0),
    onLines: (lines) => seen.lines.push(...lines.map(({ bytes }) => bytes.toString())),
    onSkipped: (count) => {
      seen.skipped += count;
    },
    onSaid: (line) => seen.said.push(line),
    onEnd: (why) => seen.ended.push(why),
    ...some,
  });
  onTestFinished(() => process_.stop());
  process_.start();
  return { ...seen, seen, stop: () => process_.stop() };
}

it("lines are handed on as they come, standard error apart from them", async () => {
  const { seen } = follow("echo one; echo problem >&2; printf tw; printf 'o\\n'");
  await eventually(() => seen.ended).toEqual(["/bin/sh ended with 0"]);
  expect(seen).toMatchObject({ lines: ["one", "two"], said: ["problem"] });
});

it("a flood is counted and not looked at", async () => {
  const { seen } = follow("seq 100000", { budget: new LineBudget(10, () => 0) });
  await eventually(() => seen.ended).toHaveLength(1);
  expect(seen.lines).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
  expect(seen.skipped).toBe(99_990);
});

it("one that is stopped is gone, and says nothing any more", async () => {
  const { seen, stop } = follow("echo $$; exec sleep 60");
  await eventually(() => seen.lines).toHaveLength(1);
  const pid = Number(seen.lines[0]);
  stop();
  await eventually(() => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  }).toBe(false);
  expect(seen.ended).toEqual([]);
});

it("a program that is not there is a sentence", async () => {
  const { seen } = follow("", { program: "/nowhere/journalctl" });
  await eventually(() => seen.ended).toEqual(["there is no /nowhere/journalctl here"]);
});
