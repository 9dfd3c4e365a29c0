import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { HostValues } from "./host.ts";
import { readProc } from "./kernel-file.ts";

/** Whole disks: their partitions would count everything twice. */
const disk = /^(?:sd[a-z]+|vd[a-z]+|mmcblk\d+|nvme\d+n\d+)$/;
const sectorBytes = 512;
/** A machine with containers has dozens of interfaces. */
const addressesTold = 8;

/** What only the difference of two readings tells, and where the machine is in the network: for those who look, not for the broker. */
export function readHostCounters(root = "/", interfaces = networkInterfaces()): HostValues {
  const read = (name: string) => readProc(join(root, "proc", name));
  return { ...ticksOf(read("stat")), ...writtenOf(read("diskstats")), ...addressesOf(interfaces) };
}

/** user nice system idle iowait irq softirq steal; what a guest takes is in user. */
function ticksOf(text: string): HostValues {
  const [line] = /^cpu( +\d+){5,}/.exec(text) ?? [];
  if (line === undefined) return {};
  const ticks = line.trim().split(/ +/).slice(1, 9).map(Number);
  const total = ticks.reduce((sum, each) => sum + each, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { "host/cpu/busy": String(total - idle), "host/cpu/total": String(total) };
}

function writtenOf(text: string): HostValues {
  const rows = text.split("\n").map((line) => line.trim().split(/ +/));
  const disks = rows.filter(([, , name = ""]) => disk.test(name));
  if (disks.length === 0) return {};
  return { "host/disk/written": String(disks.reduce((sum, row) => sum + Number(row[9] ?? 0) * sectorBytes, 0)) };
}

function addressesOf(interfaces: ReturnType<typeof networkInterfaces>): HostValues {
  const found = Object.entries(interfaces).flatMap(([name, addresses = []]) => {
    const outside = addresses.filter(({ internal }) => !internal);
    const best = outside.find(({ family }) => family === "IPv4") ?? outside[0];
    return best === undefined ? [] : [[`host/network/${name}/address`, best.address]];
  });
  return Object.fromEntries(found.slice(0, addressesTold));
}
