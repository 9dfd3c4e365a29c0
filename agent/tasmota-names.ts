import type { Host } from "../config/host.ts";
import type { Config } from "../config/schema.ts";
import { deviceMacOf } from "./identity.ts";
import { discoveryTopics } from "./profile/tasmota/discovery.ts";

/** The retained topics by which devices of Tasmota are found. */
export function tasmotaAnnounced({ tasmota, node }: Config, host: Host): string[] {
  return Object.entries(tasmota).flatMap(([id, { discovery }]) => {
    const { config, sensors } = discoveryTopics(deviceMacOf(host, node, id));
    return discovery === "on" ? [config, sensors] : [];
  });
}

/** The filters under which devices of Tasmota are commanded. */
export function tasmotaFilters({ tasmota, node }: Config, host: Host): string[] {
  return Object.entries(tasmota).flatMap(([id, { topic, group }]) =>
    basesOf(topic, group, clientOf(deviceMacOf(host, node, id))).map((base) => `${base}+`),
  );
}

/** The client id of a device, by its address. */
export function clientOf(mac: string): string {
  return `DVES_${mac.slice(6)}`;
}

/** What its commands come on, without the command. */
export function basesOf(topic: string, group: string, client: string): string[] {
  return [topic, group, `${client}_fb`].map((base) => `cmnd/${base}/`);
}
