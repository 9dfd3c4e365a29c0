import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import type { AgentEvent } from "../../../agent/core/model.ts";
import { planOf } from "../../../agent/core/plan.ts";
import { failed, measured, type Reading, type SensorDriver, temperature } from "../../../agent/sensor/driver.ts";
import { openSensor } from "../../../agent/sensor/registry.ts";
import { SimSensor } from "../../../agent/sensor/sim.ts";
import { systemClock } from "../../../agent/shell/clock.ts";
import { Sensors } from "../../../agent/shell/sensors.ts";
import type { SensorConfig } from "../../../config/schema.ts";
import { configOf } from "../core/fixture.ts";
import { sysfs, worldOf } from "../sensor/sysfs.ts";
import { eventually } from "./fixture.ts";

/** A sensor that answers when the test says so. */
class ManualSensor implements SensorDriver {
  readonly bus: string;
  readonly quantities = [temperature];
  readonly asked: { answer(reading: Reading): void; signal: AbortSignal }[] = [];
  constructor(bus: string) {
    this.bus = bus;
  }
  read(signal: AbortSignal): Promise<Reading> {
    return new Promise((answer) => this.asked.push({ answer, signal }));
  }
}

/** Sensors of one configuration; what they say is kept as `attic 21.4` and `attic failed: …`. */
function sensorsOf(
  settings: Record<string, Partial<SensorConfig>>,
  open: (id: string, sensor: SensorConfig) => SensorDriver | undefined,
  deadline = 5000,
  told: () => void = () => undefined,
) {
  const config = configOf({ sensors: settings });
  let plan = planOf(config);
  const said: string[] = [];
  const dispatch = (event: AgentEvent) => {
    if (event.type !== "sensor-read" && event.type !== "sensor-failed") return;
    const { id } = plan.sensors[event.sensor] ?? {};
    said.push(event.type === "sensor-read" ? `${id} ${event.values.map(({ value }) => value)}` : `${id} failed: ${event.problem}`);
    told();
  };
  const sensors = new Sensors({ plan, config, open, deadline, clock: systemClock, dispatch });
  onTestFinished(() => sensors.stop());
  const reload = (next: Record<string, Partial<SensorConfig>>) => {
    const after = configOf({ sensors: next });
    plan = planOf(after);
    sensors.apply(plan, after);
  };
  return { sensors, said, reload };
}

/** Lets everything run that waits for nothing. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("sensors", () => {
  it("of one bus are read one after the other, those of another at the same time", async () => {
    const drivers = { attic: new ManualSensor("w1"), cellar: new ManualSensor("w1"), cpu: new ManualSensor("thermal") };
    const { sensors, said } = sensorsOf({ attic: {}, cellar: {}, cpu: {} }, (id) => drivers[id as "attic"]);
    for (const index of [0, 1, 2]) sensors.read(index);
    await settled();
    expect(Object.values(drivers).map(({ asked }) => asked.length)).toEqual([1, 0, 1]);
    drivers.attic.asked[0]?.answer(measured(temperature, 21.4));
    await eventually(() => drivers.cellar.asked.length).toBe(1);
    drivers.cellar.asked[0]?.answer(failed("CRC error"));
    await eventually(() => said).toEqual(["attic 21.4", "cellar failed: CRC error"]);
  });

  it("that are being read are not asked again", async () => {
    const driver = new ManualSensor("w1");
    const { sensors, said } = sensorsOf({ attic: {} }, () => driver);
    for (let i = 0; i < 3; i++) sensors.read(0);
    await settled();
    driver.asked[0]?.answer(measured(temperature, 1));
    await eventually(() => said).toEqual(["attic 1"]);
    sensors.read(0);
    await eventually(() => driver.asked.length).toBe(2);
  });

  it("that do not answer in time have failed; what they say later is not told, and then they are read again", async () => {
    const driver = new ManualSensor("w1");
    const { sensors, said } = sensorsOf({ attic: {} }, () => driver, 20);
    sensors.read(0);
    await eventually(() => said).toEqual(["attic failed: no answer within 0.02 s"]);
    expect(driver.asked[0]?.signal.aborted).toBe(true);
    sensors.read(0);
    await settled();
    expect(driver.asked.length).toBe(1);
    driver.asked[0]?.answer(measured(temperature, 99));
    await settled();
    sensors.read(0);
    await eventually(() => driver.asked.length).toBe(2);
    driver.asked[1]?.answer(measured(temperature, 21));
    await eventually(() => said).toEqual(["attic failed: no answer within 0.02 s", "attic 21"]);
  });

  it("that have answered in time have not failed, however long their readings wait to be told", async () => {
    const drivers = { attic: new ManualSensor("w1"), cellar: new ManualSensor("thermal") };
    const deadline = 20;
    const busy = () => {
      const until = systemClock.now() + 2 * deadline;
      while (systemClock.now() < until);
    };
    const { sensors, said } = sensorsOf({ attic: {}, cellar: {} }, (id) => drivers[id as "attic"], deadline, busy);
    for (const index of [0, 1]) sensors.read(index);
    drivers.attic.asked[0]?.answer(measured(temperature, 1));
    drivers.cellar.asked[0]?.answer(measured(temperature, 2));
    await eventually(() => said.at(-1)).toBe("cellar 2");
    expect(said).toEqual(["attic 1", "cellar 2"]);
  });

  it("that a reload takes away, or lets read something else, say nothing any more; those that it leaves keep their read", async () => {
    const opened: { id: string; driver: ManualSensor }[] = [];
    const open = (id: string) => {
      const driver = new ManualSensor(`own ${opened.length}`);
      opened.push({ id, driver });
      return driver;
    };
    const { sensors, said, reload } = sensorsOf({ attic: {}, cellar: {}, cpu: {} }, open);
    for (const index of [0, 1, 2]) sensors.read(index);
    await settled();
    reload({ cpu: { every: 5000 }, cellar: { path: "/other" } });
    expect(opened.map(({ id }) => id)).toEqual(["attic", "cellar", "cpu", "cellar"]);
    for (const [index, { driver }] of opened.entries()) driver.asked[0]?.answer(measured(temperature, index));
    await eventually(() => said).toEqual(["cpu 2"]);
    sensors.read(1);
    await settled();
    opened[3]?.driver.asked[0]?.answer(measured(temperature, 3));
    await eventually(() => said).toEqual(["cpu 2", "cellar 3"]);
  });

  it("are silent once stopped", async () => {
    const driver = new ManualSensor("w1");
    const { sensors, said } = sensorsOf({ attic: {} }, () => driver, 20);
    sensors.read(0);
    await settled();
    sensors.stop();
    driver.asked[0]?.answer(measured(temperature, 1));
    await settled();
    expect(said).toEqual([]);
  });

  it("whose files hang cost themselves only: another one is read, and the loop turns", async () => {
    const tree = sysfs({ "class/thermal/thermal_zone0/type": "cpu-thermal\n", "class/thermal/thermal_zone0/temp": "48850\n" });
    const slave = "bus/w1/devices/28-0316a2795bff/w1_slave";
    tree.fifo(slave);
    const world = worldOf(tree.folder);
    const settings = { attic: { driver: "w1", id: "28-0316a2795bff" }, cpu: { driver: "thermal", zone: "cpu-thermal" } } as const;
    // Longer than the process takes to start that reads them.
    const { sensors, said } = sensorsOf(settings, (_, sensor) => openSensor(sensor, world), 10_000);
    sensors.read(0);
    sensors.read(1);
    await eventually(() => said).toEqual(["cpu 48.85"]);
    await eventually(() => said).toEqual(["cpu 48.85", "attic failed: no answer within 10 s"]);
    // The device answers after all: that is not a reading of now. The next one is.
    writeFileSync(tree.path(slave), "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n");
    rmSync(tree.path(slave));
    tree.write(slave, "5e ff 4b 46 7f ff 02 10 b8 : crc=b8 YES\n5e ff 4b 46 7f ff 02 10 b8 t=-10125\n");
    await eventually(() => {
      sensors.read(0);
      return said;
    }).toContain("attic -10.125");
    expect(said).not.toContain("attic 23.125");
  });
});

describe("a simulated sensor", () => {
  const read = (sensor: SimSensor) => sensor.read();

  it("reads what it was told until it is told something else, and fails before that", async () => {
    const sensor = new SimSensor("attic", [temperature]);
    expect(await read(sensor)).toEqual(failed("the simulated sensor has no value yet: `pinbus sim sensor attic VALUE` gives it one"));
    sensor.set(21.4);
    for (let i = 0; i < 2; i++) expect(await read(sensor)).toEqual(measured(temperature, 21.4));
    sensor.set({ fail: "CRC error" });
    for (let i = 0; i < 2; i++) expect(await read(sensor)).toEqual(failed("CRC error"));
    sensor.set("ok");
    expect(await read(sensor)).toEqual(measured(temperature, 21.4));
  });

  it("that hangs answers when it is told something else", async () => {
    const sensor = new SimSensor("attic", [temperature]);
    sensor.set("hang");
    const hanging = read(sensor);
    sensor.set(3);
    expect(await hanging).toEqual(measured(temperature, 3));
  });
});
