import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Frames } from "../../../tui/shell/frames.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start({ answers = true }: { answers?: boolean } = {}) {
  const world = { painted: [] as number[], probes: 0, pending: false, cost: 0, changed: true, answers, rtt: 0 };
  const frames: Frames = new Frames({
    paint() {
      world.painted.push(performance.now());
      vi.advanceTimersByTime(world.cost);
      return world.changed;
    },
    probe() {
      world.probes++;
      if (world.answers) setTimeout(() => frames.ack(), world.rtt);
    },
    pending: () => world.pending,
  });
  frames.start();
  const origin = performance.now();
  return { frames, world, at: () => world.painted.map((time) => Math.round(time - origin)) };
}

/** Data that never ends: a request every 5 ms. */
function churn(frames: Frames, ms: number): void {
  for (let t = 0; t < ms; t += 5) {
    frames.request(false);
    vi.advanceTimersByTime(5);
  }
}

describe("frame pacing", () => {
  it("draws nothing without a request", () => {
    const { at } = start();
    vi.advanceTimersByTime(5_000);
    expect(at()).toEqual([]);
  });

  it("draws data at most ten times a second, however much comes", () => {
    const { frames, at } = start();
    churn(frames, 1_000);
    expect(at().length).toBeGreaterThanOrEqual(9);
    expect(at().length).toBeLessThanOrEqual(11);
  });

  it("draws a key within 16 ms although data has just been drawn", () => {
    const { frames, world, at } = start();
    frames.request(false);
    vi.advanceTimersByTime(1);
    frames.request(false);
    world.painted.length = 0;
    const before = performance.now();
    frames.request(true);
    vi.advanceTimersByTime(16);
    expect(at()).toHaveLength(1);
    expect((world.painted[0] ?? 0) - before).toBeLessThanOrEqual(16);
  });

  it("coalesces the keys of a held arrow", () => {
    const { frames, at } = start();
    for (let i = 0; i < 100; i++) {
      frames.request(true);
      vi.advanceTimersByTime(1);
    }
    expect(at().length).toBeLessThanOrEqual(8);
  });

  it("backs off to seven times what a frame costs", () => {
    const { frames, world, at } = start();
    world.cost = 40;
    churn(frames, 3_000);
    expect(at().length).toBeLessThanOrEqual(11);
  });

  it("draws once a second without focus, and at once when the focus is back", () => {
    const { frames, at } = start();
    frames.focus(false);
    churn(frames, 3_000);
    expect(at().length).toBeLessThanOrEqual(4);
    const before = at().length;
    frames.focus(true);
    vi.advanceTimersByTime(16);
    expect(at().length).toBe(before + 1);
  });

  it("holds the next frame until the terminal has answered", () => {
    const { frames, world, at } = start();
    world.answers = false;
    frames.request(true);
    vi.advanceTimersByTime(1);
    churn(frames, 1_000);
    frames.request(true);
    vi.advanceTimersByTime(100);
    expect(at()).toHaveLength(1);
    frames.ack();
    vi.advanceTimersByTime(16);
    expect(at()).toHaveLength(2);
  });

  it("allows two frames under way when the round trip is long", () => {
    const { frames, world, at } = start();
    world.rtt = 300;
    churn(frames, 400);
    expect(frames.rttMs).toBeGreaterThanOrEqual(300);
    world.answers = false;
    world.painted.length = 0;
    churn(frames, 1_000);
    expect(at()).toHaveLength(2);
  });

  it("counts its frames of the last second, and not before that is over", () => {
    const { frames } = start();
    expect(frames.perSecond).toBeNull();
    churn(frames, 1_000);
    expect(frames.perSecond).toBeGreaterThan(0);
    churn(frames, 1_000);
    expect(frames.perSecond).toBeCloseTo(10, 0);
    vi.advanceTimersByTime(100);
    expect(frames.perSecond).toBeCloseTo(10, 0);
    vi.advanceTimersByTime(1_000);
    expect(frames.perSecond).toBeLessThan(2);
  });

  it("stops asking a terminal that never answers, after 5 s", () => {
    const { frames, world, at } = start({ answers: false });
    churn(frames, 4_900);
    expect(at()).toHaveLength(1);
    churn(frames, 1_200);
    expect(at().length).toBeGreaterThan(8);
    expect(world.probes).toBe(1);
  });

  it("sends a terminal that has stopped answering one frame per 5 s, not a backlog", () => {
    const { frames, world } = start();
    churn(frames, 500);
    world.answers = false;
    vi.advanceTimersByTime(100);
    world.painted.length = 0;
    churn(frames, 20_000);
    expect(world.painted.length).toBeLessThanOrEqual(5);
    expect(world.painted.length).toBeGreaterThanOrEqual(3);
  });

  it("writes nothing while the terminal has not taken what was written", () => {
    const { frames, world, at } = start();
    world.pending = true;
    churn(frames, 8_000);
    expect(at()).toEqual([]);
    world.pending = false;
    frames.drained();
    vi.advanceTimersByTime(16);
    expect(at()).toHaveLength(1);
  });

  it("asks nothing after a frame that changed nothing", () => {
    const { frames, world } = start();
    world.changed = false;
    churn(frames, 500);
    expect(world.probes).toBe(0);
  });

  it("leaves no timer behind", () => {
    const { frames } = start({ answers: false });
    frames.request(true);
    vi.advanceTimersByTime(1);
    frames.request(true);
    frames.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
