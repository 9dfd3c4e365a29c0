import { readUnits } from "../systemd/units.ts";
import type { EventQueue } from "./core/outbox.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import { readHost } from "./shell/host.ts";
import type { Link, Publication } from "./shell/link.ts";
import type { Reading, StatisticsOptions } from "./shell/statistics.ts";

export interface ReadingsOptions {
  version: string;
  startedAt: number;
  clock: Clock;
  link: Link;
  outbox: EventQueue<Publication>;
  current(): Current;
}

/** What the agent publishes about itself, its host and the services, as `Statistics` asks for it. */
export function createReadings(options: ReadingsOptions): Pick<StatisticsOptions, "every" | "own" | "sources"> {
  const { version, startedAt, clock, link, outbox, current } = options;
  const { topics } = current().plan;
  const sys = (values: Record<string, string>): Reading[] =>
    Object.entries(values).map(([name, payload]) => ({ topic: topics.sys(name), payload, qos: 0 }));
  const services = async (): Promise<Reading[]> => {
    const units = current().config.services;
    if (units.length === 0) return [];
    return (await readUnits(units)).map(({ unit, active }) => ({ topic: topics.service(unit), payload: active, qos: 1 }));
  };
  return {
    every: () => current().config.sys_interval,
    own: () =>
      sys({
        version: `pinbus ${version}`,
        uptime: `${Math.round((clock.now() - startedAt) / 1000)} seconds`,
        "messages/sent": String(link.view.sent),
        "messages/received": String(link.view.received),
        reconnects: String(link.view.reconnects),
        "outbox/depth": String(outbox.items.length),
        "outbox/dropped": String(outbox.dropped + link.dropped),
        "events/edges": String(current().state.edges),
        "events/commands": String(current().state.commands),
        "events/refused": String(current().state.refused),
      }),
    sources: [async () => sys(await readHost()), services],
  };
}
