import { healthOf } from "./core/health.ts";
import { isoTime } from "./core/iso-time.ts";
import type { HostView } from "./protocol.ts";
import type { Retained } from "./retained.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import { readHost } from "./shell/host.ts";
import { readHostCounters } from "./shell/host-counters.ts";
import { sensorViews } from "./shell/sensor-view.ts";

export interface HostViewOptions {
  current(): Current;
  clock: Clock;
  retained: Pick<Retained, "machine">;
  /** The agent's own figures, by their names below `P/$SYS/`. */
  figures(): Record<string, string>;
  /** When systemd's watchdog was fed last, monotonic ms; undefined when it watches nothing. */
  fed(): number | undefined;
}

/** A timer that comes later than this is felt at a button. */
const maxLagMs = 100;

/** What control clients see of the machine and of the agent on it. */
export function createHostView({ current, clock, retained, figures, fed }: HostViewOptions): () => Promise<HostView> {
  return async () => {
    const host = await readHost({ stateDir: current().config.state_dir });
    const counters = readHostCounters();
    const { plan, state } = current();
    const own = figures();
    const now = clock.now();
    const fedAt = fed();
    const { model, os } = retained.machine;
    return {
      at: isoTime(state, now),
      machine: { ...(model !== undefined && { model }), ...(os !== undefined && { os }) },
      values: { ...own, ...host, ...counters, "memory/used": String(process.memoryUsage.rss()) },
      ...healthOf(plan, state),
      checks: checksOf(current(), Number(own["loop/lag"] ?? 0)),
      watchdog_ms: fedAt === undefined ? null : Math.round(now - fedAt),
      sensors: sensorViews(plan, state, now),
    };
  };
}

function checksOf({ state }: Current, lag: number): HostView["checks"] {
  const lines = [...state.inputs, ...state.outputs].flatMap(({ problem }) => problem ?? []);
  const [file] = state.fileProblems.values();
  const check = (name: string, problem: string | null, detail: string | null = null) => ({ name, problem, detail });
  return [
    check("event loop", lag > maxLagMs ? `timers come ${lag} ms late` : null, `${lag} ms`),
    check("gpio lines", lines[0] ?? null),
    check("broker link", state.link.problem ?? (state.link.online ? null : "not online yet")),
    check("files", file ?? null),
    check("clock", state.clockSet ? null : "not set: times and schedules wait for it"),
  ];
}
