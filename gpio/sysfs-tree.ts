import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { permissionError } from "./access.ts";
import type { ChipInfo } from "./driver.ts";
import { busyError, errnoOf, ioError, noChipError, noLineError } from "./errors.ts";
import type { LineAddress } from "./line.ts";

export const root = "/sys/class/gpio";

export interface SysfsChip extends ChipInfo {
  base: number;
}

export function sysfsChips(): SysfsChip[] {
  let names: string[] = [];
  try {
    // Linux 7 has chip0, chip1 … beside them, without the global numbers.
    names = readdirSync(root).filter((name) => /^gpiochip\d+$/.test(name));
  } catch {
    // a kernel without GPIO_SYSFS
  }
  const chips = names.flatMap((name) => {
    const [label, base, lines] = ["label", "base", "ngpio"].map((key) => readText(join(root, name, key)));
    return label === undefined ? [] : [{ label, name, base: Number(base), lines: Number(lines) }];
  });
  return chips.sort((a, b) => a.base - b.base);
}

export function findChip(label: string): SysfsChip {
  const chips = sysfsChips();
  const chip = chips.find((there) => there.label === label);
  if (!chip)
    throw noChipError(
      label,
      chips.map((there) => there.label),
    );
  return chip;
}

/** The kernel's global number: never the offset alone, because bases start at 512 today. */
export function findNumber(address: LineAddress): number {
  const { base, lines } = findChip(address.chip);
  if (address.offset >= lines) throw noLineError(address, lines);
  return base + address.offset;
}

export function exportLine(number: number, address: LineAddress, on: boolean): void {
  const path = join(root, on ? "export" : "unexport");
  try {
    writeFileSync(path, String(number));
  } catch (error) {
    const code = errnoOf(error);
    if (code === "EBUSY") throw busyError(address, "", { cause: error });
    if (code === "EACCES" || code === "EPERM") throw permissionError(path, error);
    throw ioError(address, on ? "export" : "unexport", error);
  }
}

export function tryUnexport(number: number): void {
  try {
    writeFileSync(join(root, "unexport"), String(number));
  } catch {
    // it was never exported
  }
}

export function attribute(number: number, key: "value" | "direction" | "active_low"): string | undefined {
  return readText(join(root, `gpio${number}`, key));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
