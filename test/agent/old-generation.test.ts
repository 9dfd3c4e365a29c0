import { cachedDataVersionTag } from "node:v8";
import { expect, it, vi } from "vitest";
import { collectSooner } from "../../agent/old-generation.ts";

it("begins later, and leaves the flags of a code cache as they were", async () => {
  const before = cachedDataVersionTag();
  const collectAsUsual = collectSooner(0);
  expect(cachedDataVersionTag()).toBe(before);
  await vi.waitFor(() => expect(cachedDataVersionTag()).not.toBe(before));
  collectAsUsual();
  expect(cachedDataVersionTag()).toBe(before);
});

it("does not begin any more when it has ended", () => {
  vi.useFakeTimers();
  try {
    const before = cachedDataVersionTag();
    collectSooner(0)();
    vi.runAllTimers();
    expect(cachedDataVersionTag()).toBe(before);
  } finally {
    vi.useRealTimers();
  }
});
