import type { Driver } from "../gpio/driver.ts";
import type { BrokerLink } from "./broker-link.ts";
import { healthOf } from "./core/health.ts";
import type { Status, WaitingView } from "./protocol.ts";
import type { Clock } from "./shell/clock.ts";
import { counterView } from "./shell/counter-view.ts";
import type { Current } from "./shell/current.ts";
import type { Outbox } from "./shell/outbox.ts";
import { sensorViews } from "./shell/sensor-view.ts";
import { peersView } from "./shell/views.ts";

export interface StatusSources {
  /** What holds at this moment; a reload changes it. */
  current(): Current;
  version: string;
  given: ReadonlyMap<string, string>;
  /** ISO time. */
  started: string;
  /** The same moment on the monotonic clock: the wall clock of a Pi without a battery jumps by years after the start. */
  startedAt: number;
  driver: Pick<Driver, "name" | "chips">;
  brokerLink: Pick<BrokerLink, "broker" | "link">;
  outbox: Outbox;
  ring: Outbox | undefined;
  clock: Pick<Clock, "now">;
}

/** What `pinbus status` shows. */
export function statusOf({ current, version, given, started, startedAt, driver, brokerLink, outbox, ring, clock }: StatusSources): Status {
  const { plan, state, config } = current();
  const { broker, link } = brokerLink;
  return {
    node: config.node,
    version,
    started,
    uptime_s: Math.round((clock.now() - startedAt) / 1000),
    pid: process.pid,
    ...healthOf(plan, state),
    given: Object.fromEntries(given),
    driver: driver.name,
    chips: driver.chips().map(({ label }) => label),
    link: link.view,
    outbox: { ...waitingOf(outbox), ...(ring && { telemetry: waitingOf(ring) }) },
    peers: peersView(plan, state),
    ...(broker
      ? {
          broker: {
            listeners: broker.addresses.map((address) => ({ ...address })),
            clients: broker.clients,
            ...(broker.bridge && { bridge: { ...broker.bridge.view, ...waitingOf(broker.bridge.outbox) } }),
          },
        }
      : {}),
    counters: Object.fromEntries(
      plan.inputs.flatMap((inputPlan, index) => {
        const counter = counterView(inputPlan, state.inputs[index]);
        return counter ? [[inputPlan.id, counter]] : [];
      }),
    ),
    sensors: sensorViews(plan, state, clock.now()),
    counts: {
      inputs: plan.inputs.length,
      outputs: plan.outputs.length,
      rules: plan.rules.length,
      edges: state.edges,
      commands: state.commands,
      refused: state.refused,
    },
  };
}

function waitingOf({ depth, age, lost }: Pick<Outbox, "depth" | "age" | "lost">): WaitingView {
  return { waiting: depth, oldest_ms: age ?? null, dropped: lost };
}
