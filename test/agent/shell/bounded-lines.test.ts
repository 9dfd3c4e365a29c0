import fc from "fast-check";
import { expect, it } from "vitest";
import { BoundedLines, LineBudget, lastLines } from "../../../agent/shell/bounded-lines.ts";

function cutter({ maxBytes = 100, rate = 1000, now = (): number => 0 } = {}) {
  const seen = { lines: [] as [string, boolean][], skipped: 0 };
  const lines = new BoundedLines({
    maxBytes,
    budget: new LineBudget(rate, now),
    onLines: (some) => seen.lines.push(...some.map(({ bytes, cut }): [string, boolean] => [bytes.toString(), cut])),
    onSkipped: (count) => {
      seen.skipped += count;
    },
  });
  return { seen, push: (text: string | Buffer) => lines.push(Buffer.from(text as string)) };
}

it("of a line without an end only its beginning is kept", () => {
  const { seen, push } = cutter({ maxBytes: 4 });
  for (let n = 0; n < 1000; n += 1) push(Buffer.alloc(10_000, "x"));
  expect(seen.lines).toEqual([]);
  push("\nab\n\nabcd\n");
  expect(seen.lines).toEqual([
    ["xxxx", true],
    ["ab", false],
    ["", false],
    ["abcd", false],
  ]);
});

it("what is over in a second is counted, and the next second goes on with a whole line", () => {
  let now = 0;
  const { seen, push } = cutter({ rate: 2, now: () => now });
  push("1\n2\n3\n4\nfi");
  expect(seen).toEqual({
    lines: [
      ["1", false],
      ["2", false],
    ],
    skipped: 2,
  });
  push("ve\nsi");
  expect(seen.skipped).toBe(3);
  now = 1000;
  push("x\n");
  expect(seen).toEqual({
    lines: [
      ["1", false],
      ["2", false],
      ["six", false],
    ],
    skipped: 3,
  });
});

it("however the bytes come, the lines are the same, and each is handed on or counted", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[ab\n]{0,12}$/)), fc.nat(8), (chunks, rate) => {
      const { seen, push } = cutter({ rate });
      for (const chunk of chunks) push(chunk);
      const whole = chunks.join("").split("\n").slice(0, -1);
      expect(seen.lines.map(([text]) => text)).toEqual(whole.slice(0, rate));
      expect(seen.skipped).toBe(Math.max(0, whole.length - rate));
    }),
  );
});

it("a flood of newlines costs no more than the bytes that it has", () => {
  const { seen, push } = cutter();
  const chunk = Buffer.alloc(64 * 1024, "\n");
  const began = process.cpuUsage();
  for (let n = 0; n < 256; n += 1) push(chunk);
  // A line each took 5 s and more; what others take of the machine does not count.
  expect(process.cpuUsage(began).user).toBeLessThan(1_500_000);
  expect(seen.lines.length + seen.skipped).toBe(16 * 1024 * 1024);
});

it("the last lines of a chunk are whole ones, and what has no end yet", () => {
  const last = (text: string, count: number) => lastLines(Buffer.from(text), count).toString();
  expect(last("1\n2\n3\n4", 2)).toBe("2\n3\n4");
  expect(last("1\n2\n", 2)).toBe("1\n2\n");
  expect(last("\n\n\n", 2)).toBe("\n\n");
  expect(last("\nx\n", 5)).toBe("\nx\n");
  expect(last("x", 5)).toBe("x");
  expect(last("", 5)).toBe("");
});
