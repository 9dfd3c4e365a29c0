import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keepAliveTimer } from "../../../agent/shell/link-timer.ts";

describe("the keep-alive timer", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is an interval", () => {
    const run = vi.fn();
    keepAliveTimer().set(run, 100);
    vi.advanceTimersByTime(99);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(251);
    expect(run).toHaveBeenCalledTimes(3);
  });

  it("is never longer than it may be: a broker may ask for a keep alive of 18 hours", () => {
    const run = vi.fn();
    keepAliveTimer(100).set(run, 65_535_000);
    vi.advanceTimersByTime(301);
    expect(run).toHaveBeenCalledTimes(3);
  });

  it("counts from the last time that it was set, with what was set last", () => {
    const timer = keepAliveTimer();
    const [first, second] = [vi.fn(), vi.fn()];
    timer.set(first, 100);
    vi.advanceTimersByTime(90);
    timer.clear();
    timer.set(second, 100);
    vi.advanceTimersByTime(99);
    expect(second).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(second).toHaveBeenCalledTimes(1);
    expect(first).not.toHaveBeenCalled();
  });

  it("comes in time when it is set to a shorter one: the broker may ask for that", () => {
    const timer = keepAliveTimer();
    const run = vi.fn();
    timer.set(() => undefined, 1_000);
    timer.clear();
    timer.set(run, 100);
    vi.advanceTimersByTime(100);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it("does nothing once it is cleared, also by what it called", () => {
    const timer = keepAliveTimer();
    const run = vi.fn(() => timer.clear());
    timer.set(run, 100);
    vi.advanceTimersByTime(1_000);
    expect(run).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
