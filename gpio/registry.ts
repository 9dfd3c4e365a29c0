import { openChardev } from "./chardev.ts";
import type { Driver, DriverName } from "./driver.ts";
import { LineError } from "./errors.ts";
import { openEvdev } from "./evdev.ts";
import type { KeyDriver } from "./keys.ts";
import { messageOf } from "./message-of.ts";
import { openSim } from "./sim.ts";
import type { SimBoard } from "./sim-board.ts";
import { openSimKeys } from "./sim-keys.ts";
import { openSysfs } from "./sysfs.ts";

export interface DriverOptions {
  /** The simulated board of the driver `sim`; by default a new Pi 4. */
  board?: SimBoard;
  /** How each driver is opened; for tests. */
  drivers?: Drivers;
}

export type Drivers = Record<DriverName, (board?: SimBoard) => Driver | Promise<Driver>>;

const drivers: Drivers = {
  chardev: () => openChardev(),
  sysfs: () => openSysfs(),
  sim: (board) => openSim(board),
};

/**
 * Opens a driver. A driver that is named is opened even when no chip is there yet: chips come and go. `auto` takes chardev, else sysfs,
 * whichever first has a chip that this process may open; never the simulated board. Throws LineError "no-driver" that says what was tried.
 */
export async function openDriver(name: "auto" | DriverName, options: DriverOptions = {}): Promise<Driver> {
  const open = options.drivers ?? drivers;
  if (name !== "auto") return open[name](options.board);
  const refused: { name: string; error: unknown }[] = [];
  for (const candidate of ["chardev", "sysfs"] as const) {
    try {
      const driver = await open[candidate]();
      if (driver.chips().length > 0) return driver;
      driver.close();
      throw new LineError("no-chip", "it finds no GPIO chip");
    } catch (error) {
      refused.push({ name: candidate, error });
    }
  }
  const codes = refused.map(({ error }) => (error instanceof LineError ? error.code : "io"));
  // What the kernel does not have, no other driver finds.
  const telling = codes[0] === "no-chip" ? refused.filter((_, index) => codes[index] !== "no-driver") : refused;
  const reasons = telling.map(({ name, error }) => `${name}: ${messageOf(error)}`);
  throw new LineError(
    // What the person can cure first: a group is missing more often than a driver.
    codes.includes("permission") ? "permission" : codes.every((code) => code === "no-chip") ? "no-chip" : "no-driver",
    `no GPIO driver can be used here. ${reasons.join(". ")}. On a computer without GPIO set gpio.driver: sim for the simulated board`,
    { cause: new AggregateError(refused.map(({ error }) => error)) },
  );
}

/** Keys of the simulated board when there is one, else of the kernel's input devices. Nothing is opened yet. */
export function openKeyDriver(board?: SimBoard): KeyDriver {
  return board ? openSimKeys(board) : openEvdev();
}
