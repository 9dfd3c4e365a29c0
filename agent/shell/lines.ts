import { isDeepStrictEqual } from "node:util";
import type { Config } from "../../config/schema.ts";
import type { Driver, EdgeEvent, InputHandle, InputListener } from "../../gpio/driver.ts";
import type { KeyDriver, KeyRequest } from "../../gpio/keys.ts";
import type { Edge, LineAddress, LineName } from "../../gpio/line.ts";
import type { InputPlan, KeyPlan } from "../core/input-plan.ts";
import type { AgentEvent } from "../core/model.ts";
import type { OutputPlan } from "../core/output-plan.ts";
import type { Plan } from "../core/plan.ts";
import { messageOf } from "../message-of.ts";
import type { Clock } from "./clock.ts";
import { close, type Slot, slotsOf } from "./line-slot.ts";
import type { Log } from "./log.ts";
import { type Driven, isRefusedByMode, openPwm, type PwmLines, udevPause, udevTries } from "./pwm-line.ts";

export interface LinesOptions {
  plan: Plan;
  config: Config;
  driver: Driver;
  /** For plans with keys of input devices. */
  keys?: KeyDriver;
  /** For plans with PWM. */
  pwm?: PwmLines;
  /** Name → chip label and offset; throws LineError while there is no such line. */
  resolve(line: LineName): LineAddress;
  /** The level with which an output is requested; `found` looks at what the line has now. */
  startLevel(output: number, found: () => boolean | undefined): boolean;
  clock: Clock;
  log: Log;
  dispatch(event: AgentEvent): void;
}

/** While a line cannot be had (busy, chip gone), it is asked for again this often. */
const retryEvery = 1000;

/** Owns the handles of all configured lines; a line that cannot be had is a problem of that line only. */
export class Lines {
  readonly #options: LinesOptions;
  #plan: Plan;
  #config: Config;
  #inputs: Slot<InputHandle>[];
  #outputs: Slot<Driven>[];
  readonly #addresses = new Map<string, LineAddress>();
  /** Of the second lines of encoders. */
  readonly #seconds = new Map<string, LineAddress>();
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;
  /** Grows with each edge delivered and each look at the lines. */
  progress = 0;

  constructor(options: LinesOptions) {
    this.#options = options;
    this.#plan = options.plan;
    this.#config = options.config;
    this.#inputs = slotsOf(options.plan.inputs, [], "start");
    this.#outputs = slotsOf(options.plan.outputs, [], "start");
  }

  /** Requests every line: outputs first, so that a pressed button finds its relay. */
  start(): void {
    this.#openAll();
  }

  /**
   * Takes a new plan and releases what is not in it, and what is named in `anew`; everything else keeps its handle. Nothing is
   * dispatched and nothing requested: that is what `start` does, once the new plan is the one that events are reduced with.
   */
  apply(plan: Plan, config: Config, anew: ReadonlySet<string>): void {
    this.#plan = plan;
    this.#config = config;
    const stays = (ids: ReadonlyMap<string, number>) => (slot: Slot<InputHandle | Driven>) => {
      if (ids.has(slot.id) && !anew.has(slot.id)) return true;
      close(slot);
      this.#addresses.delete(slot.id);
      this.#seconds.delete(slot.id);
      return false;
    };
    this.#outputs = slotsOf(plan.outputs, this.#outputs.filter(stays(plan.outputIndex)), "reload");
    this.#inputs = slotsOf(plan.inputs, this.#inputs.filter(stays(plan.inputIndex)), "reload");
  }

  /** Whether two names mean one line, as far as can be told now. */
  same(a: LineName, b: LineName): boolean {
    if (isDeepStrictEqual(a, b)) return true;
    try {
      return isDeepStrictEqual(this.#options.resolve(a), this.#options.resolve(b));
    } catch {
      // One of them is not there now: a reload takes the new name at its word.
      return false;
    }
  }

  /** Drives an output; `level` is that of a PWM. Throws LineError (or Error when the line is not ours now). */
  write(output: number, active: boolean, level: number | null = null): void {
    const handle = this.#outputs[output]?.handle;
    if (!handle) throw new Error("the line is not available now");
    handle.write(active, level);
  }

  /** The level of an input now; undefined while the line is not ours. */
  read(input: number): boolean | undefined {
    return this.#inputs[input]?.handle?.read();
  }

  /** The same of the second line of an encoder. */
  readSecond(input: number): boolean | undefined {
    const slot = this.#inputs[input];
    return slot?.handle && slot.second?.read();
  }

  /** Where the line of an input or output was found; undefined when it never was. */
  address(id: string): LineAddress | undefined {
    return this.#addresses.get(id);
  }

  /** The id of the input or output that has this line; undefined when none has. */
  idOf({ chip, offset }: LineAddress): string | undefined {
    for (const [id, own] of [...this.#addresses, ...this.#seconds]) if (own.chip === chip && own.offset === offset) return id;
    return undefined;
  }

  /** Proves for the watchdog that the driver still answers: reads one line. Returns the progress. */
  probe(): number {
    const { handle } = [...this.#inputs, ...this.#outputs].find((slot) => slot.handle !== undefined) ?? {};
    try {
      handle?.read();
    } catch {
      // A chip that went away answers too; `gone` tells the rest.
    }
    return ++this.progress;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    for (const slot of [...this.#inputs, ...this.#outputs]) close(slot);
  }

  #openAll(): void {
    for (const slot of this.#outputs) if (!slot.handle) this.#openOutput(slot);
    for (const slot of this.#inputs) if (!slot.handle) this.#openInput(slot);
    this.progress++;
  }

  #openOutput(slot: Slot<Driven>): void {
    const { driver, clock, dispatch } = this.#options;
    const outputPlan = this.#plan.outputs[slot.index];
    if (outputPlan?.pwm) {
      this.#openPwm(slot, outputPlan);
      return;
    }
    const settings = outputPlan && this.#config.outputs[outputPlan.id];
    // A plug has no line.
    const line = outputPlan?.line ?? null;
    if (!settings || line === null) return;
    const { why } = slot;
    slot.why = "chip";
    try {
      const address = this.#locate(outputPlan.id, line);
      const { active } = settings;
      const initial = this.#options.startLevel(slot.index, () => driver.peek(address, active));
      const request = { ...address, active, consumer: `pinbus:${outputPlan.id}`, initial };
      const handle = driver.openOutput(request, {
        gone: () => {
          handle.close();
          slot.handle = undefined;
          this.#lose("output-lost", slot.index, "its chip was removed");
        },
      });
      slot.handle = handle;
      dispatch({ type: "output-opened", output: slot.index, active: initial, at: clock.now(), why });
    } catch (error) {
      this.#lose("output-lost", slot.index, messageOf(error));
    }
  }

  #openPwm(slot: Slot<Driven>, plan: OutputPlan): void {
    const { pwm: pwms, clock, dispatch } = this.#options;
    const { why, early = 0 } = slot;
    slot.why = "chip";
    try {
      if (!plan.pwm || !pwms) throw new Error("there is no driver for PWM");
      this.#place(plan);
      const level = pwms.startLevel(slot.index);
      const handle: Driven = openPwm(plan, plan.pwm, pwms, level, {
        gone: () => {
          handle.close();
          slot.handle = undefined;
          this.#lose("output-lost", slot.index, "its chip was removed");
        },
      });
      slot.handle = handle;
      slot.early = 0;
      dispatch({ type: "output-opened", output: slot.index, active: level > 0, at: clock.now(), why, level });
    } catch (error) {
      if (isRefusedByMode(error) && early < udevTries) {
        slot.early = early + 1;
        slot.why = why;
        this.#askAgain(udevPause);
      } else this.#lose("output-lost", slot.index, messageOf(error));
    }
  }

  /** Where a PWM is on the header, for the views. */
  #place({ id, line }: OutputPlan): void {
    try {
      if (line !== null) this.#locate(id, line);
    } catch {
      // A channel that was named by its chip, and a board without a chip for its lines, have no place there.
    }
  }

  #openInput(slot: Slot<InputHandle>): void {
    const { driver, clock, dispatch } = this.#options;
    const inputPlan = this.#plan.inputs[slot.index];
    const settings = inputPlan && this.#config.inputs[inputPlan.id];
    if (!settings) return;
    const { why } = slot;
    slot.why = "chip";
    try {
      const { active, bias, line_b: second } = settings;
      const edges = edgesOf(inputPlan);
      const asked = { active, consumer: `pinbus:${inputPlan.id}`, ...(edges === undefined ? {} : { edges }) };
      const listener = (line?: "b") => ({
        edge: (event: EdgeEvent) => {
          this.progress++;
          const at = event.atNs / 1e6;
          dispatch(
            line
              ? { type: "edge", input: slot.index, edge: event.edge, at, line }
              : { type: "edge", input: slot.index, edge: event.edge, at },
          );
        },
        lost: (count: number) => dispatch({ type: "edges-lost", input: slot.index, count, at: clock.now() }),
        gone: () => {
          // Both lines of an encoder may be on the chip: the first to go takes the other with it.
          if (!slot.handle) return;
          close(slot);
          this.#lose("input-lost", slot.index, inputPlan.key ? "its device was unplugged" : "its chip was removed");
        },
      });
      const request = inputPlan.line && {
        ...this.#locate(inputPlan.id, inputPlan.line),
        ...asked,
        bias,
        ...(inputPlan.lineDebounce === 0 ? {} : { debounceMs: inputPlan.lineDebounce }),
      };
      const handle = request ? driver.openInput(request, listener()) : this.#openKey(inputPlan, asked, listener());
      slot.handle = handle;
      if (request && inputPlan.counter?.kind === "encoder" && second !== null) {
        const address = this.#options.resolve(second);
        this.#seconds.set(inputPlan.id, address);
        const other = driver.openInput({ ...request, ...address }, listener("b"));
        slot.second = other;
        dispatch({ type: "level-read", input: slot.index, active: other.read(), at: clock.now(), why, line: "b" });
      }
      dispatch({ type: "level-read", input: slot.index, active: handle.read(), at: clock.now(), why });
    } catch (error) {
      close(slot);
      this.#lose("input-lost", slot.index, messageOf(error));
    }
  }

  #openKey({ key }: InputPlan, asked: Omit<KeyRequest, keyof KeyPlan>, listener: InputListener): InputHandle {
    const { keys } = this.#options;
    if (!key || !keys) throw new Error("there is no driver for keys");
    return keys.open({ ...asked, ...key }, listener);
  }

  #locate(id: string, line: LineName): LineAddress {
    const address = this.#options.resolve(line);
    if (!this.#addresses.has(id)) this.#options.log.debug(`${id} is ${address.chip} offset ${address.offset}`);
    this.#addresses.set(id, address);
    return address;
  }

  #lose(type: "input-lost", input: number, problem: string): void;
  #lose(type: "output-lost", output: number, problem: string): void;
  #lose(type: "input-lost" | "output-lost", index: number, problem: string): void {
    const { clock, dispatch } = this.#options;
    if (type === "input-lost") dispatch({ type, input: index, problem, at: clock.now() });
    else dispatch({ type, output: index, problem, at: clock.now() });
    this.#askAgain(retryEvery);
  }

  #askAgain(pause: number): void {
    if (this.#stopped || this.#retry) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#openAll();
    }, pause);
  }
}

/** One interrupt is then one pulse; a level that must hold needs both. */
function edgesOf({ counter, debounce }: InputPlan): Edge | undefined {
  return counter?.kind !== "counter" || debounce > 0 || counter.edge === "both" ? undefined : counter.edge;
}
