import type { FrameCounts } from "./frames.ts";

export interface SysFigures {
  version: string;
  uptimeS: number;
  clientsConnected: number;
  /** Connected, and those whose session waits for them. */
  clientsTotal: number;
  received: FrameCounts;
  sent: FrameCounts;
  retained: number;
  subscriptions: number;
}

/** Names and formats of mosquitto 2; only figures that this broker really has. */
export function sysValues(figures: SysFigures): Map<string, string> {
  const { received, sent } = figures;
  const values: Record<string, string | number> = {
    version: `pinbus version ${figures.version}`,
    uptime: `${figures.uptimeS} seconds`,
    "clients/connected": figures.clientsConnected,
    "clients/total": figures.clientsTotal,
    "messages/received": received.packets,
    "messages/sent": sent.packets,
    "publish/messages/received": received.publishes,
    "publish/messages/sent": sent.publishes,
    "bytes/received": received.bytes,
    "bytes/sent": sent.bytes,
    "retained messages/count": figures.retained,
    "subscriptions/count": figures.subscriptions,
  };
  return new Map(Object.entries(values).map(([name, value]) => [`$SYS/broker/${name}`, String(value)]));
}

/** What to publish now: mosquitto sends a value again only when it has changed. Remembers what it gave out in `last`. */
export function changedValues(values: ReadonlyMap<string, string>, last: Map<string, string>): [topic: string, value: string][] {
  const changed = [...values].filter(([topic, value]) => last.get(topic) !== value);
  for (const [topic, value] of changed) last.set(topic, value);
  return changed;
}
