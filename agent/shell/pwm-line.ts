import type { LineListener } from "../../gpio/driver.ts";
import type { PwmAddress, PwmDriver } from "../../gpio/pwm.ts";
import type { OutputPlan } from "../core/output-plan.ts";
import { dutyOf } from "../core/pwm.ts";
import type { PwmPlace, PwmPlan } from "../core/pwm-plan.ts";

/** How the PWM of a plan are reached. */
export interface PwmLines {
  driver: PwmDriver;
  /** Finds a channel; throws LineError while there is none. */
  resolve(place: PwmPlace): PwmAddress;
  /** The level with which a channel is requested. */
  startLevel(output: number): number;
}

/** The line of an output, whatever it is driven by. */
export interface Driven {
  /** `level` is that of a PWM. Throws LineError when the line did not take it. */
  write(active: boolean, level: number | null): void;
  read(): unknown;
  close(): void;
}

export function openPwm({ id }: OutputPlan, pwm: PwmPlan, { driver, resolve }: PwmLines, level: number, listener: LineListener): Driven {
  const { periodNs, inverted } = pwm;
  const handle = driver.open({ ...resolve(pwm.place), periodNs, inverted, dutyNs: dutyOf(pwm, level), consumer: `pinbus:${id}` }, listener);
  return {
    write: (_, next) => handle.write(dutyOf(pwm, next ?? 0)),
    read: () => handle.read(),
    close: () => handle.close(),
  };
}

/**
 * After an export the files of a channel are root's for a moment, until udev has given them away: so often it is asked for again, soon, before
 * that counts as a problem.
 */
export const udevTries = 20;
export const udevPause = 100;

export function isRefusedByMode(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === "permission";
}

/** Opens a PWM, for a program that has nothing else to do meanwhile; rejects with what the last try said. */
export async function openOnceGiven(open: () => Driven, wait: (ms: number) => Promise<unknown>): Promise<Driven> {
  for (let tries = 1; ; tries++) {
    try {
      return open();
    } catch (error) {
      if (!isRefusedByMode(error) || tries >= udevTries) throw error;
      await wait(udevPause);
    }
  }
}
