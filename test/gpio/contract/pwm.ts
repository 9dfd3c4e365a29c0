import { describe, expect, it } from "vitest";
import { LineError } from "../../../gpio/errors.ts";
import type { PwmDriver, PwmRequest } from "../../../gpio/pwm.ts";
import { eventually } from "../../agent/shell/fixture.ts";

/** A place with one PWM chip of two channels, and a meter on them. */
export interface PwmWorld {
  driver: PwmDriver;
  chip: string;
  /** Nanoseconds; undefined while the channel is silent. */
  signal(channel: number): { periodNs: number; dutyNs: number; inverted: boolean } | undefined;
  removeChip(): void;
  returnChip(): void;
  /** A second program on the same board. */
  another(): PwmDriver;
}

const nobody = { gone() {} };

/** What `gpio/pwm.ts` promises, of each driver. */
export function pwmContract(name: string, worldOf: () => PwmWorld): void {
  describe(`the PWM driver ${name}`, () => {
    const setUp = () => {
      const world = worldOf();
      const request = (more: Partial<PwmRequest> = {}): PwmRequest => ({
        chip: world.chip,
        channel: 0,
        periodNs: 40_000,
        inverted: false,
        dutyNs: 10_000,
        consumer: "pinbus:fan",
        ...more,
      });
      return { ...world, request };
    };

    it("lists its chip by the device behind it", () => {
      const { driver, chip } = setUp();
      expect(driver.chips()).toEqual([{ device: chip, name: expect.stringMatching(/^pwmchip\d+$/), channels: 2 }]);
    });

    it.each([false, true])("1: begins with the first duty, inverted: %s", (inverted) => {
      const { driver, request, signal } = setUp();
      driver.open(request({ inverted }), nobody);
      expect(signal(0)).toMatchObject({ periodNs: 40_000, dutyNs: 10_000, inverted });
    });

    it("3: has set the duty when write returns, and reads it back", () => {
      const { driver, request, signal } = setUp();
      const handle = driver.open(request(), nobody);
      for (const duty of [40_000, 5, 0, 20_000]) {
        handle.write(duty);
        expect([signal(0)?.dutyNs, handle.read()]).toEqual([duty, duty]);
      }
    });

    it("4: gives a channel to one holder, and the other channel to another", () => {
      const { driver, request } = setUp();
      driver.open(request(), nobody);
      expect(codeOf(() => driver.open(request({ consumer: "pinbus:lamp" }), nobody))).toBe("busy");
      driver.open(request({ channel: 1, consumer: "pinbus:lamp" }), nobody);
    });

    it.each([
      [{ chip: "nowhere.pwm" }, "no-chip"],
      [{ channel: 2 }, "no-line"],
    ])("5: refuses %j with a code, and takes a right request then", (wrong, code) => {
      const { driver, request, signal } = setUp();
      expect(codeOf(() => driver.open(request(wrong), nobody))).toBe(code);
      driver.open(request(), nobody);
      expect(signal(0)?.dutyNs).toBe(10_000);
    });

    it.each([
      [0, false, undefined],
      [10_000, false, 10_000],
      [0, true, 0],
      [10_000, true, 10_000],
    ])("5: leaves a duty of %d ns, inverted: %s, at its close as %s", (duty, inverted, left) => {
      const { driver, request, signal } = setUp();
      const handle = driver.open(request({ inverted }), nobody);
      handle.write(duty);
      handle.close();
      handle.close();
      expect(signal(0)?.dutyNs).toBe(left);
    });

    it("2: takes over what a former run has left on", () => {
      const { driver, request, signal, another } = setUp();
      driver.open(request(), nobody).close();
      another().open(request({ dutyNs: 20_000 }), nobody);
      expect(signal(0)).toMatchObject({ periodNs: 40_000, dutyNs: 20_000 });
    });

    it("2: gives it another frequency, even a shorter period than its duty was", () => {
      const { driver, request, signal, another } = setUp();
      driver.open(request({ dutyNs: 40_000 }), nobody).close();
      another().open(request({ periodNs: 1000, dutyNs: 500, inverted: true }), nobody);
      expect(signal(0)).toMatchObject({ periodNs: 1000, dutyNs: 500, inverted: true });
    });

    it("6: says once that its chip is gone, and finds it again", async () => {
      const { driver, request, signal, removeChip, returnChip } = setUp();
      let gone = 0;
      const handle = driver.open(request(), { gone: () => gone++ });
      removeChip();
      await eventually(() => gone).toBe(1);
      expect([codeOf(() => handle.write(0)), codeOf(() => handle.read())]).toEqual(["gone", "gone"]);
      handle.close();
      returnChip();
      driver.open(request({ dutyNs: 7 }), nobody);
      expect([signal(0)?.dutyNs, gone]).toEqual([7, 1]);
    });
  });
}

export function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof LineError) return error.code;
    throw error;
  }
}
