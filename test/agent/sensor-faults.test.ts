import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { FileReading, FolderReading } from "../../agent/sensor/driver.ts";
import { openSensor } from "../../agent/sensor/registry.ts";
import { Sensors } from "../../agent/shell/sensors.ts";
import { configOf, when } from "./core/fixture.ts";
import { World } from "./core/world.ts";

// The whole way of a reading, from the kernel's files to what is published, in simulated time.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const P = "pinbus/garage/sensor";
const [attic, cellar] = ["28-0316a2795bff", "28-000000000001"];
const slave = (bytes: string, crc: string, milli: number) => `${bytes} : crc=${crc}\n${bytes} t=${milli}\n`;
const warm = slave("72 01 4b 46 7f ff 0e 10 57", "57 YES", 23125);
const cold = slave("5e ff 4b 46 7f ff 02 10 b8", "b8 YES", -10125);
const damaged = slave("72 01 4b 46 7f ff 0e 10 57", "e3 NO", 23125);
const powerOn = slave("50 05 4b 46 7f ff 0c 10 1c", "1c YES", 85000);

type Said = string | { code: string } | "hang";

/** Two thermometers on one wire and the zone of the processor, each read every 10 s and holding for 30 s, and a button with its lamp. */
function house() {
  const files = new Map<string, Said>([
    [`/sys/bus/w1/devices/${attic}/w1_slave`, warm],
    [`/sys/bus/w1/devices/${cellar}/w1_slave`, cold],
    ["/sys/class/thermal/thermal_zone0/type", "cpu-thermal\n"],
    ["/sys/class/thermal/thermal_zone0/temp", "48850\n"],
  ]);
  const hanging: ((reading: FileReading) => void)[] = [];
  const read = async (path: string): Promise<FileReading> => {
    const said = files.get(path) ?? { code: "ENOENT" };
    if (said === "hang") return new Promise((answer) => hanging.push(answer));
    return typeof said === "string" ? { ok: true, text: said } : { ok: false, code: said.code, problem: said.code };
  };
  const list = async (path: string): Promise<FolderReading> => {
    const below = [...files.keys()].filter((file) => file.startsWith(`${path}/`));
    const names = [...new Set(below.map((file) => file.slice(path.length + 1).replace(/\/.*/, "")))];
    return names.length > 0 ? { ok: true, names } : { ok: false, code: "ENOENT", problem: "ENOENT" };
  };
  const often = { every: 10_000, stale_after: 30_000 };
  const config = configOf({
    inputs: { porch: {} },
    outputs: { lamp: {} },
    rules: { light: when("porch press", ["lamp", "toggle"]) },
    sensors: {
      attic: { driver: "w1", id: attic, ...often },
      cellar: { driver: "w1", id: cellar, ...often },
      cpu: { driver: "thermal", zone: "cpu-thermal", ...often },
    },
  });
  const world = new World(config);
  const sensorWorld = {
    sysfs: "/sys",
    files: { read, list },
    programs: { run: async () => ({ ok: false, code: "", problem: "" }) as const },
  };
  const sensors = new Sensors({
    plan: world.plan,
    config,
    open: (_, sensor) => openSensor(sensor, sensorWorld),
    clock: { now: () => world.now } as never,
    dispatch: (event) => world.dispatch(event),
  });
  world.turned = (_, effects) => {
    for (const effect of effects) if (effect.type === "readSensor") sensors.read(effect.sensor);
  };
  world.link(true);
  world.dispatch({ type: "started", held: false, at: world.now });
  return {
    world,
    stop: () => sensors.stop(),
    says: (id: string, said: Said | undefined) => {
      const path = `/sys/bus/w1/devices/${id}/w1_slave`;
      if (said === undefined) files.delete(path);
      else files.set(path, said);
    },
    answer: (text: string) => {
      for (const waits of hanging.splice(0)) waits({ ok: true, text });
    },
    pass: async (seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        world.advance(1000);
        await vi.advanceTimersByTimeAsync(1000);
      }
    },
    quality: (id: string) => `${world.payloads(`${P}/${id}/availability`).at(-1)} ${world.payloads(`${P}/${id}/quality`).at(-1)}`,
    values: (id: string) => world.payloads(`${P}/${id}/state`).map((payload): number => JSON.parse(payload).temperature),
    last: (id: string) => JSON.parse(world.payloads(`${P}/${id}/state`).at(-1) ?? "{}"),
  };
}

it.each([
  ["a damaged answer", damaged, "CRC error: its answer was damaged on the wire"],
  ["the value after power-on", powerOn, "it says 85 °C, its value before it has measured: look at its power"],
  ["a device that is pulled off while it is read", { code: "EIO" }, "it did not answer (EIO)"],
  ["an empty answer", "", "it did not answer"],
  ["a device that is gone", undefined, `it is not on the 1-wire bus; ${cellar} is`],
])("%s is no value: the sensor is offline with the reason, and the others go on", async (_, said, problem) => {
  const { says, pass, quality, values, stop } = house();
  await pass(2);
  expect([quality("attic"), quality("cellar"), quality("cpu")]).toEqual(["online ok", "online ok", "online ok"]);
  says(attic, said);
  await pass(10);
  expect([quality("attic"), quality("cellar"), quality("cpu")]).toEqual([`offline failed: ${problem}`, "online ok", "online ok"]);
  expect([values("attic"), values("cellar"), values("cpu")]).toEqual([[23.125], [-10.125, -10.125], [48.85, 48.85]]);
  stop();
});

it("a device that returns after ten minutes is online with what it says then, and nothing was published in between", async () => {
  const { world, says, pass, quality, values, last, stop } = house();
  await pass(2);
  says(attic, undefined);
  await pass(600);
  expect(quality("attic")).toMatch(/^offline failed: it is not on the 1-wire bus/);
  expect([values("attic").length, values("cellar").length]).toEqual([1, 61]);
  const returned = world.now;
  says(attic, cold);
  await pass(10);
  expect(quality("attic")).toBe("online ok");
  expect(values("attic")).toEqual([23.125, -10.125]);
  expect(Date.parse(last("attic").ts)).toBeGreaterThanOrEqual(returned);
  stop();
});

it("a read that blocks for 30 s costs its bus: the button and the other sensors go on meanwhile, and what it says late is not told", async () => {
  const { world, says, answer, pass, quality, values, stop } = house();
  await pass(2);
  says(attic, "hang");
  await pass(10);
  // Its read began at 10 s.
  const order: string[] = [];
  const before = world.published.length;
  await pass(3);
  world.press("porch", 50);
  order.push(world.moves.at(-1)?.replace(/ \d+$/, "") ?? "none");
  await pass(10);
  expect(order).toEqual(["lamp on"]);
  expect(quality("attic")).toBe("offline failed: no answer within 10 s");
  const after = world.published.slice(before).map(({ topic }) => topic.replace(/^pinbus\/garage\//, ""));
  expect(after.indexOf("out/lamp/state")).toBeLessThan(after.indexOf("sensor/attic/quality"));
  expect([quality("cpu"), values("cpu").length]).toEqual(["online ok", 3]);
  await pass(15);
  // The other thermometer waits for the wire, and says so as soon as its reading no longer holds.
  expect([quality("cellar"), values("cellar").length]).toEqual(["offline stale: no reading for 30 s", 1]);
  answer(warm);
  says(attic, cold);
  await pass(1);
  expect(values("attic")).toEqual([23.125]);
  await pass(10);
  expect([quality("attic"), quality("cellar"), quality("cpu")]).toEqual(["online ok", "online ok", "online ok"]);
  expect(values("attic")).toEqual([23.125, -10.125]);
  stop();
});
