import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { HostValues } from "./host.ts";
import { readProc } from "./kernel-file.ts";

/** A machine has one or two. */
const disksTold = 8;
const reserves: Readonly<Record<number, string>> = { 1: "normal", 2: "warning", 3: "urgent" };

/**
 * How worn the eMMC (JEDEC JESD84-B51, EXT_CSD 267 to 269) of this machine is, as the kernel read it when it came up. SD cards and other disks do
 * not tell it there: of them nothing is said. `used` is in tens of percent of its life, and 110 beyond it.
 */
export function readWear(root: string): HostValues {
  const folder = join(root, "sys/block");
  const values: HostValues = {};
  for (const disk of disksOf(folder)) {
    const hex = (name: string) =>
      [...readProc(join(folder, disk, "device", name)).matchAll(/0x([0-9a-f]{2})\b/gi)].map(([, digits = ""]) =>
        Number.parseInt(digits, 16),
      );
    // Of memory of two kinds, each has its own; 0 = it does not say.
    const worst = Math.max(
      0,
      ...hex("life_time")
        .slice(0, 2)
        .filter((steps) => steps <= 11),
    );
    if (worst > 0) values[`host/wear/${disk}/used`] = String(worst * 10);
    const reserve = reserves[hex("pre_eol_info")[0] ?? 0];
    if (reserve !== undefined) values[`host/wear/${disk}/reserve`] = reserve;
  }
  return values;
}

function disksOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^mmcblk\d{1,3}$/.test(name))
      .sort()
      .slice(0, disksTold);
  } catch {
    return [];
  }
}
