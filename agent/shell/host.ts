import { readdir, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { readProc } from "./kernel-file.ts";
import { readWear } from "./wear.ts";

/** Values by their names below `P/$SYS/`; one that this machine does not have is absent, never 0. */
export type HostValues = Record<string, string>;

export interface HostOptions {
  /** Its file system is the one whose room is told. */
  stateDir: string;
  /** Where /proc and /sys are: the root, but in a test. */
  root?: string;
}

/** A machine with containers has dozens. */
const interfacesTold = 8;

/** Load, memory, temperature, supply, disk and network of the machine, from the kernel's own files: spawns nothing, waits for nobody. */
export async function readHost({ stateDir, root = "/" }: HostOptions): Promise<HostValues> {
  const [load, uptime, memory, network, wireless] = ["loadavg", "uptime", "meminfo", "net/dev", "net/wireless"].map((name) =>
    readProc(join(root, "proc", name)),
  ) as [string, string, string, string, string];
  const [temperature, power, disk] = await Promise.all([
    readFile(join(root, "sys/class/thermal/thermal_zone0/temp"), "utf8").catch(() => ""),
    readThrottled(root),
    statfs(stateDir).catch(() => undefined),
  ]);
  return {
    ...loadOf(load),
    ...numbered(/^\d+/.exec(uptime)?.[0], (seconds) => ({ "host/uptime": `${seconds} seconds` })),
    ...memoryOf(memory),
    ...numbered(/^-?\d+/.exec(temperature)?.[0], (milli) => ({ "host/temperature": (milli / 1000).toFixed(1) })),
    ...supplyOf(power),
    ...networkOf(network),
    ...wirelessOf(wireless),
    ...readWear(root),
    ...(disk && {
      "host/disk/total": String(disk.blocks * disk.bsize),
      "host/disk/used": String((disk.blocks - disk.bfree) * disk.bsize),
      "host/disk/free": String(disk.bavail * disk.bsize),
    }),
  };
}

function numbered(text: string | undefined, values: (number: number) => HostValues): HostValues {
  return text === undefined ? {} : values(Number(text));
}

function loadOf(text: string): HostValues {
  const [, one, five, fifteen] = /^([\d.]+) ([\d.]+) ([\d.]+) /.exec(text) ?? [];
  if (one === undefined || five === undefined || fifteen === undefined) return {};
  return { "host/load/1min": one, "host/load/5min": five, "host/load/15min": fifteen };
}

/** Bytes. What is available counts as free: the rest of it is a cache that gives way. */
function memoryOf(text: string): HostValues {
  const bytes = (name: string) => {
    const kilobytes = new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  };
  const used = (what: string, total: number | undefined, free: number | undefined): HostValues =>
    total === undefined || free === undefined ? {} : { [`host/${what}/total`]: String(total), [`host/${what}/used`]: String(total - free) };
  return {
    ...used("memory", bytes("MemTotal"), bytes("MemAvailable")),
    ...used("swap", bytes("SwapTotal"), bytes("SwapFree")),
  };
}

/** Where the firmware of a Pi was found, by root: it stays there. */
const throttledFiles = new Map<string, string>();

/** In hexadecimal. */
async function readThrottled(root: string): Promise<string> {
  const known = throttledFiles.get(root);
  const file = known ?? (await findThrottled(join(root, "sys/devices/platform")));
  if (file === null) return "";
  if (known === undefined) throttledFiles.set(root, file);
  return readFile(file, "utf8").catch(() => "");
}

/** The folder is `soc/soc:firmware`, on a Pi 5 with an address in its name. */
async function findThrottled(platform: string): Promise<string | null> {
  for (const soc of await named(platform, /^soc(@[0-9a-f]+)?$/))
    for (const firmware of await named(join(platform, soc), /^soc(@[0-9a-f]+)?:firmware$/))
      return join(platform, soc, firmware, "get_throttled");
  return null;
}

async function named(folder: string, pattern: RegExp): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => pattern.test(name));
}

/** By the bits of `vcgencmd get_throttled`: a weak supply first makes edges bounce, then corrupts the card. */
function supplyOf(text: string): HostValues {
  const [, hex] = /^(?:0x)?([0-9a-f]{1,8})\s*$/.exec(text) ?? [];
  if (hex === undefined) return {};
  const bits = Number.parseInt(hex, 16);
  const bit = (number: number) => ((bits >>> number) & 1 ? "ON" : "OFF");
  return {
    "host/throttled": `0x${bits.toString(16)}`,
    "host/throttled/now": bit(2),
    "host/throttled/since_boot": bit(18),
    "host/under_voltage/now": bit(0),
    "host/under_voltage/since_boot": bit(16),
  };
}

/** Bytes since the interface came up; the loopback is nobody's business. */
function networkOf(text: string): HostValues {
  const lines = [...text.matchAll(/^ *([\w.-]+): *(\d+)(?: +\d+){7} +(\d+) /gm)].filter(([, name]) => name !== "lo");
  return Object.fromEntries(
    lines.slice(0, interfacesTold).flatMap(([, name, received = "", sent = ""]) => [
      [`host/network/${name}/received`, received],
      [`host/network/${name}/sent`, sent],
    ]),
  );
}

/** dBm, as the driver tells it. */
function wirelessOf(text: string): HostValues {
  const lines = [...text.matchAll(/^ *([\w.-]+): +\S+ +\S+ +(-\d+)\.? /gm)];
  return Object.fromEntries(lines.slice(0, interfacesTold).map(([, name, signal = ""]) => [`host/wifi/${name}/signal`, signal]));
}
