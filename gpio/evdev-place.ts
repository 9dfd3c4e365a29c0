import { realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { currentIdentity } from "./access.ts";
import { errnoOf, LineError } from "./errors.ts";
import { inputDevice, inputDevices } from "./input-devices.ts";
import { type KeyCode, keyName } from "./key-codes.ts";
import type { KeyRequest } from "./keys.ts";
import { messageOf } from "./message-of.ts";

/** Where the kernel shows input devices. */
export interface EvdevPlaces {
  devices: string;
  sysfs: string;
}

/** The device file that is meant now: `/dev/input/event3`. Throws LineError. */
export function pathOf(device: string, code: KeyCode, { devices, sysfs }: EvdevPlaces): string {
  if (device.startsWith("/")) {
    try {
      return realpathSync(device);
    } catch (error) {
      throw openError(device, error);
    }
  }
  const named = inputDevices(sysfs, device);
  const [found, second] = named.length > 1 ? named.filter((one) => one.has(code)) : named;
  if (found === undefined && named.length > 1)
    throw new LineError(
      "no-line",
      `none of the ${named.length} input devices called ${JSON.stringify(device)} has ${keyName(code)}; see \`pinbus keys\``,
    );
  if (found === undefined)
    throw new LineError("no-chip", `no input device is called ${JSON.stringify(device)}; plug it in, or take one of \`pinbus keys\``);
  if (second !== undefined)
    throw new LineError(
      "no-chip",
      `several input devices are called ${JSON.stringify(device)}: write the path of one, see \`pinbus keys\``,
    );
  return join(devices, found.event);
}

/** A device without the key would be a button that nobody can press. Where sysfs does not tell, the device is believed. */
export function checkKey({ device, key }: KeyRequest, path: string, code: KeyCode, { sysfs }: EvdevPlaces): void {
  const found = inputDevice(basename(path), sysfs);
  if (found === undefined || found.has(code)) return;
  const has = found.keys();
  const all = has.length > 8 ? `${has.slice(0, 8).join(", ")} and ${has.length - 8} more` : has.join(", ");
  throw new LineError("no-line", `${device} has no ${key}; it has ${all || "no key"}`);
}

/** What the kernel answered, as a sentence. */
export function openError(path: string, error: unknown): LineError {
  if (error instanceof LineError) return error;
  switch (errnoOf(error)) {
    case "ENOENT":
    case "ENXIO":
      return new LineError("no-chip", `there is no ${path}; plug it in, or take one of \`pinbus keys\``, { cause: error });
    case "ENODEV":
      return goneError(path, { cause: error });
    case "EACCES":
    case "EPERM": {
      const { user } = currentIdentity();
      return new LineError(
        "permission",
        `${user} may not open ${path}: run \`sudo usermod -aG input ${user}\`, then log out and in again; for the service, \`pinbus service drop-in\` prints what it needs`,
        { cause: error },
      );
    }
    case "EBUSY":
      return new LineError("busy", `another program has grabbed ${path}, so nobody else gets its keys; end that program`, { cause: error });
    case "ENOTTY":
    case "EINVAL":
      return new LineError("unsupported", `${path} is no event device; take one of \`pinbus keys\``, { cause: error });
    default:
      return new LineError("io", `could not use ${path}: ${messageOf(error)}`, { cause: error });
  }
}

export function goneError(path: string, options?: ErrorOptions): LineError {
  return new LineError("gone", `${path} was unplugged; it is used again when it is back`, options);
}
