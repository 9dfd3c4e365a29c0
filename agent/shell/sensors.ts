import type { Config, SensorConfig } from "../../config/schema.ts";
import type { AgentEvent } from "../core/model.ts";
import type { Plan } from "../core/plan.ts";
import type { Reading, SensorDriver } from "../sensor/driver.ts";
import type { Clock } from "./clock.ts";

export interface SensorsOptions {
  plan: Plan;
  config: Config;
  /** Undefined for a sensor that is not read. */
  open(id: string, sensor: SensorConfig): SensorDriver | undefined;
  /** How long a read may take, in ms, until it counts as failed. */
  deadline?: number;
  clock: Clock;
  dispatch(event: AgentEvent): void;
}

/** One sensor. Reads hold the slot and not the index, which a reload may change. */
interface Slot {
  readonly id: string;
  readonly source: string;
  readonly driver: SensorDriver;
  /** Undefined once a reload has taken the sensor away: what it still answers is nobody's. */
  index: number | undefined;
  /** The read that is under way; it never rejects. */
  running: Promise<void> | undefined;
}

/** A DS18B20 whose answers are damaged takes four seconds for five tries. */
const usualDeadline = 10_000;

/** Reads sensors: each one once at a time, of each bus one at a time. One that hangs costs its bus and nothing else. */
export class Sensors {
  readonly #options: SensorsOptions;
  /** By the index of the sensor; undefined for one that nobody reads. */
  #slots: (Slot | undefined)[];
  /** The last read of each bus that was asked for. */
  readonly #buses = new Map<string, Promise<void>>();
  readonly #deadlines = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(options: SensorsOptions) {
    this.#options = options;
    this.#slots = this.#slotsOf(options.plan, options.config, []);
  }

  /** Takes a new plan; a sensor that reads the same keeps its driver and its read. */
  apply(plan: Plan, config: Config): void {
    const before = this.#slots;
    this.#slots = this.#slotsOf(plan, config, before);
    for (const slot of before) if (slot && !this.#slots.includes(slot)) slot.index = undefined;
  }

  /** Reads a sensor, unless it is being read; the answer comes as an event. */
  read(index: number): void {
    const slot = this.#slots[index];
    if (slot && slot.running === undefined) void this.#start(slot);
  }

  /** Reads a sensor once more, after a read that is under way; resolves when that has been told. */
  async readAnew(index: number): Promise<void> {
    const slot = this.#slots[index];
    if (!slot) return;
    await slot.running;
    await (slot.running ?? this.#start(slot));
  }

  stop(): void {
    this.#stopped = true;
    for (const timeout of this.#deadlines) clearTimeout(timeout);
  }

  #start(slot: Slot): Promise<void> {
    const { bus } = slot.driver;
    const before = this.#buses.get(bus) ?? Promise.resolve();
    const own = before
      .then(() => this.#turn(slot))
      .then(() => {
        slot.running = undefined;
        if (this.#buses.get(bus) === own) this.#buses.delete(bus);
      });
    slot.running = own;
    this.#buses.set(bus, own);
    return own;
  }

  async #turn(slot: Slot): Promise<void> {
    if (this.#stopped || slot.index === undefined) return;
    const { deadline = usualDeadline } = this.#options;
    const controller = new AbortController();
    const timeout = setTimeout(() => {
      this.#deadlines.delete(timeout);
      controller.abort();
      this.#tell(slot, { ok: false, problem: `no answer within ${deadline / 1000} s` });
    }, deadline);
    this.#deadlines.add(timeout);
    const reading = await slot.driver.read(controller.signal);
    clearTimeout(timeout);
    this.#deadlines.delete(timeout);
    if (!controller.signal.aborted) this.#tell(slot, reading);
  }

  #tell({ index: sensor }: Slot, reading: Reading): void {
    if (this.#stopped || sensor === undefined) return;
    const { clock, dispatch } = this.#options;
    const at = clock.now();
    if (reading.ok) dispatch({ type: "sensor-read", sensor, values: reading.values, at });
    else dispatch({ type: "sensor-failed", sensor, problem: reading.problem, at });
  }

  #slotsOf(plan: Plan, config: Config, before: readonly (Slot | undefined)[]): (Slot | undefined)[] {
    return plan.sensors.map(({ id, source, every }, index) => {
      if (every === null) return undefined;
      const there = before.find((slot) => slot?.id === id && slot.source === source);
      if (there) {
        there.index = index;
        return there;
      }
      const settings = config.sensors[id];
      const driver = settings && this.#options.open(id, settings);
      return driver && { id, source, driver, index, running: undefined };
    });
  }
}
