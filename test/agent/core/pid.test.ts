import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { carryPid, newPid, type PidSettings, pausePid, stepPid } from "../../../agent/core/pid.ts";
import { runs } from "../../runs.ts";

const settings = (parts: Partial<PidSettings>): PidSettings => ({ kp: 0, ki: 0, kd: 0, min: 0, max: 100, raises: true, ...parts });

/** The outputs for readings a second apart. */
function outputs(own: PidSettings, setpoint: number, values: number[], pid = newPid()): number[] {
  return values.map((value, second) => stepPid(pid, own, setpoint, value, second * 1000));
}

/** The textbook, written down once more and straightforwardly: sums over all that was read, no limits. */
function reference({ kp, ki, kd, raises }: PidSettings, setpoint: number, values: number[]): number[] {
  const errors = values.map((value) => (raises ? setpoint - value : value - setpoint));
  return values.map((value, k) => {
    let integral = 0;
    for (let i = 1; i <= k; i++) integral += ki * (errors[i] as number) * 1;
    const change = k === 0 ? 0 : value - (values[k - 1] as number);
    return kp * (errors[k] as number) + integral - kd * (raises ? change : -change);
  });
}

describe("a PID controller", () => {
  it("equals the textbook form as long as no limit is reached", () => {
    const gain = fc.double({ min: 0, max: 50, noNaN: true });
    const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(gain, gain, gain, fc.boolean(), values, (kp, ki, kd, raises, read) => {
        const own = settings({ kp, ki, kd, raises, min: -1e9, max: 1e9 });
        const expected = reference(own, 20, read);
        for (const [index, output] of outputs(own, 20, read).entries()) expect(output).toBeCloseTo(expected[index] as number, 5);
      }),
      { numRuns: runs(200) },
    );
  });

  it.each([
    ["P answers a step of 4 with 4 kp and stays there", { kp: 2 }, [6, 6, 6], [8, 8, 8]],
    ["I grows by ki times the error each second", { ki: 0.5 }, [6, 6, 6], [0, 2, 4]],
    ["D answers a ramp of 1 a second with kd, against it", { kd: 3, min: -100 }, [6, 7, 8], [0, -3, -3]],
    ["of a lowering output everything is turned around", { kp: 2, raises: false }, [14, 12, 10], [8, 4, 0]],
  ] as const)("%s", (_, parts, values, expected) => {
    expect(outputs(settings(parts), 10, [...values])).toEqual(expected);
  });

  it("has no kick from a new setpoint, because the derivative is that of the measurement", () => {
    const [pid, own] = [newPid(), settings({ kd: 50, min: -100 })];
    stepPid(pid, own, 10, 6, 0);
    expect(stepPid(pid, own, 90, 6, 1000)).toBeCloseTo(0);
  });

  it("leaves its limit as soon as the error turns, however long it was there", () => {
    const [pid, own] = [newPid(), settings({ kp: 5, ki: 1 })];
    for (let second = 0; second < 3600; second++) expect(stepPid(pid, own, 60, 40, second * 1000)).toBeLessThanOrEqual(100);
    expect(stepPid(pid, own, 60, 61, 3_600_000)).toBeLessThan(100);
  });

  it("settles a first-order process at the setpoint without a lasting error, as its closed form says", () => {
    // T y' = u − y with T = 10 s, kp = 2, ki = 0.3: ζ = 0.87, so the overshoot is below 5 % and it is within 1 % after 40 s.
    const [pid, own] = [newPid(), settings({ kp: 2, ki: 0.3, min: -1e6, max: 1e6 })];
    const dt = 0.05;
    let value = 0;
    let highest = 0;
    for (let step = 0; step * dt < 60; step++) {
      const output = stepPid(pid, own, 1, value, step * dt * 1000);
      value += ((output - value) / 10) * dt;
      highest = Math.max(highest, value);
      if (step * dt > 40) expect(Math.abs(value - 1)).toBeLessThan(0.01);
    }
    expect(highest).toBeLessThan(1.05);
  });

  it("does not count a pause as time, and goes on from its integral after it", () => {
    const [pid, own] = [newPid(), settings({ ki: 1 })];
    outputs(own, 10, [6, 6], pid);
    pausePid(pid);
    expect(stepPid(pid, own, 10, 6, 3_600_000)).toBe(4);
  });

  it("goes on from where it was under other settings", () => {
    const [pid, own] = [newPid(), settings({ kp: 3, ki: 0.5 })];
    const [, , before = 0] = outputs(own, 10, [6, 6, 6], pid);
    const other = settings({ kp: 5, ki: 0.5 });
    const carried = carryPid(pid, own, other);
    expect(stepPid(carried, other, 10, 6, 2000)).toBeCloseTo(before, 9);
  });

  it("property: never leaves its limits, whatever it reads", () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value, fc.integer({ min: 0, max: 1e6 }))), (steps) => {
        const [pid, own] = [newPid(), settings({ kp: 43, ki: 0.1, kd: 0.1, max: 30, raises: false })];
        let at = 0;
        for (const [setpoint, read, wait] of steps) {
          at += wait;
          const output = stepPid(pid, own, setpoint, read, at);
          expect(output >= 0 && output <= 30 && Math.abs(pid.integral) <= 60).toBe(true);
        }
      }),
      { numRuns: runs(200) },
    );
  });
});
