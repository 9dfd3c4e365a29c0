import type { Host } from "../config/host.ts";
import type { Config, TasmotaConfig } from "../config/schema.ts";
import { deviceMacOf } from "./identity.ts";
import { lwtTopic, powerTopic } from "./profile/tasmota/device.ts";
import { discoveryTopics } from "./profile/tasmota/discovery.ts";

/** The retained topics by which devices of Tasmota are found. */
export function tasmotaAnnounced({ tasmota, node }: Config, host: Host): string[] {
  return Object.entries(tasmota).flatMap(([id, { discovery }]) => {
    const { config, sensors } = discoveryTopics(deviceMacOf(host, node, id));
    return discovery === "on" ? [config, sensors] : [];
  });
}

/** What else of a device is retained: whether it is there, and with `power_retain` its relays. */
export function tasmotaRetained({ topic, relays, power_retain }: TasmotaConfig): string[] {
  const device = { topic, relays: relays.length };
  return [lwtTopic(device), ...(power_retain === "on" ? relays.map((_, relay) => powerTopic(device, relay)) : [])];
}

/** The filters under which devices of Tasmota are commanded. */
export function tasmotaFilters({ tasmota, node }: Config, host: Host): string[] {
  return Object.entries(tasmota).flatMap(([id, { topic, group }]) =>
    basesOf(topic, group, clientOf(deviceMacOf(host, node, id))).map((base) => `${base}+`),
  );
}

/** Its client id, by its MAC. */
export function clientOf(mac: string): string {
  return `DVES_${mac.slice(6)}`;
}

/** What its commands come on, without the command. */
export function basesOf(topic: string, group: string, client: string): string[] {
  return [topic, group, `${client}_fb`].map((base) => `cmnd/${base}/`);
}
