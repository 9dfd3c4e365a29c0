import { type Chip, unitOf } from "../../config/sensor-chips.ts";
import { failed, numberOf, type Quantity, type Reading, type SensorDriver, type SensorWorld } from "./driver.ts";
import { type DeviceKind, type FoundDevice, findDevice } from "./found-device.ts";

/** One value of a chip, and the files of which it is made. */
export interface Channel {
  /** As the kernel calls it: `in0`, `voltage3`, `concentration_co2`. */
  key: string;
  /** What it is, `voltage`, and its number among its like. */
  kind: string;
  number: string;
  /** A file with its name on the board, where there is one. */
  labelFile: string;
  /** Read, and only if it is asked for by its name. */
  special?: boolean;
  /** `(raw + offset) × scale × factor`, rounded. */
  raw: string;
  scale: string | undefined;
  offset: string | undefined;
  factor: number;
  decimals: number;
  /** A file that says 1 while the value is none. */
  fault: string | undefined;
}

export interface ChipSettings {
  device: string;
  only: readonly string[];
  chip: Chip | undefined;
}

/** A chip of the kernel; `channelsOf` says what its files mean. */
export function openChip(
  world: SensorWorld,
  kind: DeviceKind,
  settings: ChipSettings,
  bus: string,
  channelsOf: (files: readonly string[]) => Channel[],
): SensorDriver {
  return {
    bus: `${bus} ${settings.device}`,
    quantities: expected(settings),
    read: (signal) => readChip(world, kind, settings, channelsOf, signal),
  };
}

/** The quantities that are known before the chip was read; none for a chip that is not known. */
function expected({ only, chip }: ChipSettings): Quantity[] {
  const names = only.length > 0 ? only : (chip?.quantities ?? []);
  return names.map((name) => ({ name, unit: unitOf(name) }));
}

/** Finds it, names its channels, reads those that are wanted, one after the other. */
async function readChip(
  world: SensorWorld,
  kind: DeviceKind,
  settings: ChipSettings,
  channelsOf: (files: readonly string[]) => Channel[],
  signal: AbortSignal,
): Promise<Reading> {
  const device = await findDevice(world, kind, settings.device, signal);
  if (!device.ok) return failed(device.problem);
  const labelled = channelsOf(device.files).map(async (channel) => ({ ...channel, label: await labelOf(world, device, channel, signal) }));
  const channels = named(await Promise.all(labelled), settings.chip);
  if (channels.size === 0) return failed(`${device.name} shows no value`);
  const order = settings.only.length > 0 ? settings.only : ordered(channels, settings.chip);
  const values: (Quantity & { value: number })[] = [];
  for (const name of order) {
    const channel = channels.get(name);
    if (!channel) return failed(`${device.name} has no ${name}; it has ${[...channels.keys()].slice(0, 16).join(", ")}`);
    const reading = await readChannel(world, device, channel, signal);
    if (!reading.ok) return failed(`${name}: ${reading.problem}`);
    values.push({ name, unit: unitOf(channel.kind), value: reading.value });
  }
  return { ok: true, values };
}

async function labelOf(world: SensorWorld, { folder, files }: FoundDevice, { labelFile }: Channel, signal: AbortSignal): Promise<string> {
  const text = files.includes(labelFile) ? await world.files.read(`${folder}/${labelFile}`, signal) : undefined;
  return text?.ok ? text.text.trim() : "";
}

/** The table's order, and then what else there is. */
function ordered(channels: ReadonlyMap<string, Channel>, chip: Chip | undefined): string[] {
  const there = [...channels].filter(([, { special }]) => !special).map(([name]) => name);
  const first = (chip?.quantities ?? []).filter((name) => there.includes(name));
  return [...first, ...there.filter((name) => !first.includes(name))];
}

/** `temperature` for the only one of its kind; else by its label, `in_flow`, or its number, `voltage_3`. */
function named(channels: readonly (Channel & { label: string })[], chip: Chip | undefined): Map<string, Channel> {
  const names = new Map<string, Channel>();
  for (const channel of channels) {
    const { key, kind, number, label } = channel;
    const like = channels.filter((other) => other.kind === kind && !other.special);
    const given = chip?.names?.[key];
    const alone = like.length === 1 && !channel.special ? kind : undefined;
    const numbered = number === "" ? kind : `${kind}_${number}`;
    const known = chip?.quantities.includes(numbered) ? numbered : undefined;
    const slug = label
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "_")
      .replaceAll(/^_+|_+$/g, "")
      .slice(0, 32);
    const spoken = /^(?!(?:ts|unit|quality)$)[a-z]/.test(slug) ? slug : undefined;
    const name = [given, known, alone, spoken, numbered].find((one) => one !== undefined && !names.has(one));
    if (name !== undefined) names.set(name, channel);
  }
  return names;
}

type ChannelReading = { ok: true; value: number } | { ok: false; problem: string };

async function readChannel(world: SensorWorld, { folder }: FoundDevice, channel: Channel, signal: AbortSignal): Promise<ChannelReading> {
  const numberIn = async (file: string): Promise<ChannelReading> => {
    const text = await world.files.read(`${folder}/${file}`, signal);
    if (!text.ok) return { ok: false, problem: `it did not answer (${text.problem})` };
    const value = numberOf(text.text);
    return value === undefined ? { ok: false, problem: "the kernel says something else than a number" } : { ok: true, value };
  };
  if (channel.fault !== undefined) {
    const fault = await numberIn(channel.fault);
    if (fault.ok && fault.value !== 0) return { ok: false, problem: "the chip says that it is faulty or not connected" };
  }
  const raw = await numberIn(channel.raw);
  if (!raw.ok) return raw;
  const scale = channel.scale === undefined ? ({ ok: true, value: 1 } as const) : await numberIn(channel.scale);
  if (!scale.ok) return scale;
  const offset = channel.offset === undefined ? ({ ok: true, value: 0 } as const) : await numberIn(channel.offset);
  if (!offset.ok) return offset;
  return { ok: true, value: Number(((raw.value + offset.value) * scale.value * channel.factor).toFixed(channel.decimals)) };
}
