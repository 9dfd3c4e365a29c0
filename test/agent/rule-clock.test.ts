import { describe, expect, it } from "vitest";
import type { AgentEvent } from "../../agent/core/model.ts";
import { reduce } from "../../agent/core/reduce.ts";
import { createRuleClock } from "../../agent/rule-clock.ts";
import { configOf } from "./core/fixture.ts";
import { World } from "./core/world.ts";
import { keptLog } from "./shell/fixture.ts";

function ruleClock() {
  const config = configOf({ outputs: { lamp: {} } });
  const { plan, state } = new World(config);
  const told: AgentEvent[] = [];
  const time = { wall: Date.UTC(2026, 10, 21), now: 0 };
  const log = keptLog();
  const clock = createRuleClock({
    current: () => ({ config, plan, state }),
    send(event) {
      told.push(event);
      reduce(plan, state, event);
    },
    clock: { wall: () => time.wall, now: () => time.now },
    log,
  });
  return { clock, state, told, time, said: log.entries };
}

describe("the clock that a command is judged by", () => {
  it("is told once, not again while both clocks go on together", () => {
    const { clock, told, time } = ruleClock();
    clock.refresh();
    time.wall += 60_000;
    time.now += 60_000.9;
    clock.refresh();
    expect(told).toHaveLength(1);
  });

  it("is told anew when the wall clock was moved, by however little", () => {
    const { clock, state, told, time } = ruleClock();
    clock.refresh();
    for (const jump of [2, -3_600_000]) {
      time.wall += jump;
      clock.refresh();
      expect(state.clockOffset).toBe(time.wall - time.now);
    }
    expect(told).toHaveLength(3);
  });

  it("is told when it is known to be set, and when it no longer is", () => {
    const { clock, state, time, said } = ruleClock();
    time.wall = 0;
    for (let count = 0; count < 3; count++) clock.refresh();
    expect(state.clockSet).toBe(false);
    time.wall = Date.UTC(2027, 0, 1);
    clock.refresh();
    expect(state.clockSet).toBe(true);
    clock.refresh();
    expect(said).toEqual([
      "warn: the clock of this machine is not set (it says 1970-01-01): ages and times of day wait for it",
      "info: the clock of this machine is set: it is 2027-01-01T00:00:00.000Z",
    ]);
  });

  it("that is set from the start on is nothing to be told", () => {
    const { clock, said } = ruleClock();
    clock.refresh();
    expect(said).toEqual([]);
  });
});
