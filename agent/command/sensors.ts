import { completeItem } from "../../config/complete.ts";
import type { SensorConfig } from "../../config/schema.ts";
import { sensorSchema } from "../../config/sensors.ts";
import { valuesText } from "../core/sensor.ts";
import { exit } from "../exit.ts";
import { type Connected, connected } from "../sensor/discover.ts";
import type { Reading, SensorWorld } from "../sensor/driver.ts";
import { FileProcess } from "../sensor/file-process.ts";
import { openSensor } from "../sensor/registry.ts";
import { type Command, columns, print, readArgs } from "./command.ts";

/** How long a sensor may take for the value that is shown beside it. */
const patience = 5000;

/** `pinbus sensors`: what is connected, as lines of a configuration. It asks the kernel, not an agent, and changes nothing. */
export const sensors: Command = {
  usage: "[--json]",
  summary: "find the sensors that are connected, and print the lines of configuration for them",
  async run(args) {
    const { values } = readArgs(args, { json: { type: "boolean" } } as const, { min: 0, max: 0 });
    const files = new FileProcess();
    // The process that reads files does not keep alive who waits for it.
    const awake = setInterval(() => {}, patience);
    try {
      const found = await foundSensors({ sysfs: "/sys", files, programs: files });
      if (values.json) print(JSON.stringify(found));
      else for (const line of linesOf(found)) print(line);
      return exit.ok;
    } finally {
      clearInterval(awake);
      files.close();
    }
  },
};

/** A sensor that is connected, with what it says now. */
export interface FoundSensor {
  id: string;
  config: { driver: string } & Partial<Record<Connected["key"], string>>;
  chip: string | null;
  values: readonly { name: string; value: number; unit: string | null }[];
  problem: string | null;
}

/** Each is read once, those of one bus one after the other. */
export async function foundSensors(world: SensorWorld): Promise<FoundSensor[]> {
  const all = await connected(world, AbortSignal.timeout(patience));
  const ids = new Set<string>();
  const buses = new Map<string, Promise<unknown>>();
  return Promise.all(
    all.map(async ({ driver, key, value, chip }): Promise<FoundSensor> => {
      const id = idOf(driver === "w1" ? `w1-${value.slice(-4)}` : value, ids);
      const opened = openSensor(completeItem(sensorSchema, { driver, [key]: value }) as SensorConfig, world);
      // What is found is read, not told.
      if (opened === undefined) throw new Error(`the driver ${driver} reads nothing`);
      const read = (buses.get(opened.bus) ?? Promise.resolve()).then(() => inTime(opened.read.bind(opened)));
      buses.set(opened.bus, read);
      const reading = await read;
      const said = reading.ok ? { values: reading.values, problem: null } : { values: [], problem: reading.problem };
      return { id, config: { driver, [key]: value }, chip: chip ?? null, ...said };
    }),
  );
}

function inTime(read: (signal: AbortSignal) => Promise<Reading>): Promise<Reading> {
  const controller = new AbortController();
  return new Promise((resolve) => {
    const late = setTimeout(() => {
      controller.abort();
      resolve({ ok: false, problem: `no answer within ${patience / 1000} s` });
    }, patience);
    void read(controller.signal).then((reading) => {
      clearTimeout(late);
      resolve(reading);
    });
  });
}

function idOf(name: string, taken: Set<string>): string {
  const plain =
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-+|-+$/g, "")
      .slice(0, 28) || "sensor";
  let id = plain;
  for (let number = 2; taken.has(id); number++) id = `${plain}-${number}`;
  taken.add(id);
  return id;
}

/** YAML that can be pasted as it is: what a sensor says is a comment. */
export function linesOf(found: readonly FoundSensor[]): string[] {
  if (found.length === 0) return nothing;
  const rows = found.map(({ id, config, chip, values, problem }) => {
    const settings = Object.entries(config).map(
      ([key, value]) => `${key}: ${/^[a-z][\w.@-]*$/i.test(value) || key === "id" ? value : JSON.stringify(value)}`,
    );
    const says = problem ?? valuesText(values);
    return [`  ${id}: { ${settings.join(", ")} }`, `# ${chip === null ? "" : `${chip}: `}${says}`];
  });
  return ["sensors:", ...columns(rows)];
}

const nothing = [
  "The kernel shows no sensor. On a Raspberry Pi a line in /boot/firmware/config.txt tells it what is connected, after the next start:",
  "  dtoverlay=w1-gpio             # 1-wire thermometers on GPIO4, such as DS18B20",
  "  dtoverlay=dht11,gpiopin=4     # DHT11, DHT22, AM2302",
  "  dtoverlay=i2c-sensor,bme280   # an I2C chip; others instead of bme280: bmp280, htu21, sht3x, sht4x, bh1750, lm75",
  "docs/sensors.md has a table of chips and their lines.",
];
