import type { Config } from "../config/schema.ts";
import type { KeptFile } from "./core/model.ts";
import { bootId } from "./identity.ts";
import type { Clock } from "./shell/clock.ts";
import type { Link } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";
import { Outbox } from "./shell/outbox.ts";

/** What waits for the broker takes no more memory than this, of each of the two. */
const maxBytes = 8 * 1024 * 1024;

export interface OutboxesOptions {
  config: Pick<Config, "outbox" | "state_dir">;
  link(): Link;
  clock: Clock;
  log: Log;
  /** Told when one can no longer be kept on disk, and when it can again. */
  onProblem(file: KeptFile, problem: string | null): void;
}

/** Events, and readings that the broker did not get. */
export interface Outboxes {
  outbox: Outbox;
  /** Undefined when the configuration wants none. */
  ring: Outbox | undefined;
  /** Reads what the last run left. */
  load(): void;
  /** What waits may go, events first, readings as long as no event is on trial: the states are at the broker. */
  connected(): void;
  /** The connection has ended, however far it came. */
  disconnected(): void;
  close(): Promise<void>;
}

export function createOutboxes({ config, link, clock, log, onProblem }: OutboxesOptions): Outboxes {
  const { disk, max_events, telemetry, max_telemetry } = config.outbox;
  const shared = { boot: bootId(), link, clock, log };
  const outbox = new Outbox({
    ...shared,
    dir: disk === "on" ? config.state_dir : null,
    limits: { count: max_events, bytes: maxBytes, window: 64 },
    // Nothing else may be on its way with an event on trial: which of the two ends the connection could not be told.
    onFree: () => both[1]?.connected(),
    onProblem: (problem) => onProblem("outbox", problem),
  });
  const ring = new Outbox({
    ...shared,
    holding: "readings",
    dir: telemetry === "disk" ? config.state_dir : null,
    // A share of what may be on its way, see `shell/link-window.ts`.
    limits: { count: max_telemetry, bytes: maxBytes, window: 16 },
    onProblem: (problem) => onProblem("telemetry", problem),
  });
  const both = telemetry === "off" ? [outbox] : [outbox, ring];
  return {
    outbox,
    ring: both[1],
    load() {
      for (const one of both) one.load();
    },
    connected() {
      outbox.connected();
    },
    disconnected() {
      for (const one of both) one.disconnected();
    },
    async close() {
      await Promise.all(both.map((one) => one.close()));
    },
  };
}
