import { access, readFile, readlink, stat, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { readHost } from "../../shell/host.ts";
import { type Machine, readMachine } from "../../shell/inventory.ts";
import type { ClockFacts, DiskFacts } from "../facts.ts";
import type { Fact } from "../finding.ts";
import { say } from "../sentence.ts";
import { asRoot, printed } from "./deadline.ts";

const sectorBytes = 512;

/** Bits of get_throttled, from the kernel or else from the firmware's own program. */
export async function gatherSupply(root: string, signal: AbortSignal): Promise<Fact<number>> {
  const { "host/throttled": text } = await readHost({ stateDir: "/", root });
  const told = text ?? /0x[0-9a-f]+/.exec((root === "/" && (await printed("vcgencmd", ["get_throttled"], signal))) || "")?.[0];
  if (told === undefined) return { unknown: say`no firmware of a Raspberry Pi tells about the supply here` };
  return { value: Number(told) };
}

/** What `P/info` says of the machine, and what is built in; asked in a process of its own, which a slow machine may not answer in time. */
export async function gatherMachine(signal: AbortSignal, ask = readMachine): Promise<Fact<Machine>> {
  const value = await ask(signal);
  return value === undefined ? { unknown: say`this machine does not tell what it is` } : { value };
}

export async function gatherClock(signal: AbortSignal): Promise<Fact<ClockFacts>> {
  const text = await printed("timedatectl", ["show", "--property=NTP,NTPSynchronized"], signal);
  const answer = (name: string) => new RegExp(`^${name}=(yes|no)$`, "m").exec(text ?? "")?.[1];
  const synchronized = answer("NTPSynchronized");
  if (synchronized === undefined) return { unknown: say`timedatectl does not tell whether the clock is synchronised` };
  const service = answer("NTP");
  return { value: { synchronized: synchronized === "yes", service: service === undefined ? null : service === "yes" } };
}

/** `system.journal` is the file that journald writes now. */
export async function gatherJournal(root: string): Promise<Fact<"persistent" | "volatile" | "none">> {
  const id = (await readFile(join(root, "etc/machine-id"), "utf8")).trim();
  let denied = false;
  const isThere = (folder: string) =>
    access(join(root, folder, id, "system.journal")).then(
      () => true,
      ({ code }: NodeJS.ErrnoException) => {
        denied ||= code === "EACCES";
        return false;
      },
    );
  // Both are there while journald still has to move what it wrote before the disk was mounted, and after a change to memory only.
  if (await isThere("run/log/journal")) return { value: "volatile" };
  if (!denied && (await isThere("var/log/journal"))) return { value: "persistent" };
  return denied ? { unknown: say`this user may not look where the journal is`, mend: asRoot } : { value: "none" };
}

export async function gatherDisk(stateDir: string, root = "/"): Promise<Fact<DiskFacts>> {
  const path = await nearest(stateDir);
  const [disk, { dev }, mounts] = await Promise.all([
    statfs(path),
    stat(path),
    readFile(join(root, "proc/self/mounts"), "utf8").catch(() => ""),
  ]);
  const mount = mountOf(mounts, path);
  const device = await deviceOf(dev, root);
  return {
    value: {
      path,
      exists: path === stateDir,
      bytes: { total: disk.blocks * disk.bsize, free: disk.bavail * disk.bsize },
      files: { total: disk.files, free: disk.ffree },
      mount: mount && { ...mount, device: device ? `/dev/${device.name}` : mount.device },
      written: device ? await writtenTo(device.disk, root) : null,
    },
  };
}

async function nearest(path: string): Promise<string> {
  const there = await stat(path).then(
    () => true,
    () => false,
  );
  return there || dirname(path) === path ? path : nearest(dirname(path));
}

/** The last mount with the longest point above the path. Blanks are written as `\040` there (proc(5)). */
function mountOf(text: string, path: string): { device: string; point: string; options: string[] } | null {
  let best: { device: string; point: string; options: string[] } | null = null;
  for (const line of text.split("\n")) {
    const [device = "", raw = "", , options = ""] = line.split(" ");
    const point = raw.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    if (point === "" || !(path === point || path.startsWith(point.endsWith("/") ? point : `${point}/`))) continue;
    if (best === null || point.length >= best.point.length) best = { device, point, options: options.split(",") };
  }
  return best;
}

/** The partition and its disk, by the device number; undefined for what has none, as memory and overlays. */
async function deviceOf(dev: number, root: string): Promise<{ name: string; disk: string } | undefined> {
  const number = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
  const link = await readlink(join(root, "sys/dev/block", number)).catch(() => undefined);
  if (link === undefined) return undefined;
  const above = basename(dirname(link));
  return { name: basename(link), disk: above === "block" ? basename(link) : above };
}

async function writtenTo(disk: string, root: string): Promise<DiskFacts["written"]> {
  const read = (path: string) => readFile(join(root, path), "utf8").catch(() => "");
  const [stats, uptime] = await Promise.all([read("proc/diskstats"), read("proc/uptime")]);
  const row = stats
    .split("\n")
    .map((line) => line.trim().split(/ +/))
    .find(([, , name]) => name === disk);
  const seconds = Number.parseFloat(uptime);
  return row === undefined || Number.isNaN(seconds) ? null : { bytes: Number(row[9] ?? 0) * sectorBytes, uptimeS: seconds };
}
