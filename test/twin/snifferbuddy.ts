import { printed } from "../agent/core/sniffer.ts";

/** What it measures; °C and %. */
export interface Air {
  temperature: number;
  humidity: number;
  /** Its photoresistor: 0 to 1023. */
  light: number;
}

export interface SnifferbuddyOptions {
  /** `snifferbuddy` of 2022, `snifferbuddy/tent_one/sunshine` of 2025. */
  topic: string;
  /** `SCD30`, `SCD40`. */
  chip?: string;
  tempUnit?: "F" | "C";
  /** TelePeriod. */
  period: number;
  measure(): Air;
  say(topic: string, payload: string, retain: boolean): void;
  /** The clock that is passed in: runs something later. */
  after(ms: number, run: () => void): void;
}

/** From this A0 on its Mem1 says that there is light. */
const lightThreshold = 500;

/** Plays a SnifferBuddy on any broker, or without one: from section 1 and 2 of the contract. */
export class Snifferbuddy {
  readonly #options: SnifferbuddyOptions;
  /** What belongs to a run before the last death is not done. */
  #run = 0;
  #alive = false;

  constructor(options: SnifferbuddyOptions) {
    this.#options = options;
  }

  start(): void {
    this.#alive = true;
    this.#say("tele", "LWT", "Online", true);
    this.#tell(++this.#run);
  }

  /** Its battery is empty: the broker says so for it, unless the broker is away, too. */
  die(): void {
    this.#run++;
    this.#alive = false;
    this.#say("tele", "LWT", "Offline", true);
  }

  /** What document 002 shows of it, byte for byte: with one brace too many at its end. */
  sayMalformed(): void {
    this.#say("tele", "SENSOR", printed);
  }

  /** Whatever comes on a topic; it answers when it is asked for its light. */
  hear(topic: string, payload: string): void {
    if (!this.#alive || topic !== `cmnd/${this.#options.topic}/Mem1` || payload !== "") return;
    this.#say("stat", "RESULT", JSON.stringify({ Mem1: this.#options.measure().light > lightThreshold ? "1" : "0" }));
  }

  #tell(run: number): void {
    if (run !== this.#run) return;
    const { chip = "SCD30", tempUnit = "F", measure, period, after } = this.#options;
    const { temperature, humidity, light } = measure();
    const inUnit = tempUnit === "F" ? (temperature * 9) / 5 + 32 : temperature;
    const json = {
      Time: "2022-09-06T08:52:59",
      ANALOG: { A0: light },
      [chip]: { CarbonDioxide: 814, eCO2: 787, Temperature: Math.round(inUnit * 10) / 10, Humidity: humidity, DewPoint: 57.9 },
      TempUnit: tempUnit,
    };
    this.#say("tele", "SENSOR", JSON.stringify(json));
    after(period, () => this.#tell(run));
  }

  #say(prefix: string, name: string, payload: string, retain = false): void {
    this.#options.say(`${prefix}/${this.#options.topic}/${name}`, payload, retain);
  }
}
