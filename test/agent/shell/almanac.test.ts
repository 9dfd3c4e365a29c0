import { describe, expect, it, onTestFinished } from "vitest";
import { Almanac } from "../../../agent/shell/almanac.ts";
import { zoneOf } from "../../../agent/shell/zone.ts";
import { keptLog } from "./fixture.ts";

/** A clock that is moved by hand: time that passes, and jumps of the wall clock. */
function almanac(at: string, times: string[]) {
  let wall = Date.parse(at);
  let now = 5000;
  const fired: string[] = [];
  const log = keptLog();
  const state = { set: true };
  const clock = new Almanac({
    clock: { wall: () => wall, now: () => now },
    isSet: () => state.set,
    zone: zoneOf("UTC"),
    location: null,
    triggers: times.map((time, trigger) => {
      const [hours = 0, minutes = 0] = time.split(":").map(Number);
      return { trigger, at: { kind: "time", minute: hours * 60 + minutes }, days: [] };
    }),
    dispatch: (event) => {
      if (event.type === "time-came") fired.push(`${times[event.trigger]} at ${new Date(wall).toISOString().slice(0, 19)}`);
    },
    log,
  });
  clock.start();
  onTestFinished(() => clock.stop());
  return {
    fired,
    log,
    state,
    pass(ms: number) {
      for (let left = ms; left > 0; left -= 20_000) {
        wall += Math.min(20_000, left);
        now += Math.min(20_000, left);
        clock.tick();
      }
    },
    jump(ms: number) {
      wall += ms;
      clock.tick();
    },
  };
}
const hour = 3_600_000;

describe("the times of rules", () => {
  it("come once a day each", () => {
    const { pass, fired } = almanac("2026-11-21T06:00:00Z", ["07:00", "22:30"]);
    pass(48 * hour);
    expect(fired.map((text) => text.slice(0, 22))).toEqual([
      "07:00 at 2026-11-21T07",
      "22:30 at 2026-11-21T22",
      "07:00 at 2026-11-22T07",
      "22:30 at 2026-11-22T22",
    ]);
  });

  it("do not come while the clock is not set, nor all at once when it is", () => {
    const test = almanac("1970-01-01T06:59:00Z", ["07:00", "12:00"]);
    test.state.set = false;
    test.pass(2 * hour);
    test.jump(Date.parse("2026-11-21T11:59:00Z") - Date.parse("1970-01-01T08:59:00Z"));
    test.state.set = true;
    test.pass(2 * hour);
    expect(test.fired).toEqual(["12:00 at 2026-11-21T12:00:00"]);
  });

  it("are not made up for when the clock jumps over them, and the log says so", () => {
    const test = almanac("2026-11-21T06:00:00Z", ["07:00", "08:00"]);
    test.pass(1000);
    test.jump(3 * hour);
    expect(test.fired).toEqual([]);
    expect(test.log.entries.map((entry) => entry.slice(0, 5))).toEqual(["warn:", "warn:"]);
    test.pass(24 * hour);
    expect(test.fired).toHaveLength(2);
  });

  it("come also when the clock is steered over them by a little, and only once when it is set back by a little", () => {
    const test = almanac("2026-11-21T06:59:30Z", ["07:00"]);
    test.jump(45_000);
    expect(test.fired).toHaveLength(1);
    test.jump(-60_000);
    test.pass(10 * 60_000);
    expect(test.fired).toHaveLength(1);
    test.pass(24 * hour);
    expect(test.fired).toHaveLength(2);
  });

  it("come again when the clock was wrong by a day and is set back", () => {
    const test = almanac("2026-11-22T06:00:00Z", ["07:00"]);
    test.pass(2 * hour);
    test.jump(-24 * hour);
    test.pass(24 * hour);
    expect(test.fired.map((text) => text.slice(9, 19))).toEqual(["2026-11-22", "2026-11-22"]);
  });
});
