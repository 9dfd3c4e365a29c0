import { loadValues, newAverages } from "../core/moving-average.ts";
import type { Census } from "./census.ts";
import type { FrameCounts } from "./frames.ts";
import type { Retained } from "./rules.ts";
import type { StoreCounts } from "./store.ts";

/** What is counted elsewhere. */
export interface SysCounts {
  census: Census;
  received: FrameCounts;
  sent: FrameCounts;
}

export interface SysMoment {
  retained: Retained;
  stored: StoreCounts;
  /** Milliseconds, any origin. */
  startedAt: number;
  now: number;
}

/** What `$SYS` tells, with the averages that it needs from one look to the next. */
export class SysTree {
  readonly #loads = newAverages(
    "messages/received",
    "messages/sent",
    "publish/dropped",
    "publish/received",
    "publish/sent",
    "bytes/received",
    "bytes/sent",
    "sockets",
    "connections",
  );
  readonly #counts: SysCounts;
  readonly #last = new Map<string, string>();

  constructor(counts: SysCounts) {
    this.#counts = counts;
  }

  /** What to publish now; `version` is that of pinbus. mosquitto sends a value again only when it has changed. */
  changes(version: string, moment: SysMoment): [topic: string, value: string][] {
    const changed = Object.entries({ version: `pinbus version ${version}`, ...this.#values(moment) })
      .map(([name, value]): [string, string] => [`$SYS/broker/${name}`, String(value)])
      .filter(([topic, value]) => this.#last.get(topic) !== value);
    for (const [topic, value] of changed) this.#last.set(topic, value);
    return changed;
  }

  /** Names and formats of mosquitto 2.0.11. Its heap is left out: this process has one heap for the broker and all the rest. */
  #values({ retained, stored, startedAt, now }: SysMoment): Record<string, string | number> {
    const { census, received, sent } = this.#counts;
    const { expired } = stored;
    const dropped = stored.dropped + census.dropped;
    const messages = retained.size + stored.queued;
    const retainedBytes = [...retained.values()].reduce((sum, { payload }) => sum + payload.length, 0);
    const counts = {
      "messages/received": received.packets,
      "messages/sent": sent.packets,
      "publish/dropped": dropped,
      "publish/received": received.publishes,
      "publish/sent": sent.publishes,
      "bytes/received": received.bytes,
      "bytes/sent": sent.bytes,
      sockets: census.sockets,
      connections: census.connects,
    };
    return {
      uptime: `${Math.floor((now - startedAt) / 1_000)} seconds`,
      "clients/total": census.connected + census.asleep,
      "clients/connected": census.connected,
      "clients/active": census.connected,
      "clients/disconnected": census.asleep,
      "clients/inactive": census.asleep,
      "clients/maximum": census.maximum,
      "clients/expired": expired,
      "messages/received": received.packets,
      "messages/sent": sent.packets,
      "messages/stored": messages,
      "store/messages/count": messages,
      "store/messages/bytes": retainedBytes + stored.queuedBytes,
      "publish/messages/received": received.publishes,
      "publish/messages/sent": sent.publishes,
      "publish/messages/dropped": dropped,
      "publish/bytes/received": received.payloadBytes,
      "publish/bytes/sent": sent.payloadBytes,
      "bytes/received": received.bytes,
      "bytes/sent": sent.bytes,
      "retained messages/count": retained.size,
      "subscriptions/count": census.subscriptions,
      // `$share/…` is a topic like any other in MQTT 3.1.1.
      "shared_subscriptions/count": 0,
      ...loadValues(this.#loads, counts, now),
    };
  }
}
