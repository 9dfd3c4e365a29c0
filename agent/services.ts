import { readFileSync } from "node:fs";
import type { ServiceEntry } from "../config/services.ts";
import { serviceOf } from "../config/services.ts";
import { runUnitJob } from "../systemd/unit-job.ts";
import { type ReadUnitsOptions, readUnits } from "../systemd/units.ts";
import type { ServiceView } from "./protocol.ts";
import { createServiceControl } from "./service-control.ts";
import { createServiceLogs } from "./service-logs.ts";
import { shared } from "./shared-reading.ts";
import type { Clock } from "./shell/clock.ts";
import type { Handlers } from "./shell/control.ts";
import type { Current } from "./shell/current.ts";
import type { Log } from "./shell/log.ts";

export interface ServicesOptions {
  current(): Current;
  clock: Pick<Clock, "now">;
  log: Log;
  ownFiles(): readonly string[];
}

/** What control clients see of the units of the configuration, and do with them. */
export interface Services {
  handlers: Pick<Handlers, "services" | "service-log" | "control-service">;
  /** Ends the processes that read logs, and the waiting for systemd. */
  stop(): void;
}

export function createServices({ current, clock, log, ownFiles }: ServicesOptions): Services {
  const logs = createServiceLogs({ current, clock, ownFiles });
  const own = ownUnit();
  const closing = new AbortController();
  // Its own restart is what ends it: that one is handed over, and not waited for.
  const job: typeof runUnitJob = (unit, verb, options) =>
    runUnitJob(unit, verb, options?.wait === false ? options : { ...options, signal: closing.signal });
  const control = createServiceControl({ current, log, own, job, closing: closing.signal });
  return {
    handlers: {
      services: shared(async () =>
        (await readServices(current().config.services)).map((view) => (view.unit === own ? { ...view, own: true } : view)),
      ),
      "service-log": logs.read,
      "control-service": control,
    },
    stop() {
      closing.abort();
      logs.stop();
    },
  };
}

/** The states of the units of the configuration, in its order, each asked of its service manager. */
export async function readServices(entries: readonly ServiceEntry[], options: Omit<ReadUnitsOptions, "user"> = {}): Promise<ServiceView[]> {
  const services = entries.map(serviceOf);
  const ofManager = (wanted: "system" | "user") => {
    const units = services.flatMap(({ unit, manager }) => (manager === wanted ? unit : []));
    return units.length === 0 ? [] : readUnits(units, { ...options, user: wanted === "user" });
  };
  const states = new Map((await Promise.all([ofManager("system"), ofManager("user")])).flat().map((state) => [state.unit, state]));
  return services.flatMap(({ unit, manager, log_file, control }): ServiceView[] => {
    const state = states.get(unit);
    if (state === undefined) return [];
    return [
      {
        ...state,
        ...(manager === "user" && { user: true }),
        ...(control.length > 0 && { control }),
        ...(log_file !== null && { log_file }),
      },
    ];
  });
}

/** The unit that this process belongs to, if systemd started it: the last part of its control group. */
function ownUnit(): string | undefined {
  try {
    return /([^/\n]+\.service)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
  } catch {
    return undefined;
  }
}
