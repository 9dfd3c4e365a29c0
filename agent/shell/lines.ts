import type { Config } from "../../config/schema.ts";
import type { Driver, InputHandle, OutputHandle } from "../../gpio/driver.ts";
import type { LineAddress, LineName } from "../../gpio/line.ts";
import type { AgentEvent } from "../core/model.ts";
import type { Plan } from "../core/plan.ts";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

export interface LinesOptions {
  plan: Plan;
  config: Config;
  driver: Driver;
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
  readonly #inputs: (InputHandle | undefined)[];
  readonly #outputs: (OutputHandle | undefined)[];
  readonly #addresses = new Map<string, LineAddress>();
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;
  /** Grows with each edge delivered and each look at the lines. */
  progress = 0;

  constructor(options: LinesOptions) {
    this.#options = options;
    this.#inputs = options.plan.inputs.map(() => undefined);
    this.#outputs = options.plan.outputs.map(() => undefined);
  }

  /** Requests every line: outputs first, so that a pressed button finds its relay. */
  start(): void {
    this.#openAll("start");
  }

  /** Drives an output. Throws LineError (or Error when the line is not ours now). */
  write(output: number, active: boolean): void {
    const handle = this.#outputs[output];
    if (!handle) throw new Error("the line is not available now");
    handle.write(active);
  }

  /** The level of an input now; undefined while the line is not ours. */
  read(input: number): boolean | undefined {
    return this.#inputs[input]?.read();
  }

  /** Where the line of an input or output was found; undefined when it never was. */
  address(id: string): LineAddress | undefined {
    return this.#addresses.get(id);
  }

  /** Proves for the watchdog that the driver still answers: reads one line. */
  probe(): void {
    const handle = this.#inputs.find((input) => input !== undefined) ?? this.#outputs.find((output) => output !== undefined);
    try {
      handle?.read();
    } catch {
      // A chip that went away answers too; `gone` tells the rest.
    }
    this.progress++;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    for (const handle of [...this.#inputs, ...this.#outputs]) handle?.close();
    this.#inputs.fill(undefined);
    this.#outputs.fill(undefined);
  }

  #openAll(why: "start" | "chip"): void {
    this.#options.plan.outputs.forEach((_, index) => {
      if (!this.#outputs[index]) this.#openOutput(index, why);
    });
    this.#options.plan.inputs.forEach((_, index) => {
      if (!this.#inputs[index]) this.#openInput(index, why);
    });
    this.progress++;
  }

  #openOutput(output: number, why: "start" | "chip"): void {
    const { plan, config, driver, clock, dispatch } = this.#options;
    const outputPlan = plan.outputs[output];
    const settings = outputPlan && config.outputs[outputPlan.id];
    if (!settings) return;
    try {
      const address = this.#locate(outputPlan.id, outputPlan.line);
      const { active } = settings;
      const initial = this.#options.startLevel(output, () => driver.peek(address, active));
      const request = { ...address, active, consumer: `pinbus:${outputPlan.id}`, initial };
      const handle = driver.openOutput(request, {
        gone: () => {
          handle.close();
          this.#outputs[output] = undefined;
          this.#lose("output-lost", output, "its chip was removed");
        },
      });
      this.#outputs[output] = handle;
      dispatch({ type: "output-opened", output, active: initial, at: clock.now(), why });
    } catch (error) {
      this.#lose("output-lost", output, messageOf(error));
    }
  }

  #openInput(input: number, why: "start" | "chip"): void {
    const { plan, config, driver, clock, dispatch } = this.#options;
    const inputPlan = plan.inputs[input];
    const settings = inputPlan && config.inputs[inputPlan.id];
    if (!settings) return;
    try {
      const address = this.#locate(inputPlan.id, inputPlan.line);
      const request = { ...address, active: settings.active, bias: settings.bias, consumer: `pinbus:${inputPlan.id}` };
      const handle = driver.openInput(request, {
        edge: (event) => {
          this.progress++;
          dispatch({ type: "edge", input, edge: event.edge, at: event.atNs / 1e6 });
        },
        lost: (count) => dispatch({ type: "edges-lost", input, count, at: clock.now() }),
        gone: () => {
          handle.close();
          this.#inputs[input] = undefined;
          this.#lose("input-lost", input, "its chip was removed");
        },
      });
      this.#inputs[input] = handle;
      dispatch({ type: "level-read", input, active: handle.read(), at: clock.now(), why });
    } catch (error) {
      this.#inputs[input]?.close();
      this.#inputs[input] = undefined;
      this.#lose("input-lost", input, messageOf(error));
    }
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
    if (this.#stopped || this.#retry) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#openAll("chip");
    }, retryEvery);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
