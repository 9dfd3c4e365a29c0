import type { Device } from "./device.ts";
import type { Facts } from "./telemetry.ts";

/** Every key that the reader of Home Assistant accepted, in the recorded example, the optional ones included. */
export function discoveryOf(device: Device, facts: Pick<Facts, "ip" | "hostname" | "mac" | "version">): Record<string, unknown> {
  const eight = <T>(length: number, value: (index: number) => T, rest: T) =>
    Array.from({ length: 8 }, (_, index) => (index < length ? value(index) : rest));
  return {
    ip: facts.ip ?? "0.0.0.0",
    dn: device.name,
    fn: eight<string | null>(device.relays, (relay) => (relay === 0 ? device.name : `${device.name} ${relay + 1}`), null),
    hn: facts.hostname,
    mac: facts.mac,
    md: "Raspberry Pi",
    ty: 0,
    if: 0,
    ofln: "Offline",
    onln: "Online",
    state: ["OFF", "ON", "TOGGLE", "HOLD"],
    sw: facts.version,
    t: device.topic,
    ft: "%prefix%/%topic%/",
    tp: ["cmnd", "stat", "tele"],
    rl: eight(device.relays, () => 1, 0),
    swc: eight(device.switches.length, () => 1, -1),
    swn: eight<string | null>(device.switches.length, (index) => device.switches[index] ?? null, null),
    btn: eight(device.buttons, () => 1, 0),
    so: { "4": 0, "11": 0, "13": 0, "17": 0, "20": 0, "30": 0, "68": 0, "73": 1, "82": 0, "114": 1, "117": 0 },
    lk: 0,
    lt_st: 0,
    bat: 0,
    dslp: 0,
    sho: [],
    sht: [],
    ver: 1,
  };
}

export function discoveryTopics(mac: string): { config: string; sensors: string } {
  return { config: `tasmota/discovery/${mac}/config`, sensors: `tasmota/discovery/${mac}/sensors` };
}
