import { statSync } from "node:fs";

/** How often what is held in sysfs is checked for its chip: sysfs does not say when it goes away. */
export const presenceMs = 500;

/** Whether a folder is still the one that was opened: no I/O on what it stands for. */
export function isStillThere(folder: string, inode: number): boolean {
  try {
    return statSync(folder).ino === inode;
  } catch {
    return false;
  }
}
