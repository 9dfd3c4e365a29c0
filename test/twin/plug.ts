export interface PlugOptions {
  /** What stands between `cmnd/` and the command. */
  topic: string;
  say(topic: string, payload: string): void;
  /** The clock that is passed in: runs something later. */
  after(ms: number, run: () => void): void;
}

/** Plays a plug of Tasmota with one relay, as far as growers need it: POWER and PulseTime, from sections 2 and 4 of its contract. */
export class Plug {
  readonly #options: PlugOptions;
  #pulseTime = 0;
  /** A switch ends what was to come after the one before. */
  #switches = 0;
  on = false;
  /** Whether it hears anything; it goes on with what it has heard. */
  connected = true;

  constructor(options: PlugOptions) {
    this.#options = options;
  }

  hear(topic: string, payload: string): void {
    const base = `cmnd/${this.#options.topic}/`;
    if (!this.connected || !topic.startsWith(base)) return;
    const word = topic.slice(base.length);
    if (word === "PulseTime" && /^\d+$/.test(payload)) this.#pulseTime = Number(payload);
    else if (word === "POWER" && (payload === "ON" || payload === "OFF")) this.#switch(payload === "ON");
  }

  #switch(on: boolean): void {
    const own = ++this.#switches;
    this.on = on;
    if (this.connected) this.#options.say(`stat/${this.#options.topic}/POWER`, on ? "ON" : "OFF");
    if (!on || this.#pulseTime === 0) return;
    const ms = this.#pulseTime > 111 ? (this.#pulseTime - 100) * 1000 : this.#pulseTime * 100;
    this.#options.after(ms, () => {
      if (own === this.#switches) this.#switch(false);
    });
  }
}
