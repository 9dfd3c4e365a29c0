import { plainDevice } from "../../config/sensor-chips.ts";
import type { SensorWorld } from "./driver.ts";

/** Where the kernel shows chips of one kind, and how their folders are called. Their numbers change from one start to the next. */
export interface DeviceKind {
  folder: string;
  names: RegExp;
  /** For sentences: `IIO device`. */
  said: string;
}

export interface FoundDevice {
  ok: true;
  folder: string;
  name: string;
  files: readonly string[];
}

export interface Identity {
  folder: string;
  name: string;
  label: string;
  /** The whole path in the device tree; empty for one that is not there. */
  tree: string;
}

/** All devices of a kind. */
export async function identities({ sysfs, files }: SensorWorld, kind: DeviceKind, signal: AbortSignal): Promise<Identity[]> {
  const root = `${sysfs}/${kind.folder}`;
  const listed = await files.list(root, signal);
  const found = listed.ok ? listed.names.filter((name) => kind.names.test(name)).sort() : [];
  const textOf = async (path: string) => {
    const reading = await files.read(path, signal);
    return reading.ok ? reading.text : "";
  };
  return Promise.all(
    found.map(async (entry): Promise<Identity> => {
      const folder = `${root}/${entry}`;
      const [name, label, uevent] = await Promise.all([textOf(`${folder}/name`), textOf(`${folder}/label`), textOf(`${folder}/uevent`)]);
      const tree = /^OF_FULLNAME=(.*)$/m.exec(uevent)?.[1] ?? "";
      return { folder, name: name.trim(), label: label.trim(), tree };
    }),
  );
}

/**
 * The device that is meant: by its label, its place in the device tree (`/soc/i2c@7e804000/bme280@76` or `bme280@76`) or its name. A platform
 * device such as dht11 has its number in its name (`dht11@4`), and some chips have the address of their bus there: those are known by the tree.
 */
export async function findDevice(
  world: SensorWorld,
  kind: DeviceKind,
  wanted: string,
  signal: AbortSignal,
): Promise<FoundDevice | { ok: false; problem: string }> {
  const all = await identities(world, kind, signal);
  const ways: ((device: Identity) => boolean)[] = [
    ({ label }) => label === wanted,
    ({ tree }) => tree === wanted || tree.endsWith(`/${wanted}`),
    ({ name }) => name === wanted,
    ({ name, tree }) => plainDevice(name) === wanted || plainDevice(tree) === wanted,
  ];
  const matching = ways.map((way) => all.filter(way)).find(({ length }) => length > 0) ?? [];
  const [device, second] = matching;
  if (!device) return { ok: false, problem: missing(kind, wanted, all) };
  if (second) {
    const places = matching.flatMap(({ tree }) => (tree === "" ? [] : tree.replace(/^.*\//, "")));
    const how = places.length === matching.length ? `; name one of ${places.join(", ")}` : "";
    return { ok: false, problem: `${matching.length} devices are called ${wanted}${how}` };
  }
  const listed = await world.files.list(device.folder, signal);
  if (!listed.ok) return { ok: false, problem: `it did not answer (${listed.problem})` };
  return { ok: true, folder: device.folder, name: device.name, files: listed.names };
}

function missing({ said }: DeviceKind, wanted: string, all: readonly Identity[]): string {
  const names = [...new Set(all.map(({ name }) => name).filter((name) => name !== ""))].slice(0, 8);
  return `there is no ${said} ${wanted}; ${names.length === 0 ? "this machine has none" : `there are ${names.join(", ")}`}`;
}
