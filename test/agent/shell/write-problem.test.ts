import { expect, it } from "vitest";
import { WriteProblem } from "../../../agent/shell/write-problem.ts";
import { keptLog } from "./fixture.ts";

function problem() {
  const log = keptLog();
  const told: (string | null)[] = [];
  let now = 0;
  const one = new WriteProblem({ file: "/state/a.json", log, onProblem: (sentence) => told.push(sentence), now: () => now });
  const fail = (code: string) =>
    one.failed(Object.assign(new Error(`${code}: whatever, write`), { code }), "levels are lost with a restart");
  return { log, told, one, fail, later: (ms: number) => (now += ms) };
}

it.each([
  ["ENOSPC", "the disk is full, make room on it"],
  ["EDQUOT", "the disk quota of this user is used up, make room, or raise the quota"],
  ["EROFS", "the disk is read-only, see `journalctl -k -p err`, and mount it for writing"],
  ["EACCES", "this user may not write there, let it write the file and its folder"],
  ["EMFILE", "this process has too many files open, raise LimitNOFILE of the service, or `ulimit -n`"],
  ["EODD", "whatever, write"],
])("says what %s is, what to do, and what it costs meanwhile", (code, words) => {
  const { log, fail } = problem();
  fail(code);
  const sentence = `error: /state/a.json could not be written: ${code}: ${words}; it goes on in memory, and levels are lost with a restart`;
  expect(log.entries).toEqual([sentence]);
});

it("logs a disk that is full again and again at a falling rate, and tells the health each time", () => {
  const { log, told, one, fail, later } = problem();
  for (let times = 0; times < 20; times++) {
    fail("ENOSPC");
    fail("ENOSPC");
    later(5_000);
    one.over();
    later(5_000);
  }
  expect(told).toHaveLength(40);
  expect(log.entries).toHaveLength(10);
  // Long in order: what comes then is new.
  later(4_000_000);
  fail("ENOSPC");
  expect(log.entries).toHaveLength(11);
});

it("logs reasons that take turns at a falling rate, and that it is over when the last entry says otherwise", () => {
  const { log, told, one, fail, later } = problem();
  for (let times = 0; times < 5; times++) {
    fail(times % 2 === 0 ? "ENOSPC" : "EROFS");
    later(4_000_000);
  }
  expect(log.entries).toHaveLength(3);
  one.over();
  expect(log.entries.at(-1)).toBe("info: /state/a.json can be written again");
  expect(told).toHaveLength(6);
});
