import { headerPin } from "../gpio/board.ts";
import type { Driver } from "../gpio/driver.ts";
import type { LineAddress } from "../gpio/line.ts";
import type { SimBoard } from "../gpio/sim-board.ts";
import { pressScript } from "../gpio/sim-script.ts";
import { readUnits } from "../systemd/units.ts";
import type { BrokerLink } from "./broker-link.ts";
import { validForMs } from "./core/command.ts";
import { healthOf } from "./core/health.ts";
import type { AgentEvent, SwitchWord, Verdict } from "./core/model.ts";
import { stateWord } from "./core/output.ts";
import type { Plan } from "./core/plan.ts";
import type { Status } from "./protocol.ts";
import type { Reloader } from "./reload.ts";
import type { Clock } from "./shell/clock.ts";
import { type Handlers, Refused } from "./shell/control.ts";
import type { Current } from "./shell/current.ts";
import type { Lines } from "./shell/lines.ts";
import type { OutputStore } from "./shell/output-store.ts";
import { changesView, chipsView, peersView, pinsView, type ViewSources } from "./shell/views.ts";

export interface HandlerSources {
  /** What holds at this moment; a reload changes it. */
  current(): Current;
  reloader: Reloader;
  version: string;
  /** ISO time. */
  started: string;
  /** The same moment on the monotonic clock: the wall clock of a Pi without a battery jumps by years after the start. */
  startedAt: number;
  driver: Driver;
  board: SimBoard | undefined;
  lines: Lines;
  brokerLink: BrokerLink;
  outputs: OutputStore;
  /** Control clients that wait for the verdict on their command. */
  tickets: Map<number, (verdict: Verdict) => void>;
  send(event: AgentEvent): void;
  clock: Clock;
}

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
  const ids = () => [...current().plan.outputs, ...current().plan.inputs].map(({ id }) => id);
  const idOf = (address: LineAddress) =>
    ids().find((id) => {
      const own = lines.address(id);
      return own?.chip === address.chip && own.offset === address.offset;
    }) ?? null;
  let ticket = 0;
  let units: ReturnType<typeof readUnits> | undefined;

  return {
    status: () => statusOf(sources),
    pins: () => pinsView(views()),
    lines: () => chipsView(driver.chips(), (chip) => driver.lines(chip), header, idOf),
    get: ({ id }) => {
      const { plan, state } = current();
      const output = plan.outputIndex.get(id);
      if (output !== undefined) return { id, kind: "output", state: stateWord(state.outputs[output]?.written) };
      const input = plan.inputIndex.get(id);
      if (input !== undefined) return { id, kind: "input", state: stateWord(state.inputs[input]?.debounce.settled) };
      throw new Refused("unknown-id", `there is no input or output ${quoted(id)}; there are ${ids().join(", ") || "none"}`);
    },
    set: async ({ output: id, state: word, for_ms, from }) => {
      const output = outputIndexOf(current().plan, id);
      if (!words.includes(word)) throw new Refused("malformed", "the state must be ON, OFF, TOGGLE or PULSE");
      const forMs = for_ms ?? null;
      if (forMs !== null && !validForMs(forMs)) throw new Refused("malformed", "for_ms must be whole milliseconds, at most a day");
      if (forMs !== null && word !== "ON" && word !== "PULSE") throw new Refused("malformed", "for_ms goes with ON or PULSE");
      const own = ++ticket;
      const verdict = await new Promise<Verdict>((resolve) => {
        sources.tickets.set(own, resolve);
        sources.send({
          type: "control-received",
          output,
          word,
          forMs,
          from: from === "tui" ? "tui" : "cli",
          ticket: own,
          at: clock.now(),
        });
      });
      if (!verdict.ok) throw new Refused(verdict.reason === "stopping" ? "failed" : verdict.reason, verdict.message, verdict.allowed_at);
      return { output: id, state: verdict.state, changed: verdict.changed };
    },
    lock: async ({ output: id, locked, from }) => {
      const output = outputIndexOf(current().plan, id);
      if (typeof locked !== "boolean") throw new Refused("malformed", "locked must be true or false");
      sources.send({ type: "lock-requested", output, locked, from: from === "tui" ? "tui" : "cli", at: clock.now() });
      await sources.outputs.flushed();
      const { problem } = sources.outputs;
      if (problem !== null)
        throw new Refused("failed", `${quoted(id)} is ${locked ? "" : "un"}locked until the next start only: ${problem}`);
      return { output: id, locked };
    },
    why: ({ output }) => changesView(current().state, outputIndexOf(current().plan, output)),
    "sim-press": async ({ input: id, for_ms = 120, bounce_ms = 0 }) => {
      const { board } = sources;
      if (!board)
        throw new Refused("not-simulated", `the driver is ${driver.name}: press the button itself; sim works with gpio.driver: sim`);
      const { config } = current();
      const settings = Object.hasOwn(config.inputs, id) ? config.inputs[id] : undefined;
      const address = lines.address(id);
      if (!settings || !address)
        throw new Refused("unknown-id", `there is no input ${quoted(id)}; there are ${Object.keys(config.inputs).join(", ") || "none"}`);
      if (
        typeof for_ms !== "number" ||
        typeof bounce_ms !== "number" ||
        !(for_ms >= 0 && for_ms <= maxPressMs && bounce_ms >= 0 && bounce_ms <= maxPressMs)
      ) {
        throw new Refused("malformed", `for_ms and bounce_ms must be numbers from 0 to ${maxPressMs}`);
      }
      await board.play(address.chip, address.offset, pressScript({ pressed: settings.active, forMs: for_ms, bounceMs: bounce_ms }));
      return {};
    },
    // One program for all who ask at the same time: somebody who may only look must not be able to start hundreds.
    services: () => {
      units ??= readUnits(current().config.services).finally(() => {
        units = undefined;
      });
      return units;
    },
    reload: () => sources.reloader.reload("control socket"),
    diff: () => sources.reloader.diff(),
  };
}

function outputIndexOf(plan: Plan, id: string): number {
  const index = plan.outputIndex.get(id);
  if (index === undefined) {
    throw new Refused(
      "unknown-id",
      `there is no output ${quoted(id)}; there are ${plan.outputs.map((output) => output.id).join(", ") || "none"}`,
    );
  }
  return index;
}

function statusOf({ current, version, started, startedAt, driver, brokerLink, clock }: HandlerSources): Status {
  const { plan, state, config } = current();
  const { broker, link } = brokerLink;
  return {
    node: config.node,
    version,
    started,
    uptime_s: Math.round((clock.now() - startedAt) / 1000),
    pid: process.pid,
    ...healthOf(plan, state),
    driver: driver.name,
    chips: driver.chips().map(({ label }) => label),
    link: link.view,
    peers: peersView(plan, state),
    ...(broker ? { broker: { listeners: broker.addresses.map((address) => ({ ...address })), clients: broker.clients } } : {}),
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

/** An id from a client, safe to show again. */
function quoted(id: unknown): string {
  return JSON.stringify(String(id).slice(0, 40));
}
