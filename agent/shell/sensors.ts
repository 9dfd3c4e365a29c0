import type { Config, SensorConfig } from "../../config/schema.ts";
import type { AgentEvent } from "../core/model.ts";
import type { Plan } from "../core/plan.ts";
import type { Quantity, Reading, SensorDriver } from "../sensor/driver.ts";
import type { Clock } from "./clock.ts";
import { Slices } from "./slices.ts";

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
  /** For its next reads, until one does not answer in time. */
  controller: AbortController;
  /** The read that is under way; it never rejects. */
  running: Promise<void> | undefined;
}

/** A DS18B20 whose answers are damaged takes four seconds for five tries. */
const usualDeadline = 10_000;

/** Reads sensors: each one once at a time, of each bus one at a time. One that hangs costs its bus and nothing else. */
export class Sensors {
  readonly #options: SensorsOptions;
  readonly #slices: Slices;
  /** By the index of the sensor; undefined for one that nobody reads. */
  #slots: (Slot | undefined)[];
  /** The last read of each bus that was asked for. */
  readonly #buses = new Map<string, Promise<void>>();
  /** Those from which an answer is awaited, the longest first, with the time by which it must come. */
  readonly #reading = new Map<Slot, number>();
  #timeout: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: SensorsOptions) {
    this.#options = options;
    this.#slices = new Slices(options.clock.now);
    this.#slots = this.#slotsOf(options.plan, options.config, []);
  }

  /** Takes a new plan; a sensor that reads the same keeps its driver and its read. */
  apply(plan: Plan, config: Config): void {
    const before = this.#slots;
    this.#slots = this.#slotsOf(plan, config, before);
    for (const slot of before) if (slot && !this.#slots.includes(slot)) slot.index = undefined;
  }

  /** What a sensor measures, as its driver says. */
  quantities(id: string): readonly Quantity[] {
    return this.#slots.find((slot) => slot?.id === id)?.driver.quantities ?? [];
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
    clearTimeout(this.#timeout);
  }

  #start(slot: Slot): Promise<void> {
    const { bus } = slot.driver;
    const before = this.#buses.get(bus);
    const own = before === undefined ? this.#turn(slot) : before.then(() => this.#turn(slot));
    slot.running = own;
    this.#buses.set(bus, own);
    return own;
  }

  /** Resolves when it is told. Of a thousand a second nothing is made that is not needed. */
  #turn(slot: Slot): Promise<void> {
    return new Promise((resolve) => {
      const over = () => {
        const { bus } = slot.driver;
        if (this.#buses.get(bus) === slot.running) this.#buses.delete(bus);
        slot.running = undefined;
        resolve();
      };
      if (this.#stopped || slot.index === undefined) {
        over();
        return;
      }
      if (slot.controller.signal.aborted) slot.controller = new AbortController();
      this.#watch(slot);
      const { signal } = slot.controller;
      void slot.driver.read(signal).then((reading) => {
        if (signal.aborted) {
          over();
          return;
        }
        this.#reading.delete(slot);
        this.#slices.do(() => {
          this.#tell(slot, reading);
          over();
        });
      });
    });
  }

  /** All have the same time to answer, so one timer for the first of them is enough. */
  #watch(slot?: Slot): void {
    const { deadline = usualDeadline, clock } = this.#options;
    if (slot) this.#reading.set(slot, clock.now() + deadline);
    const [due] = this.#reading.values();
    if (due === undefined || this.#timeout !== undefined || this.#stopped) return;
    this.#timeout = setTimeout(() => this.#late(), Math.max(1, Math.ceil(due - clock.now())));
  }

  #late(): void {
    this.#timeout = undefined;
    const { deadline = usualDeadline, clock } = this.#options;
    for (const [slot, due] of this.#reading) {
      if (due > clock.now()) break;
      this.#reading.delete(slot);
      slot.controller.abort();
      this.#tell(slot, { ok: false, problem: `no answer within ${deadline / 1000} s` });
    }
    this.#watch();
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
      return driver && { id, source, driver, index, controller: new AbortController(), running: undefined };
    });
  }
}
