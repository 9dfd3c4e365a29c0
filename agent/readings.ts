import { readUnits } from "../systemd/units.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import { readHost } from "./shell/host.ts";
import type { Link } from "./shell/link.ts";
import type { Outbox } from "./shell/outbox.ts";
import type { Reading, StatisticsOptions } from "./shell/statistics.ts";

export interface ReadingsOptions {
  version: string;
  startedAt: number;
  clock: Clock;
  link: Link;
  outbox: Outbox;
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
        ...outboxValues(outbox, link),
        "events/edges": String(current().state.edges),
        "events/commands": String(current().state.commands),
        "events/refused": String(current().state.refused),
      }),
    sources: [async () => sys(await readHost()), services],
  };
}

/** What waits, and what was lost: by reason, and the sum of it. `unsent` is what is not kept: answers and statistics while the broker is away. */
function outboxValues(outbox: Outbox, link: Link): Record<string, string> {
  const { expired, full, refused } = outbox.dropped;
  const dropped = { expired, full, refused, unsent: link.dropped };
  return {
    "outbox/depth": String(outbox.depth),
    "outbox/bytes": String(outbox.bytes),
    "outbox/dropped": String(Object.values(dropped).reduce((sum, count) => sum + count, 0)),
    ...Object.fromEntries(Object.entries(dropped).map(([reason, count]) => [`outbox/dropped/${reason}`, String(count)])),
  };
}
