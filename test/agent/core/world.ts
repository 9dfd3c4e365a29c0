import assert from "node:assert/strict";
import type { KeptSum } from "../../../agent/core/derive.ts";
import { controllerKeptId, type Kept, seqBlock } from "../../../agent/core/kept.ts";
import type { AgentEvent, AnswerTo, Effect, KeptTotal, Measured, SwitchWord, TimerKey, Verdict } from "../../../agent/core/model.ts";
import { withText } from "../../../agent/core/output-told.ts";
import { type Plan, planOf } from "../../../agent/core/plan.ts";
import { dutyOf, levelOf } from "../../../agent/core/pwm.ts";
import { reduce } from "../../../agent/core/reduce.ts";
import { qualityOf, reasonOf } from "../../../agent/core/sensor.ts";
import { startDutyLevel, startLevel } from "../../../agent/core/start.ts";
import { newState, type State } from "../../../agent/core/state.ts";
import type { Config } from "../../../config/schema.ts";
import { checkPublication, levelIn, type Publish } from "./publication.ts";
import { firstSeq, reloadWorld } from "./world-reload.ts";

type Answer = Extract<Effect, { type: "answer" }>;
type CounterAnswer = Extract<Effect, { type: "answerCounter" }>;

interface OutputLine {
  active: boolean;
  present: boolean;
  /** Writes to it fail. */
  broken: boolean;
}

/**
 * The core in virtual time, with lines that may fail: what `agent/shell` does around `reduce`, without a clock, a driver or a
 * broker. It holds the core to what must be true at every step: a state is published only by an observed result and equals
 * it, every timer key is in the plan, event numbers rise and stay below what was reserved before.
 */
export class World {
  plan: Plan;
  state: State;
  /** Monotonic milliseconds. */
  now = 1000;
  readonly timers = new Map<TimerKey, number>();
  outputs: OutputLine[];
  inputs: boolean[];
  readonly published: (Publish & { at: number })[] = [];
  readonly answers: (Answer & { at: number })[] = [];
  /** Every change of a wire that the core asked for, in order: `lamp on 1020`. */
  readonly moves: string[] = [];
  /** Every change of a wire, by whatever: a lost line counts as off, as on a board whose lines follow their pulls. */
  readonly wires: { id: string; active: boolean; at: number }[] = [];
  readonly writes: Extract<Effect, { type: "setOutput" }>[] = [];
  readonly logs: Extract<Effect, { type: "log" }>[] = [];
  config: Config;
  observed: (boolean | undefined)[];
  /** Of each PWM, the level that was observed last. */
  readonly levels = new Map<string, number | null>();
  /** Every level that was written to a PWM: `lamp 40 1020`. */
  readonly steps: string[] = [];
  readonly shown = new Map<string, string>();
  readonly counterAnswers: CounterAnswer[] = [];
  /** Every time that a sensor was to be read: `attic 61000`. */
  readonly reads: string[] = [];
  /** Every expression that was to be evaluated. */
  readonly evaluations: Extract<Effect, { type: "evaluate" }>[] = [];
  /** What is on disk of each sum. */
  readonly sums: Map<string, KeptSum>;
  /** What is on disk of each counter; nothing goes there while `diskProblem` says why. */
  readonly totals: Map<string, KeptTotal>;
  diskProblem: string | null = null;
  /** Levels of the second lines of encoders. */
  readonly seconds = new Map<string, boolean>();
  readonly rulesOnDisk: Map<string, boolean>;
  readonly replies: (Extract<Effect, { type: "reply" }> & { at: number })[] = [];
  readonly #kept: Map<string, Kept>;
  reserved: number[];
  lastSeq: number[];
  #results: AgentEvent[] = [];
  #ticket = 0;

  /** For a test that watches every turn, those of the start excepted, and every reload. */
  turned: (event: AgentEvent, effects: readonly Effect[]) => void = () => {};
  reloaded: (reload: { anew: ReadonlySet<string>; at: number }, effects: readonly Effect[]) => void = () => {};
  /** Everything that was kept for the next run, newest last. */
  readonly kept: Extract<Effect, { type: "keepOutput" }>[] = [];

  constructor(
    config: Config,
    /** `found` is what a former run left on the lines of the outputs, `kept` what it left on disk. */
    options: {
      levels?: boolean[];
      rules?: Record<string, boolean>;
      offset?: number;
      clockSet?: boolean;
      found?: boolean;
      kept?: Record<string, Kept>;
      totals?: Record<string, KeptTotal>;
      sums?: Record<string, KeptSum>;
    } = {},
  ) {
    this.config = config;
    this.#kept = new Map(Object.entries(options.kept ?? {}));
    this.rulesOnDisk = new Map(Object.entries(options.rules ?? {}));
    this.plan = planOf(config);
    this.totals = new Map(Object.entries(options.totals ?? {}));
    this.sums = new Map(Object.entries(options.sums ?? {}));
    const kept = {
      kept: (id: string) => this.onDisk(id),
      enabled: (id: string) => this.rulesOnDisk.get(id),
      sum: (id: string) => this.sums.get(id),
    };
    this.state = newState(this.plan, () => firstSeq, kept, { total: (id) => this.total(id) });
    this.outputs = this.plan.outputs.map(() => ({ active: options.found ?? false, present: true, broken: false }));
    this.inputs = this.plan.inputs.map((_, index) => options.levels?.[index] ?? false);
    this.observed = this.plan.outputs.map(() => undefined);
    this.reserved = this.plan.inputs.map(() => firstSeq + seqBlock);
    this.lastSeq = this.plan.inputs.map(() => firstSeq - 1);
    this.dispatch({ type: "clock-read", offset: options.offset ?? 0, set: options.clockSet ?? true, at: this.now });
    for (const output of this.outputs.keys()) this.dispatch(this.opened(output, "start"));
    for (const [input, active] of this.inputs.entries()) {
      const id = this.plan.inputs[input]?.id ?? "";
      const second = { type: "level-read", input, active: this.seconds.get(id) ?? false, at: this.now, why: "start", line: "b" } as const;
      if (this.state.inputs[input]?.encoder) this.dispatch(second);
      this.dispatch({ type: "level-read", input, active, at: this.now, why: "start" });
    }
  }

  onDisk(id: string): Kept {
    return this.#kept.get(id) ?? { locked: false, level: false };
  }

  total(id: string): KeptTotal {
    return this.totals.get(id) ?? { pulses: 0, missed: 0, uncertain: false };
  }

  dispatch(event: AgentEvent): void {
    this.#reduce(event);
    while (this.#results.length > 0) {
      const results = this.#results;
      this.#results = [];
      for (const result of results) this.#reduce(result);
    }
    for (const [index, output] of this.plan.outputs.entries()) {
      // Before its line is opened for the first time an output has nothing to show.
      if (!this.shown.has(output.stateTopic) && this.observed[index] === undefined) continue;
      if (output.pwm) {
        const { fade } = this.state.outputs[index] ?? {};
        // While it fades not every step is told.
        if (fade) continue;
        const told = levelIn(this.shown.get(output.stateTopic) ?? "{}");
        assert.equal(told, this.levels.get(output.id) ?? null, `${output.id}: the newest published level is the last observed write`);
        assert.ok(!this.shown.get(output.stateTopic)?.includes("target"), "nothing is on its way any more");
        continue;
      }
      const word = this.observed[index] === undefined ? "UNKNOWN" : this.observed[index] ? "ON" : "OFF";
      assert.equal(this.shown.get(output.stateTopic), word, `${output.id}: the newest published state is the last observed write`);
    }
  }

  /** A line that is new or requested anew reads `levels` of its input. */
  reload(config: Config, levels: Record<string, boolean> = {}): void {
    reloadWorld(this, config, levels);
  }

  /** Somebody switches a plug where it is. */
  movePlug(output: string, active: boolean): void {
    this.dispatch({ type: "plug-moved", output: this.output(output), active, at: this.now });
  }

  /** Lets time pass; each timer comes up `late` ms after it was due, in the order of their times. */
  advance(ms: number, late: () => number = () => 0): void {
    const end = this.now + ms;
    for (let guard = 0; ; guard++) {
      assert.ok(guard < 10_000, "timers keep starting each other");
      const [key, at] = [...this.timers].sort((a, b) => a[1] - b[1])[0] ?? [];
      if (key === undefined || at === undefined || at > end) break;
      this.timers.delete(key);
      this.now = Math.max(this.now, at + late());
      this.dispatch({ type: "timer-due", key, at: this.now });
    }
    this.now = Math.max(this.now, end);
  }

  /** An edge of the kernel's time `at`, delivered now. */
  edge(input: string, level: boolean, at = this.now): void {
    const index = this.input(input);
    this.inputs[index] = level;
    this.dispatch({ type: "edge", input: index, edge: level ? "rising" : "falling", at });
  }

  /** An edge of the second line of an encoder. */
  edgeB(input: string, level: boolean, at = this.now): void {
    this.seconds.set(input, level);
    this.dispatch({ type: "edge", input: this.input(input), edge: level ? "rising" : "falling", at, line: "b" });
  }

  /** A command to a counter. */
  setCounter(id: string, payload: string, more: Partial<Extract<AgentEvent, { type: "counter-command-received" }>> = {}): void {
    const plain = { payload, retain: false, responseTopic: null, correlationData: null, at: this.now };
    this.dispatch({ type: "counter-command-received", input: this.input(id), ...plain, ...more });
  }

  /** A sensor answers: with a value, or with why there is none. */
  reading(id: string, answer: number | string, at = this.now): void {
    const sensor = this.plan.sensorIndex.get(id) ?? -1;
    if (typeof answer === "string") this.dispatch({ type: "sensor-failed", sensor, problem: answer, at });
    else this.dispatch({ type: "sensor-read", sensor, values: [{ name: "temperature", value: answer, unit: "°C" }], at });
  }

  /** A sensor says several things: `measure("tent", { humidity: 55, door: "OPEN" })`. */
  measure(id: string, values: Record<string, number | string | boolean>, at = this.now): void {
    const units: Record<string, string> = { temperature: "°C", humidity: "%" };
    const measured = Object.entries(values).map(([name, value]) => ({ name, value, unit: units[name] ?? null }));
    this.dispatch({ type: "sensor-read", sensor: this.plan.sensorIndex.get(id) ?? -1, values: measured, at });
  }

  /** A sensor says several values at once. */
  readings(id: string, values: readonly Measured[], more: { at?: number; measured?: number } = {}): void {
    this.dispatch({ type: "sensor-read", sensor: this.plan.sensorIndex.get(id) ?? -1, values, at: this.now, ...more });
  }

  /** What a sensor says by now, as it is published and as it is kept. */
  sensor(id: string): { quality: string; reason: string | null; values: readonly Measured[] | null; at: number } {
    const index = this.plan.sensorIndex.get(id) ?? -1;
    const [plan, sensor] = [this.plan.sensors[index], this.state.sensors[index]];
    assert.ok(plan && sensor, `there is a sensor ${id}`);
    return { quality: qualityOf(sensor), reason: reasonOf(plan, sensor), values: sensor.values, at: sensor.at };
  }

  /** What was published of a counter last. */
  counted(id: string): Record<string, unknown> {
    return JSON.parse(this.payloads(this.plan.inputs[this.input(id)]?.stateTopic ?? "").at(-1) ?? "null");
  }

  /** A clean press of `ms`, and enough quiet for everything to settle. */
  press(input: string, ms: number, quiet = 100): void {
    this.edge(input, true);
    this.advance(ms);
    this.edge(input, false);
    this.advance(quiet);
  }

  mqtt(output: string, payload: string, more: Partial<Extract<AgentEvent, { type: "command-received" }>> = {}): Verdict | undefined {
    const plain = { payload, retain: false, responseTopic: null, correlationData: null, at: this.now };
    return this.#ask({ type: "command-received", output: this.output(output), ...plain, ...more }, "mqtt");
  }

  control(output: string, word: SwitchWord, forMs: number | null = null, from: "cli" | "tui" = "cli"): Verdict | undefined {
    const index = this.output(output);
    return this.#ask({ type: "control-received", output: index, word, forMs, from, ticket: ++this.#ticket, at: this.now }, "control");
  }

  /** Somebody at the command line wants a level. */
  setLevel(output: string, level: number, fadeMs?: number): Verdict | undefined {
    const wish = { word: null, forMs: null, from: "cli", level, ...(fadeMs === undefined ? {} : { fadeMs }) } as const;
    return this.#ask({ type: "control-received", output: this.output(output), ...wish, ticket: ++this.#ticket, at: this.now }, "control");
  }

  identify(output: string, forMs = 5000, id: string | null = null): Verdict | undefined {
    const ticket = ++this.#ticket;
    const from = id === null ? "cli" : "mqtt";
    return this.#ask({ type: "identify-requested", output: this.output(output), forMs, from, id, ticket, at: this.now }, "control");
  }

  /** A command to a rule; the answer, if there is one. */
  rule(
    id: string,
    payload: string,
    more: Partial<Extract<AgentEvent, { type: "rule-command-received" }>> = {},
  ): Record<string, unknown> | undefined {
    const { length } = this.replies;
    const rule = this.plan.ruleIndex.get(id) ?? -1;
    const plain = { payload, retain: false, responseTopic: null, correlationData: null, at: this.now };
    this.dispatch({ type: "rule-command-received", rule, ...plain, ...more });
    const reply = this.replies[length];
    return reply && JSON.parse(reply.payload);
  }

  /** A command to a controller; the answer, if there is one. */
  controller(
    id: string,
    payload: string,
    more: Partial<Extract<AgentEvent, { type: "controller-command-received" }>> = {},
  ): Record<string, unknown> | undefined {
    const { length } = this.replies;
    const plain = { payload, retain: false, responseTopic: null, correlationData: null, at: this.now };
    const index = this.plan.controllerIndex.get(id) ?? -1;
    this.dispatch({ type: "controller-command-received", controller: index, ...plain, ...more });
    const reply = this.replies[length];
    return reply && JSON.parse(reply.payload);
  }

  /** What was published of a controller last. */
  controlled(id: string): Record<string, unknown> {
    const { stateTopic = "" } = this.plan.controllers[this.plan.controllerIndex.get(id) ?? -1] ?? {};
    return JSON.parse(this.payloads(stateTopic).at(-1) ?? "null");
  }

  fired(id: string): { cause: string; chain?: string[]; seq: number; ts: string }[] {
    return this.payloads(this.plan.rules[this.plan.ruleIndex.get(id) ?? -1]?.eventTopic ?? "").map((payload) => JSON.parse(payload));
  }

  /** Somebody publishes something. */
  message(topic: string, payload: string): void {
    this.dispatch({ type: "message-received", topic, payload, at: this.now });
  }

  lock(output: string, locked: boolean): void {
    this.dispatch({ type: "lock-requested", output: this.output(output), locked, from: "cli", at: this.now });
  }

  link(online: boolean): void {
    this.dispatch({ type: "link-changed", online, problem: online ? null : "the connection was refused", at: this.now });
  }

  /** The chip goes away; nobody has told yet. */
  vanish(output: string): void {
    const index = this.output(output);
    if (this.outputs[index]?.present) this.#wire(index, false);
    Object.assign(this.outputs[index] ?? {}, { present: false });
  }

  loseOutput(output: string): void {
    this.vanish(output);
    this.dispatch({ type: "output-lost", output: this.output(output), problem: "the chip is gone", at: this.now });
  }

  returnOutput(output: string): void {
    const index = this.output(output);
    const line = this.outputs[index];
    if (!line || line.present) return;
    this.loseOutput(output);
    Object.assign(line, { present: true, active: false });
    this.dispatch(this.opened(index, "chip"));
  }

  breakOutput(output: string, broken: boolean): void {
    const line = this.outputs[this.output(output)];
    if (line) line.broken = broken;
  }

  isOn(output: string): boolean {
    return this.outputs[this.output(output)]?.active ?? false;
  }

  /** Payloads of a topic, in order. */
  payloads(topic: string): string[] {
    return this.published.filter((publication) => publication.topic === topic).map(({ payload }) => payload);
  }

  events(input: string): { event_type: string; duration_ms?: number; ts: string; seq: number }[] {
    return this.payloads(this.plan.inputs[this.input(input)]?.eventTopic ?? "").map((payload) => JSON.parse(payload));
  }

  attr(output: string): Record<string, unknown> {
    return JSON.parse(this.payloads(this.plan.outputs[this.output(output)]?.attrTopic ?? "").at(-1) ?? "null");
  }

  outputState(output: string): State["outputs"][number] {
    const found = this.state.outputs[this.output(output)];
    assert.ok(found);
    return found;
  }

  output(id: string): number {
    const index = this.plan.outputIndex.get(id);
    assert.ok(index !== undefined, `no output ${id}`);
    return index;
  }

  input(id: string): number {
    const index = this.plan.inputIndex.get(id);
    assert.ok(index !== undefined, `no input ${id}`);
    return index;
  }

  /** The answer to a command; another one that it cancels is answered in the same moment. */
  #ask(event: AgentEvent, via: AnswerTo["via"]): Verdict | undefined {
    const { length } = this.answers;
    const waiting = this.state.outputs.map((output) => output.waiting?.request.answer);
    this.dispatch(event);
    const mine = this.answers.slice(length).filter(({ to }) => to.via === via && !waiting.includes(to));
    assert.ok(mine.length <= 1, "a command is answered once");
    return mine[0]?.verdict;
  }

  /** Requests a line with its first level, as `agent/shell/lines.ts` does. */
  opened(output: number, why: "start" | "chip" | "reload"): AgentEvent {
    const line = this.outputs[output];
    assert.ok(line);
    const found = line.active;
    this.#wire(
      output,
      startLevel(this.plan, this.state, output, () => found, this.now),
    );
    const level = this.plan.outputs[output]?.pwm ? { level: startDutyLevel(this.plan, this.state, output, this.now) } : {};
    return { type: "output-opened", output, active: line.active, at: this.now, why, ...level };
  }

  #reduce(event: AgentEvent): void {
    if (event.type === "output-written" || event.type === "output-opened" || event.type === "plug-moved")
      this.observed[event.output] = event.active;
    this.#observeLevel(event);
    if (event.type === "output-lost") this.observed[event.output] = undefined;
    const reserved = [...this.reserved];
    const effects = reduce(this.plan, this.state, event);
    this.turned(event, effects);
    for (const effect of effects) this.#perform(effect, event, reserved);
  }

  #observeLevel(event: AgentEvent): void {
    if (event.type !== "output-written" && event.type !== "output-opened" && event.type !== "output-lost") return;
    const plan = this.plan.outputs[event.output];
    if (!plan?.pwm) return;
    const { level } = event.type === "output-written" ? event.request : event.type === "output-opened" ? event : {};
    this.levels.set(plan.id, event.type === "output-lost" ? null : levelOf(plan, event.active, level));
  }

  #perform(effect: Effect, event: AgentEvent, reserved: readonly number[]): void {
    switch (effect.type) {
      case "setOutput":
        this.#write(effect);
        return;
      case "readLevel":
        this.#results.push({ ...effect, type: "level-read", active: this.inputs[effect.input] ?? false, at: this.now, why: "gap" });
        if (this.state.inputs[effect.input]?.encoder) {
          const active = this.seconds.get(this.plan.inputs[effect.input]?.id ?? "") ?? false;
          this.#results.push({ ...effect, type: "level-read", active, at: this.now, why: "gap", line: "b" });
        }
        return;
      case "startTimer":
        assert.ok(this.plan.timers.has(effect.key), `${effect.key} has an owner`);
        assert.ok(Number.isFinite(effect.at), `${effect.key} has a time`);
        this.timers.set(effect.key, effect.at);
        return;
      case "stopTimer":
        assert.ok(this.plan.timers.has(effect.key), `${effect.key} has an owner`);
        this.timers.delete(effect.key);
        return;
      case "publish":
        checkPublication(effect, event, {
          plan: this.plan,
          observed: this.observed,
          levels: this.levels,
          shown: this.shown,
          lastSeq: this.lastSeq,
          reserved,
        });
        this.published.push({ ...withText(effect), at: this.now });
        return;
      case "answer":
        this.answers.push({ ...effect, at: this.now });
        return;
      case "answerCounter":
        this.counterAnswers.push(effect);
        return;
      case "keepCounter":
        if (this.diskProblem === null) this.totals.set(this.plan.inputs[effect.input]?.id ?? "", effect.kept);
        this.#results.push({ ...effect, type: "counter-kept", problem: this.diskProblem, at: this.now });
        return;
      case "evaluate":
        this.evaluations.push(effect);
        return;
      case "keepSum":
        this.sums.set(this.plan.sensors[effect.sensor]?.id ?? "", { total: effect.total, unit: effect.unit });
        return;
      case "readSensor":
        this.reads.push(`${this.plan.sensors[effect.sensor]?.id} ${this.now}`);
        return;
      case "reserveSeq":
        assert.ok(effect.upTo > (this.reserved[effect.input] ?? 0), "a reservation grows");
        this.reserved[effect.input] = effect.upTo;
        return;
      case "keepOutput":
        this.keep(effect);
        return;
      case "keepChange":
      case "reserveRuleSeq":
        return;
      case "keepController":
        this.rulesOnDisk.set(controllerKeptId(this.plan.controllers[effect.controller]?.id ?? ""), effect.enabled);
        return;
      case "keepRule":
        this.rulesOnDisk.set(this.plan.rules[effect.rule]?.id ?? "", effect.enabled);
        return;
      case "reply":
        this.replies.push({ ...effect, at: this.now });
        return;
      case "log":
        this.logs.push(effect);
    }
  }

  keep(effect: Extract<Effect, { type: "keepOutput" }>): void {
    this.kept.push(effect);
    this.#kept.set(this.plan.outputs[effect.output]?.id ?? "", { locked: effect.locked, level: effect.level });
  }

  #wire(output: number, active: boolean): void {
    const line = this.outputs[output];
    if (line && line.active !== active) this.wires.push({ id: this.plan.outputs[output]?.id ?? "", active, at: this.now });
    if (line) line.active = active;
  }

  #write(effect: Extract<Effect, { type: "setOutput" }>): void {
    const { output, active, request } = effect;
    const line = this.outputs[output];
    assert.ok(line);
    this.writes.push(effect);
    const plan = this.plan.outputs[output];
    if (plan?.pwm) {
      const level = levelOf(plan, active, request.level) ?? 0;
      const { low, high, periodNs, min } = plan.pwm;
      assert.ok(level === 0 || (level >= Math.max(low, min) && level <= high), `${plan.id} is never asked for ${level}`);
      assert.ok(dutyOf(plan.pwm, level) <= periodNs, "a duty fits into its period");
      assert.equal(active, level > 0, "on is a level above 0");
      this.steps.push(`${plan.id} ${level} ${this.now}`);
    }
    if (!line.present || line.broken) {
      const problem = line.present ? "the line does not take it" : "the chip is gone";
      this.#results.push({ type: "output-failed", output, active, at: this.now, problem, request });
      return;
    }
    if (line.active !== active) this.moves.push(`${this.plan.outputs[output]?.id} ${active ? "on" : "off"} ${this.now}`);
    this.#wire(output, active);
    this.#results.push({ type: "output-written", output, active, at: this.now, request });
  }
}
