import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";

/** Values by their names below `P/$SYS/`; one that this machine does not have is absent, never 0. */
export type HostValues = Record<string, string>;

/** Load, memory and temperature of the machine. Spawns nothing: systeminformation's memory reader reads /proc, and its temperature reader would start three programs. */
export async function readHost(): Promise<HostValues> {
  const values: HostValues = {};
  const [one, five, fifteen] = loadavg();
  if (one !== undefined && five !== undefined && fifteen !== undefined) {
    values["host/load/1min"] = one.toFixed(2);
    values["host/load/5min"] = five.toFixed(2);
    values["host/load/15min"] = fifteen.toFixed(2);
  }
  // Loaded late: it is 10 MB that the time-critical start does not need.
  const { default: systeminformation } = await import("systeminformation");
  const memory = await systeminformation.mem();
  values["host/memory/used"] = String(memory.total - memory.available);
  values["host/memory/total"] = String(memory.total);
  const temperature = await readTemperature();
  if (temperature !== undefined) values["host/temperature"] = temperature;
  return values;
}

async function readTemperature(): Promise<string | undefined> {
  try {
    const milli = Number(await readFile("/sys/class/thermal/thermal_zone0/temp", "utf8"));
    return Number.isFinite(milli) ? (milli / 1000).toFixed(1) : undefined;
  } catch {
    return undefined;
  }
}
