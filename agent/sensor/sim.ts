import { unitOf } from "../../config/sensor-chips.ts";
import { failed, type Quantity, type Reading, type SensorDriver } from "./driver.ts";

/**
 * What a simulated sensor is told: its value, those of several quantities by their names, or a sentence why its reads fail; `hang` = no
 * answer, `ok` = its values again.
 */
export type SimSetting = number | { values: Readonly<Record<string, number>> } | { fail: string } | "hang" | "ok";

/** A sensor of the simulated board: it reads what it was told, and fails until it was told something. */
export class SimSensor implements SensorDriver {
  readonly bus: string;
  readonly quantities: readonly Quantity[];
  /** What it was told of each quantity; the others have no value, and are not read. */
  readonly #values = new Map<string, number>();
  #setting: SimSetting = "ok";
  /** Made once for all reads of what it was told. */
  #made: Reading | undefined;
  #waiting: ((reading: Reading) => void)[] = [];
  readonly #id: string;

  /** Measures what the real sensor would. */
  constructor(id: string, quantities: readonly Quantity[]) {
    this.#id = id;
    this.bus = `sim ${id}`;
    this.quantities = quantities;
  }

  /** Holds until it is told something else. A read that hangs is answered. */
  set(setting: SimSetting): void {
    const [first] = this.quantities;
    if (typeof setting === "number") this.#values.set(first?.name ?? "value", setting);
    const several = typeof setting === "object" && "values" in setting;
    for (const [name, value] of Object.entries(several ? setting.values : {})) this.#values.set(name, value);
    this.#setting = typeof setting === "number" || several ? "ok" : setting;
    this.#made = undefined;
    if (setting === "hang") return;
    const reading = this.#reading();
    for (const answer of this.#waiting) answer(reading);
    this.#waiting = [];
  }

  read(): Promise<Reading> {
    if (this.#setting !== "hang") return Promise.resolve(this.#reading());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #reading(): Reading {
    this.#made ??= this.#make();
    return this.#made;
  }

  #make(): Reading {
    if (typeof this.#setting === "object" && "fail" in this.#setting) return failed(this.#setting.fail);
    if (this.#values.size === 0)
      return failed(`the simulated sensor has no value yet: \`pinbus sim sensor ${this.#id} VALUE\` gives it one`);
    const own = this.quantities.filter(({ name }) => this.#values.has(name));
    const others = [...this.#values.keys()].filter((name) => !own.some((quantity) => quantity.name === name));
    const all = [...own, ...others.map((name) => ({ name, unit: unitOf(name) }))];
    return { ok: true, values: all.map((quantity) => ({ ...quantity, value: this.#values.get(quantity.name) ?? 0 })) };
  }
}
