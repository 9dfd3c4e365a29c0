import { failed, measured, type Quantity, type Reading, type SensorDriver } from "./driver.ts";

/** What a simulated sensor is told: its value, or a sentence why its reads fail; `hang` = no answer, `ok` = its value again. */
export type SimSetting = number | { fail: string } | "hang" | "ok";

/** A sensor of the simulated board: it reads what it was told, and fails until it was told something. */
export class SimSensor implements SensorDriver {
  readonly bus: string;
  readonly quantities: readonly Quantity[];
  #value: number | undefined;
  #setting: SimSetting = "ok";
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
    if (typeof setting === "number") this.#value = setting;
    this.#setting = setting;
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
    if (typeof this.#setting === "object") return failed(this.#setting.fail);
    const [quantity] = this.quantities;
    return this.#value === undefined || quantity === undefined
      ? failed(`the simulated sensor has no value yet: \`pinbus sim sensor ${this.#id} VALUE\` gives it one`)
      : measured(quantity, this.#value);
  }
}
