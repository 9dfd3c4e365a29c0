import { headerPin } from "../gpio/board.ts";
import type { Driver } from "../gpio/driver.ts";
import type { LineAddress } from "../gpio/line.ts";
import type { SimBoard } from "../gpio/sim-board.ts";
import { pressScript } from "../gpio/sim-script.ts";
import type { BrokerLink } from "./broker-link.ts";
import { brokerLoginOf } from "./broker-login.ts";
import { validForMs } from "./core/command.ts";
import { healthOf } from "./core/health.ts";
import type { AgentEvent, CounterVerdict, SwitchWord, Verdict } from "./core/model.ts";
import { stateWord } from "./core/output.ts";
import type { Plan } from "./core/plan.ts";
import { isoTime } from "./core/state.ts";
import { createOperationHandlers } from "./operation-handlers.ts";
import type { Operations } from "./operations.ts";
import type { HostView, SimReading, Status, WaitingView } from "./protocol.ts";
import type { Reloader } from "./reload.ts";
import type { AgentSensors } from "./sensors.ts";
import type { Services } from "./services.ts";
import type { Clock } from "./shell/clock.ts";
import { type Handlers, Refused } from "./shell/control.ts";
import { counterChanges, counterView } from "./shell/counter-view.ts";
import type { Current } from "./shell/current.ts";
import type { EdgeLog } from "./shell/edge-log.ts";
import type { HistoryStore } from "./shell/history-store.ts";
import type { Lines } from "./shell/lines.ts";
import type { Outbox } from "./shell/outbox.ts";
import type { OutputStore } from "./shell/output-store.ts";
import type { PacketTrace } from "./shell/packet-trace.ts";
import { pinDetail } from "./shell/pin-detail.ts";
import type { RuleStore } from "./shell/rule-store.ts";
import { sensorView, sensorViews } from "./shell/sensor-view.ts";
import { changesView, chipsView, peersView, pinsView, rulesView, type ViewSources } from "./shell/views.ts";
import { createSimPlayer, isSimReading } from "./sim-player.ts";
import type { Tickets } from "./tickets.ts";

export interface HandlerSources {
  /** What holds at this moment; a reload changes it. */
  current(): Current;
  reloader: Pick<Reloader, "diff">;
  operations: Operations;
  version: string;
  given: ReadonlyMap<string, string>;
  /** ISO time. */
  started: string;
  /** The same moment on the monotonic clock: the wall clock of a Pi without a battery jumps by years after the start. */
  startedAt: number;
  driver: Driver;
  board: SimBoard | undefined;
  lines: Lines;
  edges: EdgeLog;
  simulate: AgentSensors["simulate"];
  brokerLink: BrokerLink;
  trace: PacketTrace;
  outbox: Outbox;
  ring: Outbox | undefined;
  outputs: OutputStore;
  history: HistoryStore;
  rules: RuleStore;
  /** When the first time of day of a rule comes. */
  nextTime(rule: number): number | null;
  /** Control clients that wait for the verdict on their command. */
  tickets: Tickets<Verdict>;
  counterTickets: Tickets<CounterVerdict>;
  send(event: AgentEvent): void;
  readClock(): void;
  clock: Clock;
  host(): Promise<HostView>;
  services: Services["handlers"];
}

type StatusSources = Pick<
  HandlerSources,
  "current" | "version" | "given" | "started" | "startedAt" | "driver" | "brokerLink" | "outbox" | "ring" | "clock"
>;

const words: readonly SwitchWord[] = ["ON", "OFF", "TOGGLE", "PULSE"];
/** A simulated press takes at most a minute: it must not outlive its client's patience. */
const maxPressMs = 60_000;

/** What the agent answers on its control sockets. */
export function createHandlers(sources: HandlerSources): Handlers {
  const { current, driver, lines, clock } = sources;
  const header = (address: LineAddress) => headerPin(address) ?? null;
  const views = (): ViewSources => ({
    ...current(),
    driver: driver.name,
    address: (id) => lines.address(id),
    header,
    now: clock.now(),
  });
  const idOf = (address: LineAddress) => lines.idOf(address) ?? null;
  const inputLine = (id: string) => {
    const { inputs } = current().config;
    const address = lines.address(id);
    const active = Object.hasOwn(inputs, id) ? inputs[id]?.active : undefined;
    return address && active && { address, active };
  };
  const simulated = <T>(part: T | undefined): T => {
    if (part !== undefined) return part;
    throw new Refused("not-simulated", `the driver is ${driver.name}, and what it reads is real; sim works with gpio.driver: sim`);
  };
  const simulate = async (id: string, to: SimReading | "hang" | "ok") => {
    const index = current().plan.sensorIndex.get(id);
    if (index !== undefined) await sources.simulate(id, index, to);
  };
  const output = (id: string) => current().plan.outputIndex.get(id);
  const player = sources.board && createSimPlayer({ ...sources, board: sources.board, input: inputLine, output, simulate });

  return {
    status: () => statusOf(sources),
    pins: () => pinsView(views()),
    pin: ({ id }) => {
      const { plan, state } = current();
      const detail = pinDetail(plan, state, sources.edges, id);
      if (detail) return detail;
      throw new Refused("unknown-id", `there is no input or output ${quoted(id)}; there are ${idsOf([...plan.outputs, ...plan.inputs])}`);
    },
    lines: () => chipsView(driver.chips(), (chip) => driver.lines(chip), header, idOf),
    get: ({ id }) => {
      const { plan, state } = current();
      const output = plan.outputIndex.get(id);
      if (output !== undefined) return { id, kind: "output", state: stateWord(state.outputs[output]?.written) };
      const input = plan.inputIndex.get(id);
      const counter = input === undefined ? undefined : counterView(plan.inputs[input], state.inputs[input]);
      if (counter) return { id, kind: "counter", state: String(counter.total), ...counter };
      if (input !== undefined) return { id, kind: "input", state: stateWord(state.inputs[input]?.debounce.settled) };
      const sensor = sensorView(plan, state, id, clock.now());
      if (sensor)
        return {
          id,
          kind: "sensor",
          state: sensor.quality === "ok" ? sensor.values.map(({ value }) => value).join(", ") : "UNKNOWN",
          ...sensor,
        };
      throw new Refused(
        "unknown-id",
        `there is no input, output or sensor ${quoted(id)}; there are ${idsOf([...plan.outputs, ...plan.inputs, ...plan.sensors])}`,
      );
    },
    set: async ({ output: id, state: word, for_ms, from }) => {
      const output = outputIndexOf(current().plan, id);
      if (!words.includes(word)) throw new Refused("malformed", "the state must be ON, OFF, TOGGLE or PULSE");
      const forMs = for_ms ?? null;
      if (forMs !== null && !validForMs(forMs)) throw new Refused("malformed", "for_ms must be whole milliseconds, at most a day");
      if (forMs !== null && word !== "ON" && word !== "PULSE") throw new Refused("malformed", "for_ms goes with ON or PULSE");
      const verdict = await sources.tickets.ask((ticket) =>
        sources.send({ type: "control-received", output, word, forMs, from: clientOf(from), ticket, at: clock.now() }),
      );
      if (!verdict.ok) throw new Refused(verdict.reason === "stopping" ? "failed" : verdict.reason, verdict.message, verdict.allowed_at);
      return { output: id, state: verdict.state, changed: verdict.changed };
    },
    lock: async ({ output: id, locked, from }) => {
      const output = outputIndexOf(current().plan, id);
      if (typeof locked !== "boolean") throw new Refused("malformed", "locked must be true or false");
      sources.send({ type: "lock-requested", output, locked, from: clientOf(from), at: clock.now() });
      await sources.outputs.flushed();
      const { problem } = sources.outputs;
      if (problem !== null)
        throw new Refused("failed", `${quoted(id)} is ${locked ? "" : "un"}locked until the next start only: ${problem}`);
      return { output: id, locked };
    },
    "set-counter": async ({ counter: id, total, from }) => {
      const { plan } = current();
      const input = plan.inputIndex.get(id) ?? -1;
      if (!plan.inputs[input]?.counter) {
        const there = plan.inputs.filter(({ counter }) => counter !== null);
        throw new Refused("unknown-id", `there is no counter ${quoted(id)}; there are ${idsOf(there)}`);
      }
      if (typeof total !== "number" || !Number.isFinite(total)) throw new Refused("malformed", "the total must be a number");
      const verdict = await sources.counterTickets.ask((ticket) =>
        sources.send({ type: "counter-control-received", input, total, from: clientOf(from), ticket, at: clock.now() }),
      );
      if (!verdict.ok) throw new Refused(verdict.reason === "stopping" ? "failed" : verdict.reason, verdict.message);
      return { counter: id, total: verdict.total, pulses: verdict.pulses };
    },
    rules: () => rulesView(current().plan, current().state, sources.nextTime),
    "set-rule": async ({ rule: id, enabled, from }) => {
      const { ruleIndex, rules } = current().plan;
      const rule = ruleIndex.get(id);
      if (rule === undefined) throw new Refused("unknown-id", `there is no rule ${quoted(id)}; there are ${idsOf(rules)}`);
      if (typeof enabled !== "boolean") throw new Refused("malformed", "enabled must be true or false");
      sources.send({ type: "rule-control-received", rule, enabled, from: clientOf(from), at: clock.now() });
      const word = enabled ? "enabled" : "disabled";
      if (current().state.rules[rule]?.enabled !== enabled) throw new Refused("failed", "the agent is stopping");
      await sources.rules.flushed();
      const { problem } = sources.rules;
      if (problem !== null) throw new Refused("failed", `${quoted(id)} is ${word} until the next start only: ${problem}`);
      return { rule: id, enabled };
    },
    why: ({ output: id }) => {
      const { plan, state } = current();
      const input = state.inputs[plan.inputIndex.get(id) ?? -1];
      if (input?.counter) return counterChanges(state, input.counter);
      return [...changesView(state, outputIndexOf(plan, id)), ...sources.history.past(id)];
    },
    "sim-press": async ({ input: id, for_ms = 120, bounce_ms = 0 }) => {
      const board = simulated(sources.board);
      const line = inputLine(id);
      if (!line) {
        throw new Refused("unknown-id", `there is no input ${quoted(id)}; there are ${idsOf(current().plan.inputs)}`);
      }
      if (
        typeof for_ms !== "number" ||
        typeof bounce_ms !== "number" ||
        !(for_ms >= 0 && for_ms <= maxPressMs && bounce_ms >= 0 && bounce_ms <= maxPressMs)
      ) {
        throw new Refused("malformed", `for_ms and bounce_ms must be numbers from 0 to ${maxPressMs}`);
      }
      const { chip, offset } = line.address;
      await board.play(chip, offset, pressScript({ pressed: line.active, forMs: for_ms, bounceMs: bounce_ms }));
      return {};
    },
    "sim-sensor": async ({ sensor: id, to }) => {
      simulated(sources.board);
      if (!sensorView(current().plan, current().state, id, 0)) {
        const known = Object.keys(current().config.sensors).join(", ");
        throw new Refused("unknown-id", `there is no sensor ${quoted(id)}; there are ${known || "none"}`);
      }
      if (to !== "hang" && to !== "ok" && !isSimReading(to))
        throw new Refused("malformed", "a sensor is told a number, hang, ok or {fail: REASON} with at most 200 characters");
      await simulate(id, to);
      const { plan, state } = current();
      const view = sensorView(plan, state, id, clock.now());
      if (!view) throw new Refused("unknown-id", `a reload has taken ${quoted(id)} away`);
      return view;
    },
    "sim-play": ({ steps, start }) => simulated(player).play(steps, start),
    ...sources.services,
    services: shared(async () => sources.services.services({})),
    host: shared(() => sources.host()),
    trace: ({ after = 0 }) => {
      if (!Number.isSafeInteger(after) || after < 0) throw new Refused("malformed", "after must be the number of a packet");
      return sources.trace.since(after, (at) => isoTime(current().state, at));
    },
    "broker-login": () => brokerLoginOf(current().config, sources.brokerLink),
    ...createOperationHandlers(sources.operations),
    diff: () => sources.reloader.diff(),
  };
}

/** One reading for all who ask at the same time: somebody who may only look must not be able to start hundreds. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= read().finally(() => {
      running = undefined;
    });
    return running;
  };
}

function outputIndexOf(plan: Plan, id: string): number {
  const index = plan.outputIndex.get(id);
  if (index === undefined) {
    throw new Refused("unknown-id", `there is no output ${quoted(id)}; there are ${idsOf(plan.outputs)}`);
  }
  return index;
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

function clientOf(from: unknown): "cli" | "tui" {
  return from === "tui" ? "tui" : "cli";
}

function idsOf(items: readonly { id: string }[]): string {
  return items.map(({ id }) => id).join(", ") || "none";
}

/** An id from a client, safe to show again. */
function quoted(id: unknown): string {
  return JSON.stringify(String(id).slice(0, 40));
}
