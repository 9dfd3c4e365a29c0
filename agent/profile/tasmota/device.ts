import type { Command } from "./command.ts";
import { pulseMs, remainingOf } from "./pulse-time.ts";
import { type Facts, sensorJson, stateJson, statusJson, statusNumbers } from "./telemetry.ts";

// A plug or a box of switches as Tasmota shows it over MQTT: other people's words for our outputs, inputs and sensors.

/** What does not change while it runs. */
export interface Device {
  /** `<t>`: the topic between prefix and command. */
  topic: string;
  name: string;
  /** How many relays it has. */
  relays: number;
  /** The keys of its switches in RESULT and SENSOR. */
  switches: readonly string[];
  /** How many buttons it has. */
  buttons: number;
  group: string;
  powerRetain: boolean;
  tempUnit: "C" | "F";
}

/** What may be set from afar, and is kept over a restart. */
export interface Settings {
  /** For each relay. */
  pulseTime: readonly number[];
  /** Seconds; 0 = never. */
  telePeriod: number;
  mem: readonly string[];
}

/** A relay as it is: `null` = not known. `leftMs` = until it goes off by itself. */
export interface Relay {
  on: boolean | null;
  leftMs: number;
}

/** What it is at this moment. */
export interface Moment {
  relays: readonly Relay[];
  settings: Settings;
  facts: Facts;
}

export interface Reply {
  topic: string;
  payload: string;
  retain: boolean;
}

/** What is to be done for a command, in order. */
export type Step =
  | { do: "reply"; reply: Reply }
  /** Its reply follows the relay. `forMs: null` = no end of its own. */
  | { do: "switch"; relay: number; word: "ON" | "OFF" | "TOGGLE"; forMs: number | null }
  | { do: "keep"; settings: Settings };

const reply = (topic: string, payload: string, retain = false): Step => ({ do: "reply", reply: { topic, payload, retain } });

/** What a device does for a command. */
export function stepsFor(device: Device, moment: Moment, command: Command): readonly Step[] {
  switch (command.do) {
    case "power":
      return chosen(device, command.relay).flatMap((relay) => power(device, moment, relay, command.word));
    case "status":
      return status(device, moment, command.what);
    case "state":
      return [result(device, stateJson(device, moment))];
    case "tele-period":
      return telePeriod(device, moment, command.value);
    case "pulse-time":
      return pulseTime(device, moment, command.relay, command.value);
    case "mem":
      return mem(device, moment, command.slot, command.value);
    case "unknown":
      return [unknown(device)];
  }
}

/** What it says of a relay, after each command for it and each change of it. */
export function powerReplies(device: Device, relay: number, on: boolean | null): readonly Reply[] {
  if (on === null) return [];
  const [key, payload] = [powerKey(device, relay), on ? "ON" : "OFF"];
  return [
    { topic: stat(device, "RESULT"), payload: JSON.stringify({ [key]: payload }), retain: false },
    { topic: powerTopic(device, relay), payload, retain: device.powerRetain },
  ];
}

/** Where the state of a relay stands alone. */
export function powerTopic(device: Pick<Device, "topic" | "relays">, relay: number): string {
  return stat(device, powerKey(device, relay));
}

/** `POWER`, with two relays or more `POWER1`. */
export function powerKey({ relays }: Pick<Device, "relays">, relay: number): string {
  return relays === 1 ? "POWER" : `POWER${relay + 1}`;
}

/** What it says from time to time. */
export function telemetry(device: Device, moment: Moment): readonly Reply[] {
  const sensors = sensorJson(device, moment);
  const state = { topic: tele(device, "STATE"), payload: JSON.stringify(stateJson(device, moment)), retain: false };
  return sensors === null ? [state] : [state, { topic: tele(device, "SENSOR"), payload: JSON.stringify(sensors), retain: false }];
}

/** A switch has changed. */
export function switchReply(device: Device, index: number, on: boolean): Reply {
  const action = { [device.switches[index] ?? `Switch${index + 1}`]: { Action: on ? "ON" : "OFF" } };
  return { topic: stat(device, "RESULT"), payload: JSON.stringify(action), retain: false };
}

export type ButtonAction = "SINGLE" | "DOUBLE" | "TRIPLE" | "QUAD" | "PENTA" | "HOLD";

export function buttonReply(device: Device, index: number, action: ButtonAction): Reply {
  return { topic: stat(device, "RESULT"), payload: JSON.stringify({ [`Button${index + 1}`]: { Action: action } }), retain: false };
}

export function lwtTopic(device: Pick<Device, "topic">): string {
  return tele(device, "LWT");
}

function chosen({ relays }: Device, relay: number | "all"): readonly number[] {
  if (relay === "all") return Array.from({ length: relays }, (_, index) => index);
  return relay >= 0 && relay < relays ? [relay] : [];
}

function power(device: Device, { relays, settings }: Moment, relay: number, word: "ON" | "OFF" | "TOGGLE" | null): readonly Step[] {
  const on = relays[relay]?.on ?? null;
  if (word === null) return powerReplies(device, relay, on).map((item) => ({ do: "reply", reply: item }));
  const toOn = word === "ON" || (word === "TOGGLE" && on !== true);
  const ms = pulseMs(settings.pulseTime[relay] ?? 0);
  // A toggle that means ON must have its end: it is sent as what it means.
  if (toOn && ms > 0) return [{ do: "switch", relay, word: "ON", forMs: ms }];
  return [{ do: "switch", relay, word, forMs: null }];
}

function status(device: Device, moment: Moment, what: number | null): readonly Step[] {
  const all = what === 0 ? [null, ...statusNumbers] : [what];
  const steps = all.flatMap((number) => {
    const json = statusJson(device, moment, number);
    return json === undefined ? [] : [reply(stat(device, `STATUS${number ?? ""}`), JSON.stringify(json))];
  });
  return steps.length > 0 ? steps : [unknown(device)];
}

function telePeriod(device: Device, moment: Moment, value: number | null): readonly Step[] {
  if (value === null) {
    const now = telemetry(device, moment).map((item): Step => ({ do: "reply", reply: item }));
    return [result(device, { TelePeriod: moment.settings.telePeriod }), ...now];
  }
  return [{ do: "keep", settings: { ...moment.settings, telePeriod: value } }, result(device, { TelePeriod: value })];
}

function pulseTime(device: Device, moment: Moment, which: number | "all", value: number | null): readonly Step[] {
  const relays = chosen(device, which);
  if (relays.length === 0) return [unknown(device)];
  const tell = (settings: Settings, left: (relay: number) => number) =>
    result(
      device,
      Object.fromEntries(
        relays.map((relay) => [`PulseTime${relay + 1}`, { Set: settings.pulseTime[relay] ?? 0, Remaining: remainingOf(left(relay)) }]),
      ),
    );
  // What ends it otherwise, such as its contract, is no PulseTime.
  const left = (relay: number) => (moment.settings.pulseTime[relay] ? (moment.relays[relay]?.leftMs ?? 0) : 0);
  if (value === null) return [tell(moment.settings, left)];
  const settings = { ...moment.settings, pulseTime: moment.settings.pulseTime.map((old, relay) => (relays.includes(relay) ? value : old)) };
  const ms = pulseMs(value);
  // What ends it otherwise goes on: a rule's time, a pulse of the output itself.
  const running = relays.filter((relay) => {
    const { on = null, leftMs = 0 } = moment.relays[relay] ?? {};
    return on === true && (leftMs === 0 ? ms > 0 : (moment.settings.pulseTime[relay] ?? 0) > 0);
  });
  return [
    { do: "keep", settings },
    ...running.map((relay): Step => ({ do: "switch", relay, word: "ON", forMs: ms > 0 ? ms : null })),
    tell(settings, (relay) => (running.includes(relay) ? ms : 0)),
  ];
}

function mem(device: Device, { settings }: Moment, slot: number, value: string | null): readonly Step[] {
  if (slot >= settings.mem.length) return [unknown(device)];
  const key = `Mem${slot + 1}`;
  if (value === null) return [result(device, { [key]: settings.mem[slot] ?? "" })];
  const after = settings.mem.map((old, index) => (index === slot ? value : old));
  return [{ do: "keep", settings: { ...settings, mem: after } }, result(device, { [key]: value })];
}

function unknown(device: Device): Step {
  return result(device, { Command: "Unknown" });
}

function result(device: Device, json: unknown): Step {
  return reply(stat(device, "RESULT"), JSON.stringify(json));
}

function stat({ topic }: Pick<Device, "topic">, name: string): string {
  return `stat/${topic}/${name}`;
}

function tele({ topic }: Pick<Device, "topic">, name: string): string {
  return `tele/${topic}/${name}`;
}
