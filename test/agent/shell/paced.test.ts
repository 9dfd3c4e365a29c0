import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { paced } from "../../../agent/shell/paced.ts";

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

function world() {
  const said: string[] = [];
  const state = { value: 0, heard: true };
  const health = paced(() => state.heard && said.push(`${Date.now()}: ${state.value}`) > 0, 1000, { now: () => Date.now() });
  const become = (value: number) => {
    state.value = value;
    health.tell();
  };
  return { said, state, health, become };
}

it("tells the first at once, and of what follows within a second the last", () => {
  const { said, become } = world();
  for (let value = 1; value <= 25; value++) {
    become(value);
    vi.advanceTimersByTime(100);
  }
  vi.advanceTimersByTime(5000);
  expect(said).toEqual(["0: 1", "1000: 10", "2000: 20", "3000: 25"]);
  become(26);
  expect(said.at(-1)).toBe("7500: 26");
});

it("waits for nothing when nobody could be told", () => {
  const { said, state, become } = world();
  state.heard = false;
  become(1);
  state.heard = true;
  become(2);
  expect(said).toEqual(["0: 2"]);
});

it("tells what waits when it stops, and nothing after that", () => {
  const { said, health, become } = world();
  become(1);
  become(2);
  health.stop();
  become(3);
  vi.advanceTimersByTime(5000);
  expect(said).toEqual(["0: 1", "0: 2"]);
});
