import { loadValues, newAverages } from "./core/moving-average.ts";
import { readServices } from "./services.ts";
import { BootTime } from "./shell/boot-time.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import { readHost } from "./shell/host.ts";
import type { Link } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";
import type { Outbox } from "./shell/outbox.ts";
import type { PacketTrace } from "./shell/packet-trace.ts";
import { PowerWatch } from "./shell/power-watch.ts";
import type { Reading, StatisticsOptions } from "./shell/statistics.ts";

export interface ReadingsOptions {
  version: string;
  startedAt: number;
  clock: Clock;
  link: Link;
  trace: Pick<PacketTrace, "rtt">;
  outbox: Outbox;
  /** Messages that were read for sensors. */
  values(): Readonly<Record<string, number>>;
  /** How late the latest timer since the last question was, ms. */
  lag(): number;
  /** Readings that wait; undefined when none are kept. */
  ring: Outbox | undefined;
  /** What waits for the central broker, and what was left out; undefined without a bridge. */
  bridge(): { outbox: Pick<Outbox, "depth" | "bytes" | "age" | "dropped">; leftOut: Readonly<Record<string, number>> } | undefined;
  current(): Current;
  log: Log;
}

export interface Readings extends Pick<StatisticsOptions, "every" | "own" | "sources"> {
  /** What `own` says, by the names below `P/$SYS/`, for somebody who looks; the delay of the timers is that of the last round. */
  figures(): Record<string, string>;
}

/** What the agent publishes about itself, its host and the services, as `Statistics` asks for it. */
export function createReadings(options: ReadingsOptions): Readings {
  const { version, startedAt, clock, link, trace, outbox, ring, bridge, values, lag, current, log } = options;
  const { topics } = current().plan;
  const sys = (values: Record<string, string>): Reading[] =>
    Object.entries(values).map(([name, payload]) => ({ topic: topics.sys(name), payload, qos: 0 }));
  const services = async (): Promise<Reading[]> => {
    return (await readServices(current().config.services)).map(({ unit, active }) => ({
      topic: topics.service(unit),
      payload: active,
      qos: 1,
    }));
  };
  const loads = newAverages("messages/received", "messages/sent", "bytes/received", "bytes/sent");
  const power = new PowerWatch(log);
  const boot = new BootTime(clock);
  let late = 0;
  let connected = { since: "", at: 0 };
  /** Seconds. The wall clock of a Pi jumps when the network comes. */
  const connectedFor = (since: string): number => {
    if (connected.since !== since) connected = { since, at: clock.now() };
    return Math.round((clock.now() - connected.at) / 1000);
  };
  const figures = (): Record<string, string> => {
    const { sent, received, since, online, reconnects } = link.view;
    const { bytes } = link;
    const bridged = bridge();
    const counts = { "messages/received": received, "messages/sent": sent, "bytes/received": bytes.received, "bytes/sent": bytes.sent };
    const { inputs, rules, edges, commands, refused } = current().state;
    return {
      version: `pinbus ${version}`,
      uptime: `${Math.round((clock.now() - startedAt) / 1000)} seconds`,
      ...Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, String(count)])),
      ...loadValues(loads, counts, clock.now()),
      reconnects: String(reconnects),
      ...(online && since !== null && { "connection/since": since, "connection/uptime": `${connectedFor(since)} seconds` }),
      // Two digits, and never as 1.2e+2.
      ...(online && trace.rtt !== null && { "connection/rtt": String(Number(trace.rtt.toPrecision(2))) }),
      ...waitingValues("outbox", outbox, { unsent: link.dropped }),
      "outbox/coalesced": String(link.coalesced),
      ...(ring && waitingValues("outbox/telemetry", ring, {})),
      ...(bridged && waitingValues("bridge", bridged.outbox, {})),
      ...Object.fromEntries(Object.entries(bridged?.leftOut ?? {}).map(([reason, count]) => [`bridge/left_out/${reason}`, String(count)])),
      "loop/lag": String(Math.round(late)),
      "events/edges": String(edges),
      "events/lost": String(sumOf(inputs, ({ lost }) => lost)),
      "events/glitches": String(sumOf(inputs, ({ debounce }) => debounce.glitches)),
      "events/rules": String(sumOf(rules, ({ fired }) => fired)),
      "events/commands": String(commands),
      "events/refused": String(refused),
      ...(current().plan.sensors.some(({ topic }) => topic !== null) &&
        Object.fromEntries(Object.entries(values()).map(([name, count]) => [`values/${name}`, String(count)]))),
    };
  };
  return {
    every: () => current().config.sys_interval,
    own() {
      late = lag();
      return sys(figures());
    },
    figures,
    sources: [
      async () => {
        const host = await readHost({ stateDir: current().config.state_dir });
        power.read(host);
        const booted = boot.read(Number.parseInt(host["host/uptime"] ?? "", 10));
        return sys({ ...host, ...(booted !== undefined && { "host/boot_time": booted }) });
      },
      services,
    ],
  };
}

function sumOf<T>(items: readonly T[], figure: (item: T) => number): number {
  return items.reduce((sum, item) => sum + figure(item), 0);
}

/** What waits, and what was lost: by reason, and the sum of it. `unsent` is what is not kept: answers and statistics while the broker is away. */
function waitingValues(
  below: string,
  { depth, bytes, age, dropped }: Pick<Outbox, "depth" | "bytes" | "age" | "dropped">,
  more: { unsent?: number },
): Record<string, string> {
  const lost = Object.entries({ ...dropped, ...more });
  return {
    [`${below}/depth`]: String(depth),
    [`${below}/bytes`]: String(bytes),
    [`${below}/age`]: `${Math.round((age ?? 0) / 1000)} seconds`,
    [`${below}/dropped`]: String(sumOf(lost, ([, count]) => count)),
    ...Object.fromEntries(lost.map(([reason, count]) => [`${below}/dropped/${reason}`, String(count)])),
  };
}
