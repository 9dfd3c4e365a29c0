import { LineError } from "./errors.ts";

/** What is used of onoff's Gpio; written by hand because onoff is optional and may be absent when this is compiled. */
export interface OnoffGpio {
  readSync(): number;
  writeSync(value: 0 | 1): void;
  watch(callback: (error: Error | null | undefined, value: number) => void): void;
  /** Ends the watch, closes the value file and gives the line back. */
  unexport(): void;
}

export type Onoff = new (
  gpio: number,
  direction: "in" | "high" | "low",
  edge: "none" | "both" | "rising" | "falling",
  options: { activeLow: boolean; reconfigureDirection: boolean },
) => OnoffGpio;

/** Imports onoff. Throws LineError "no-driver" with the cure when it, or the compiled part of epoll under it, is missing. */
export async function loadOnoff(name = "onoff"): Promise<Onoff> {
  try {
    const module: { Gpio?: Onoff; default?: { Gpio?: Onoff } } = await import(name);
    const gpio = module.Gpio ?? module.default?.Gpio;
    if (!gpio) throw new Error("it has no Gpio");
    return gpio;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new LineError(
      "no-driver",
      `the sysfs driver needs the npm package onoff with its compiled part epoll (${reason}); install a compiler ` +
        "(`sudo apt install build-essential python3`), then run `npm install onoff` and `npm rebuild epoll` in the folder of pinbus, or set gpio.driver: chardev",
      { cause: error },
    );
  }
}
