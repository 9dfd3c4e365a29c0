import { headerPin } from "../gpio/board.ts";
import type { Driver } from "../gpio/driver.ts";
import type { LineAddress } from "../gpio/line.ts";
import type { BrokerLink } from "./broker-link.ts";
import { brokerLoginOf } from "./broker-login.ts";
import { validFadeMs, validForMs } from "./core/command.ts";
import { isoTime } from "./core/iso-time.ts";
import type { CounterVerdict, SwitchWord, Verdict } from "./core/model.ts";
import { stateWord } from "./core/output-told.ts";
import { createOperationHandlers } from "./operation-handlers.ts";
import type { Operations } from "./operations.ts";
import type { HostView } from "./protocol.ts";
import type { Reloader } from "./reload.ts";
import type { Services } from "./services.ts";
import { shared } from "./shared-reading.ts";
import type { Clock } from "./shell/clock.ts";
import { type Handlers, Refused } from "./shell/control.ts";
import { controllersView } from "./shell/controller-view.ts";
import { counterChanges, counterView } from "./shell/counter-view.ts";
import type { EdgeLog } from "./shell/edge-log.ts";
import type { HistoryStore } from "./shell/history-store.ts";
import type { Lines } from "./shell/lines.ts";
import type { OutputStore } from "./shell/output-store.ts";
import type { PacketTrace } from "./shell/packet-trace.ts";
import { pinDetail } from "./shell/pin-detail.ts";
import type { RuleStore } from "./shell/rule-store.ts";
import { sensorAnswer } from "./shell/sensor-view.ts";
import { changesView, chipsView, pinsView, pwmView, rulesView, type ViewSources } from "./shell/views.ts";
import { createSimHandlers, type SimSources } from "./sim-handlers.ts";
import { type StatusSources, statusOf } from "./status.ts";
import type { Tickets } from "./tickets.ts";
import { outputIndexOf, quoted, unknownId } from "./unknown-id.ts";

export interface HandlerSources extends StatusSources, SimSources {
  reloader: Pick<Reloader, "diff">;
  operations: Operations;
  driver: Driver;
  lines: Lines;
  edges: EdgeLog;
  brokerLink: BrokerLink;
  trace: PacketTrace;
  outputs: OutputStore;
  history: HistoryStore;
  rules: RuleStore;
  /** When the first time of day of a rule comes. */
  nextTime(rule: number): number | null;
  /** Control clients that wait for the verdict on their command. */
  tickets: Tickets<Verdict>;
  counterTickets: Tickets<CounterVerdict>;
  clock: Clock;
  host(): Promise<HostView>;
  services: Services["handlers"];
}

const words: readonly SwitchWord[] = ["ON", "OFF", "TOGGLE", "PULSE"];

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

  return {
    status: () => statusOf(sources),
    pins: () => pinsView(views()),
    pin: ({ id }) => {
      const { plan, state } = current();
      const detail = pinDetail(plan, state, sources.edges, id);
      if (detail) return detail;
      throw unknownId("input or output", id, [...plan.outputs, ...plan.inputs]);
    },
    lines: () => chipsView(driver.chips(), (chip) => driver.lines(chip), header, idOf),
    get: ({ id }) => {
      const { plan, state } = current();
      const output = plan.outputIndex.get(id);
      if (output !== undefined) {
        const [{ pwm } = { pwm: null }, now] = [plan.outputs[output], state.outputs[output]];
        const word = stateWord(now?.written);
        return pwm && now ? { id, kind: "pwm", state: word, pwm: pwmView(pwm, now) } : { id, kind: "output", state: word };
      }
      const input = plan.inputIndex.get(id);
      const counter = input === undefined ? undefined : counterView(plan.inputs[input], state.inputs[input]);
      if (counter) return { id, kind: "counter", state: String(counter.total), ...counter };
      if (input !== undefined) return { id, kind: "input", state: stateWord(state.inputs[input]?.debounce.settled) };
      const sensor = sensorAnswer(plan, state, id, clock.now());
      if (sensor) return sensor;
      throw unknownId("input, output, PWM or sensor", id, [...plan.outputs, ...plan.inputs, ...plan.sensors]);
    },
    set: async ({ output: id, state: named, value, fade_ms: fadeMs, for_ms, from }) => {
      const { plan } = current();
      const output = outputIndexOf(plan, id);
      const word = named ?? null;
      const isPwm = plan.outputs[output]?.pwm != null;
      if (!isPwm && (value !== undefined || fadeMs !== undefined)) throw new Refused("malformed", `${quoted(id)} is only on or off`);
      if (value !== undefined && (word !== null || typeof value !== "number" || !Number.isFinite(value)))
        throw new Refused("malformed", "value must be a number, and stands in place of state");
      if (fadeMs !== undefined && !validFadeMs(fadeMs))
        throw new Refused("malformed", "fade_ms must be whole milliseconds, at most an hour");
      if (value === undefined && (word === null || !words.includes(word)))
        throw new Refused("malformed", "the state must be ON, OFF, TOGGLE or PULSE");
      const forMs = for_ms ?? null;
      if (forMs !== null && !validForMs(forMs)) throw new Refused("malformed", "for_ms must be whole milliseconds, at most a day");
      if (forMs !== null && word !== "ON" && word !== "PULSE" && !(value ?? 0))
        throw new Refused("malformed", "for_ms goes with ON or PULSE");
      const verdict = await sources.tickets.ask((ticket) =>
        sources.send({
          type: "control-received",
          output,
          word,
          forMs,
          from: clientOf(from),
          ticket,
          at: clock.now(),
          ...(value === undefined ? {} : { level: value }),
          ...(fadeMs === undefined ? {} : { fadeMs }),
        }),
      );
      if (!verdict.ok) throw new Refused(verdict.reason === "stopping" ? "failed" : verdict.reason, verdict.message, verdict.allowed_at);
      const { ok: _, ...result } = verdict;
      return { output: id, ...result };
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
        throw unknownId("counter", id, there);
      }
      if (typeof total !== "number" || !Number.isFinite(total)) throw new Refused("malformed", "the total must be a number");
      const verdict = await sources.counterTickets.ask((ticket) =>
        sources.send({ type: "counter-control-received", input, total, from: clientOf(from), ticket, at: clock.now() }),
      );
      if (!verdict.ok) throw new Refused(verdict.reason === "stopping" ? "failed" : verdict.reason, verdict.message);
      return { counter: id, total: verdict.total, pulses: verdict.pulses };
    },
    rules: () => rulesView(current().plan, current().state, sources.nextTime),
    controllers: () => controllersView(current().plan, current().state, clock.now()),
    "set-rule": async ({ rule: id, enabled, from }) => {
      const { ruleIndex, rules } = current().plan;
      const rule = ruleIndex.get(id);
      if (rule === undefined) throw unknownId("rule", id, rules);
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
    ...createSimHandlers(sources),
    ...sources.services,
    host: shared(() => sources.host()),
    trace: ({ after = 0 }) => {
      if (!Number.isSafeInteger(after) || after < 0) throw new Refused("malformed", "after must be the number of a packet");
      return sources.trace.since(after, (at) => isoTime(current().state, at));
    },
    "packet-bytes": ({ number }) => {
      if (!Number.isSafeInteger(number) || number < 1) throw new Refused("malformed", "number must be that of a packet");
      return sources.trace.bytes(number);
    },
    "broker-login": () => brokerLoginOf(current().config, sources.brokerLink),
    ...createOperationHandlers(sources.operations),
    diff: () => sources.reloader.diff(),
  };
}

function clientOf(from: unknown): "cli" | "tui" {
  return from === "tui" ? "tui" : "cli";
}
