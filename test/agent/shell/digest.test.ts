import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Digest } from "../../../agent/shell/digest.ts";
import { few } from "../../../agent/shell/few.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const now = () => Date.now();

function world(most = 2) {
  const said: string[] = [];
  const digest = new Digest<string>({
    most,
    now,
    tell: (entry) => said.push(entry),
    sum: ({ words, count, last, lasted }) => said.push(`${count} more in ${lasted} ms: ${JSON.stringify([...words])}, last ${last}`),
  });
  return { said, digest };
}

describe("a digest", () => {
  it("tells what comes seldom one by one, for ever", () => {
    const { said, digest } = world();
    for (let count = 0; count < 10; count++) {
      digest.take("porch", "press", `press ${count}`);
      vi.advanceTimersByTime(31_000);
    }
    expect(said).toEqual(Array.from({ length: 10 }, (_, count) => `press ${count}`));
  });

  it("tells the first of a minute, and at its end how many more there were, by word", () => {
    const { said, digest } = world();
    for (const word of ["press", "click", "press", "click", "press"]) digest.take("porch", word, word);
    vi.advanceTimersByTime(59_999);
    expect(said).toEqual(["press", "click"]);
    vi.advanceTimersByTime(1);
    expect(said.slice(2)).toEqual(['3 more in 60000 ms: [["press",2],["click",1]], last press']);
  });

  it("begins anew in the next minute", () => {
    const { said, digest } = world(1);
    for (let minute = 0; minute < 3; minute++) {
      digest.take("porch", "press", "a");
      digest.take("porch", "press", "b");
      vi.advanceTimersByTime(60_000);
    }
    expect(said).toEqual(Array(3).fill(["a", '1 more in 60000 ms: [["press",1]], last b']).flat());
  });

  it("counts each thing for itself", () => {
    const { said, digest } = world(1);
    for (const key of ["porch", "gate", "porch", "gate"]) digest.take(key, "press", key);
    expect(said).toEqual(["porch", "gate"]);
  });

  it("tells at the end what it has counted", () => {
    const { said, digest } = world(1);
    digest.take("porch", "press", "a");
    digest.take("porch", "press", "b");
    vi.advanceTimersByTime(5000);
    digest.flush();
    vi.advanceTimersByTime(120_000);
    expect(said).toEqual(["a", '1 more in 5000 ms: [["press",1]], last b']);
  });

  it("is bounded, whatever comes for as long as it likes", () => {
    const { said, digest } = world(3);
    for (let count = 0; count < 100_000; count++) digest.take(`stranger ${count}`, "press", "x");
    said.length = 0;
    for (let count = 0; count < 100_000; count++) digest.take(`another ${count}`, "press", "x");
    expect(said).toEqual([]);
  });
});

it("few tells the first three of a kind, and the last with how many there were", () => {
  const said: unknown[] = [];
  const tell = few(now, (sentence) => said.push(sentence));
  const fields = { event: "client-refused" } as const;
  for (let count = 1; count <= 10; count++) tell("no", { message: `refused ${count}`, fields });
  tell("full", { message: "full", fields });
  vi.advanceTimersByTime(60_000);
  expect(said).toEqual([
    ...["refused 1", "refused 2", "refused 3", "full"].map((message) => ({ message, fields })),
    { message: "refused 10 (the last of 7 more within a minute)", fields: { ...fields, count: 7 } },
  ]);
});
