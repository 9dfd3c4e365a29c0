import assert from "node:assert/strict";
import type { AgentEvent, AnswerTo, Effect, SwitchWord, TimerKey, Verdict } from "../../../agent/core/model.ts";
import { type Plan, planOf } from "../../../agent/core/plan.ts";
import { reduce } from "../../../agent/core/reduce.ts";
import { carryOver, lineChanges } from "../../../agent/core/reload.ts";
import { newState, type State, seqBlock } from "../../../agent/core/state.ts";
import type { Config } from "../../../config/schema.ts";

type Publish = Extract<Effect, { type: "publish" }>;
type Answer = Extract<Effect, { type: "answer" }>;

/** The number of the first event in the world's state. */
export const firstSeq = 41;

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
  readonly writes: Extract<Effect, { type: "setOutput" }>[] = [];
  readonly logs: Extract<Effect, { type: "log" }>[] = [];
  #config: Config;
  #observed: (boolean | undefined)[];
  readonly #shown = new Map<string, string>();
  #reserved: number[];
  #lastSeq: number[];
  #results: AgentEvent[] = [];

  constructor(config: Config, options: { levels?: boolean[]; offset?: number; clockSet?: boolean } = {}) {
    this.#config = config;
    this.plan = planOf(config);
    this.state = newState(this.plan, () => firstSeq);
    this.outputs = this.plan.outputs.map(({ onStart }) => ({ active: onStart, present: true, broken: false }));
    this.inputs = this.plan.inputs.map((_, index) => options.levels?.[index] ?? false);
    this.#observed = this.plan.outputs.map(() => undefined);
    this.#reserved = this.plan.inputs.map(() => firstSeq + seqBlock);
    this.#lastSeq = this.plan.inputs.map(() => firstSeq - 1);
    this.dispatch({ type: "clock-read", offset: options.offset ?? 0, set: options.clockSet ?? true, at: this.now });
    for (const output of this.outputs.keys()) this.dispatch(this.#opened(output, "start"));
    for (const [input, active] of this.inputs.entries()) this.dispatch({ type: "level-read", input, active, at: this.now, why: "start" });
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
      if (!this.#shown.has(output.stateTopic) && this.#observed[index] === undefined) continue;
      const word = this.#observed[index] === undefined ? "UNKNOWN" : this.#observed[index] ? "ON" : "OFF";
      assert.equal(this.#shown.get(output.stateTopic), word, `${output.id}: the newest published state is the last observed write`);
    }
  }

  /** A reload, in the order of `agent/reload.ts`; a line that is new or requested anew reads `levels` of its input. */
  reload(config: Config, levels: Record<string, boolean> = {}): void {
    const before = this.plan;
    const { leaving, anew } = lineChanges(this.#config, config, (a, b) => JSON.stringify(a) === JSON.stringify(b));
    const outputs = [...leaving].flatMap((id) => before.outputIndex.get(id) ?? []);
    if (outputs.length > 0) this.dispatch({ type: "outputs-leaving", outputs, at: this.now });
    const plan = planOf(config);
    const { state, effects } = carryOver(before, this.state, plan, anew, () => firstSeq);
    const kept = ({ id }: { id: string }, index: ReadonlyMap<string, number>) => (anew.has(id) ? -1 : (index.get(id) ?? -1));
    const { outputs: lines, inputs } = this;
    const [observed, reserved, lastSeq] = [this.#observed, this.#reserved, this.#lastSeq];
    this.#config = config;
    this.plan = plan;
    this.state = state;
    this.outputs = plan.outputs.map((output) => {
      return lines[kept(output, before.outputIndex)] ?? { active: output.onStart, present: true, broken: false };
    });
    this.inputs = plan.inputs.map((input) => inputs[kept(input, before.inputIndex)] ?? levels[input.id] ?? false);
    this.#observed = plan.outputs.map((output) => observed[kept(output, before.outputIndex)]);
    this.#reserved = plan.inputs.map(({ id }) => reserved[before.inputIndex.get(id) ?? -1] ?? firstSeq + seqBlock);
    this.#lastSeq = plan.inputs.map(({ id }) => lastSeq[before.inputIndex.get(id) ?? -1] ?? firstSeq - 1);
    // Until their lines are opened, a few calls from here, nothing new is shown of these.
    for (const { id, stateTopic } of plan.outputs) if (anew.has(id)) this.#shown.delete(stateTopic);
    for (const effect of effects) {
      if (effect.type === "stopTimer") this.timers.delete(effect.key);
      else if (effect.type === "startTimer") this.timers.set(effect.key, effect.at);
      else if (effect.type === "publish") {
        if (effect.payload === "") this.#shown.delete(effect.topic);
        this.published.push({ ...effect, at: this.now });
      } else assert.fail(`a reload does not ask for ${effect.type}`);
    }
    for (const key of this.timers.keys()) assert.ok(plan.timers.has(key), `${key} is left over`);
    for (const [index, { id }] of plan.outputs.entries()) {
      if (anew.has(id) || !before.outputIndex.has(id)) this.dispatch(this.#opened(index, "reload"));
    }
    for (const [input, { id }] of plan.inputs.entries()) {
      if (!anew.has(id) && before.inputIndex.has(id)) continue;
      this.dispatch({ type: "level-read", input, active: this.inputs[input] ?? false, at: this.now, why: "reload" });
    }
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

  /** A clean press of `ms`, and enough quiet for everything to settle. */
  press(input: string, ms: number, quiet = 100): void {
    this.edge(input, true);
    this.advance(ms);
    this.edge(input, false);
    this.advance(quiet);
  }

  mqtt(output: string, payload: string, more: Partial<Extract<AgentEvent, { type: "command-received" }>> = {}): Verdict | undefined {
    const before = this.answers.length;
    this.dispatch({
      type: "command-received",
      output: this.output(output),
      payload,
      retain: false,
      responseTopic: null,
      correlationData: null,
      at: this.now,
      ...more,
    });
    return this.#oneAnswer(before, "mqtt");
  }

  control(output: string, word: SwitchWord, forMs: number | null = null, from: "cli" | "tui" = "cli"): Verdict | undefined {
    const before = this.answers.length;
    this.dispatch({ type: "control-received", output: this.output(output), word, forMs, from, ticket: before, at: this.now });
    return this.#oneAnswer(before, "control");
  }

  /** The chip goes away; nobody has told yet. */
  vanish(output: string): void {
    const line = this.outputs[this.output(output)];
    if (line?.present) Object.assign(line, { present: false, active: false });
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
    Object.assign(line, { present: true, active: this.plan.outputs[index]?.onStart ?? false });
    this.dispatch(this.#opened(index, "chip"));
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

  #oneAnswer(before: number, via: AnswerTo["via"]): Verdict | undefined {
    const mine = this.answers.slice(before).filter(({ to }) => to.via === via);
    assert.ok(mine.length <= 1, "a command is answered once");
    return mine[0]?.verdict;
  }

  #opened(output: number, why: "start" | "chip" | "reload"): AgentEvent {
    return { type: "output-opened", output, active: this.outputs[output]?.active ?? false, at: this.now, why };
  }

  #reduce(event: AgentEvent): void {
    if (event.type === "output-written" || event.type === "output-opened") this.#observed[event.output] = event.active;
    if (event.type === "output-lost") this.#observed[event.output] = undefined;
    const reserved = [...this.#reserved];
    for (const effect of reduce(this.plan, this.state, event)) this.#perform(effect, event, reserved);
  }

  #perform(effect: Effect, event: AgentEvent, reserved: readonly number[]): void {
    switch (effect.type) {
      case "setOutput":
        this.#write(effect);
        return;
      case "readLevel":
        this.#results.push({
          type: "level-read",
          input: effect.input,
          active: this.inputs[effect.input] ?? false,
          at: this.now,
          why: "gap",
        });
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
        this.#checkPublication(effect, event, reserved);
        this.published.push({ ...effect, at: this.now });
        return;
      case "answer":
        this.answers.push({ ...effect, at: this.now });
        return;
      case "reserveSeq":
        assert.ok(effect.upTo > (this.#reserved[effect.input] ?? 0), "a reservation grows");
        this.#reserved[effect.input] = effect.upTo;
        return;
      case "log":
        this.logs.push(effect);
    }
  }

  #write(effect: Extract<Effect, { type: "setOutput" }>): void {
    const { output, active, request } = effect;
    const line = this.outputs[output];
    assert.ok(line);
    this.writes.push(effect);
    if (!line.present || line.broken) {
      const problem = line.present ? "the line does not take it" : "the chip is gone";
      this.#results.push({ type: "output-failed", output, active, at: this.now, problem, request });
      return;
    }
    if (line.active !== active) this.moves.push(`${this.plan.outputs[output]?.id} ${active ? "on" : "off"} ${this.now}`);
    line.active = active;
    this.#results.push({ type: "output-written", output, active, at: this.now, request });
  }

  #checkPublication(effect: Publish, event: AgentEvent, reserved: readonly number[]): void {
    const output = this.plan.outputs.findIndex(({ stateTopic }) => stateTopic === effect.topic);
    if (output >= 0) {
      assert.ok("output" in event && event.output === output, "a state is published by an event of its own output");
      assert.ok(["output-written", "output-opened", "output-lost"].includes(event.type), `not by ${event.type}`);
      const word = this.#observed[output] === undefined ? "UNKNOWN" : this.#observed[output] ? "ON" : "OFF";
      assert.equal(effect.payload, word, "the published state equals the last observed write");
      assert.deepEqual({ retain: effect.retain, qos: effect.qos }, { retain: true, qos: 1 });
      this.#shown.set(effect.topic, effect.payload);
    }
    const input = this.plan.inputs.findIndex(({ eventTopic }) => eventTopic === effect.topic);
    if (input >= 0) {
      const { seq } = JSON.parse(effect.payload) as { seq: number };
      assert.ok(seq > (this.#lastSeq[input] ?? 0), "event numbers rise");
      // A reservation is written in the background: only an older one can be relied on.
      assert.ok(seq < (reserved[input] ?? 0), "an event number was reserved before the event happened");
      assert.deepEqual({ retain: effect.retain, qos: effect.qos }, { retain: false, qos: 1 });
      this.#lastSeq[input] = seq;
    }
  }
}
