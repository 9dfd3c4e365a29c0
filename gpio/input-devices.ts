import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { highestCode, type KeyCode, keyName } from "./key-codes.ts";

/** A device that has keys or switches, as sysfs describes it to everybody. */
export interface InputDevice {
  /** `event3`; for now only, it moves. */
  event: string;
  /** As the kernel has it, without spaces around it, and plain. */
  name: string;
  has(key: KeyCode): boolean;
  /** It has neither a key nor a switch. */
  empty: boolean;
  /** Those that have a name, in the order of their codes. */
  keys(): string[];
}

/** More devices than a machine has. */
const most = 256;

/** The device behind `event3`; undefined when it is not there. */
export function inputDevice(event: string, sysfs = "/sys"): InputDevice | undefined {
  const folder = join(sysfs, "class/input", event, "device");
  const bits = { key: bitsOf(textOf(join(folder, "capabilities/key"))), switch: bitsOf(textOf(join(folder, "capabilities/sw"))) };
  if (bits.key === undefined || bits.switch === undefined) return undefined;
  const has = ({ type, code }: KeyCode) => (((bits[type] ?? 0n) >> BigInt(code)) & 1n) === 1n;
  return {
    event,
    name: nameOf(event, sysfs),
    has,
    empty: bits.key === 0n && bits.switch === 0n,
    keys: () =>
      (["key", "switch"] as const).flatMap((type) =>
        Array.from({ length: highestCode[type] + 1 }, (_, code) => ({ type, code })).flatMap((key) =>
          has(key) ? (keyName(key) ?? []) : [],
        ),
      ),
  };
}

/** What a device says of itself is printed, and found by what was printed: nothing in it ends a line or turns it round. */
function plainName(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}

function nameOf(event: string, sysfs: string): string {
  return plainName((textOf(join(sysfs, "class/input", event, "device/name")) ?? "").trim());
}

/** All devices that have a key or a switch, or those of this name: of the others no more is read, since who waits for one looks often. */
export function inputDevices(sysfs = "/sys", called?: string): InputDevice[] {
  const events = namesIn(join(sysfs, "class/input")).filter((name) => /^event\d{1,5}$/.test(name));
  const inOrder = events.sort((a, b) => Number(a.slice(5)) - Number(b.slice(5))).slice(0, most);
  const named = called === undefined ? inOrder : inOrder.filter((event) => nameOf(event, sysfs) === plainName(called));
  return named.flatMap((event) => inputDevice(event, sysfs) ?? []).filter(({ empty }) => !empty);
}

/** The links that udev makes to each device, which stay the same: `event3` → `/dev/input/by-id/…`. */
export function stableLinks(devices = "/dev/input"): Map<string, string> {
  const links = new Map<string, string>();
  for (const folder of ["by-path", "by-id"])
    for (const name of namesIn(join(devices, folder)).sort()) {
      const path = join(devices, folder, name);
      const to = linkOf(path);
      if (to !== undefined) links.set(basename(to), path);
    }
  return links;
}

/**
 * Words of a `long`, the highest first and without zeros in front: of 64 bits, or of 32 for a process of 32 bits
 * (drivers/input/input.c, input_bits_to_string).
 */
function bitsOf(text: string | undefined): bigint | undefined {
  const words = text?.trim().split(" ");
  if (words === undefined || words.length > 64 || !words.every((word) => /^[0-9a-f]{1,16}$/.test(word))) return undefined;
  const wide = process.arch === "arm" ? 32n : 64n;
  return words.reduce((bits, word) => (bits << wide) | BigInt(`0x${word}`), 0n);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A machine without input devices has no such folder.
    return [];
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").slice(0, 4096);
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
