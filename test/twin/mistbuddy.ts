/** Of section 4 of the contract. */
const timing = { answer: 500, round: 60_000 } as const;
const mostSeconds = 59;
/** PulseTime of a plug: seconds and 100, of which the least is 112. */
const pulseTimeOf = (seconds: number) => Math.min(64_900, Math.max(112, Math.ceil(seconds) + 100));

export interface MistbuddyOptions {
  /** What stands between `cmnd/` and `/ONOFF`. */
  topic: string;
  /** The device that says with its Mem1 whether there is light. */
  light: string;
  /** The plugs, in order. */
  plugs: readonly string[];
  /** Everything is said with QoS 1, without retain. */
  say(topic: string, payload: string): void;
  /** The clock that is passed in: runs something later. */
  after(ms: number, run: () => void): void;
}

/** Plays mistbuddy-simple of 2025 on any broker, or without one: from the contract and its recording, without a line of it. */
export class Mistbuddy {
  readonly #options: MistbuddyOptions;
  #light: string | undefined;
  /** What belongs to a cycle before the last command is not done. */
  #cycle = 0;

  constructor(options: MistbuddyOptions) {
    this.#options = options;
  }

  /** Whatever comes on a topic; what is not for it changes nothing. */
  hear(topic: string, payload: string): void {
    const { topic: own, light } = this.#options;
    if (topic === `stat/${light}/RESULT`) this.#light = payload;
    else if (topic === `cmnd/${own}/ONOFF` && /^\s*[+-]?\d+\s*$/.test(payload)) this.#command(Number(payload));
  }

  #command(seconds: number): void {
    this.#cycle++;
    this.#switchOff();
    if (seconds > 0 && seconds <= mostSeconds) this.#round(seconds);
  }

  #round(seconds: number): void {
    const { light, plugs, say } = this.#options;
    this.#light = undefined;
    say(`cmnd/${light}/Mem1`, "");
    this.#after(timing.answer, () => {
      if (this.#light !== '{"Mem1":"1"}') return;
      for (const plug of plugs) {
        say(`cmnd/${plug}/PulseTime`, String(pulseTimeOf(seconds)));
        say(`cmnd/${plug}/POWER`, "ON");
      }
    });
    this.#after(timing.round, () => this.#round(seconds));
  }

  #switchOff(): void {
    for (const plug of this.#options.plugs) this.#options.say(`cmnd/${plug}/POWER`, "OFF");
  }

  #after(ms: number, run: () => void): void {
    const now = this.#cycle;
    this.#options.after(ms, () => {
      if (now === this.#cycle) run();
    });
  }
}
