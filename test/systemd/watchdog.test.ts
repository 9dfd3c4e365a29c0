import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { progressed, startWatchdog, watchdogUsec } from "../../systemd/watchdog.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Limit 30 s: a round each 10 s. */
function watched(...names: string[]) {
  const counters: Record<string, number> = Object.fromEntries(names.map((name) => [name, 0]));
  const stalls: string[] = [];
  const recoveries: string[] = [];
  let fed = 0;
  const stop = startWatchdog({
    notify: { watchdog: () => fed++ },
    usec: 30_000_000,
    checks: Object.fromEntries(names.map((name) => [name, progressed(() => counters[name] ?? 0)])),
    onStall: (name) => stalls.push(name),
    onRecovery: (name) => recoveries.push(name),
  });
  const move = (...moved: string[]) => {
    for (const name of moved) counters[name] = (counters[name] ?? 0) + 1;
    vi.advanceTimersByTime(10_000);
  };
  return { move, stop, stalls, recoveries, fed: () => fed };
}

test("it is fed at the start and each round in which everything moved", () => {
  const w = watched("loop", "lines");
  expect(w.fed()).toBe(1);
  w.move("loop", "lines");
  w.move("loop", "lines");
  expect(w.fed()).toBe(3);
  w.stop();
});

test("one part that stands still ends the feeding, and is named once", () => {
  const w = watched("loop", "link");
  w.move("loop");
  w.move("loop");
  w.move("loop");
  expect(w.fed()).toBe(1);
  expect(w.stalls).toEqual(["link"]);
  w.stop();
});

test("progress counts until the feed, even when the parts move in different rounds", () => {
  const w = watched("lines", "link");
  w.move("lines");
  w.move("link");
  expect(w.fed()).toBe(2);
  w.stop();
});

test("after the feed old progress no longer counts", () => {
  const w = watched("lines", "link");
  w.move("lines", "link");
  w.move("lines");
  expect(w.fed()).toBe(2);
  expect(w.stalls).toEqual(["link"]);
  w.stop();
});

test("a part that moves again is reported and feeds again", () => {
  const w = watched("link");
  w.move();
  w.move("link");
  expect(w.recoveries).toEqual(["link"]);
  expect(w.fed()).toBe(2);
  w.move();
  expect(w.stalls).toEqual(["link", "link"]);
  w.stop();
});

test("stopped, it feeds no more", () => {
  const w = watched("loop");
  w.stop();
  w.move("loop");
  expect(w.fed()).toBe(1);
});

test("the limit is taken only when it was meant for this process", () => {
  expect(watchdogUsec({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "7" }, 7)).toBe(30_000_000);
  expect(watchdogUsec({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "7" }, 8)).toBeUndefined();
  expect(watchdogUsec({ WATCHDOG_USEC: "30000000" }, 8)).toBe(30_000_000);
  expect(watchdogUsec({ WATCHDOG_USEC: "0" })).toBeUndefined();
  expect(watchdogUsec({})).toBeUndefined();
});
