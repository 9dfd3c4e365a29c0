import { newPace, paceLeft, takePace } from "../core/pace.ts";
import { plugPlanOf } from "../profile/tasmota/plug.ts";
import type { Clock } from "./clock.ts";
import type { Incoming, Publication } from "./link.ts";
import type { OwedOff } from "./owed-store.ts";
import { PlugEar } from "./plug-ear.ts";

export interface PlugFarewellOptions {
  owed: OwedOff;
  publish(publication: Publication): void;
  clock: Clock;
  strange(problem: string): void;
  /** It has said that it is off. */
  done(): void;
  /** It gives a sign of life. */
  alive(): void;
  /** It has given none for so long that it is told nothing more until it does. */
  isGivenUp(): boolean;
}

/** One that is there is told again after so long, one that is not, or of which nothing is known, after so long. */
const [again, againAway] = [5000, 60_000];
/** What it says itself makes us tell it no more often. */
const tells = { first: 1000, limit: 30_000 };

/** A plug that is no longer configured: it is told OFF until it says that it is off. */
export class PlugFarewell {
  readonly #options: PlugFarewellOptions;
  readonly #plan: ReturnType<typeof plugPlanOf>;
  readonly #ear: PlugEar;
  readonly #pace = newPace();
  #connected = false;
  #present = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PlugFarewellOptions) {
    this.#options = options;
    this.#plan = plugPlanOf({ ...options.owed, failsafe: null }, null, null);
    this.#ear = new PlugEar(options.strange);
  }

  /** Where it says whether it is there, and what its relay is. */
  get topics(): { present: string; replies: readonly string[] } {
    return { present: this.#plan.lwt, replies: this.#plan.replies };
  }

  /** It was told OFF a moment ago: its answer may come. */
  told(): void {
    this.#connected = true;
    this.#present = true;
    this.#later(again);
  }

  connected(): void {
    this.#connected = true;
    if (!this.#options.isGivenUp()) this.#tell();
  }

  disconnected(): void {
    this.#connected = false;
    this.#present = false;
    clearTimeout(this.#timer);
  }

  heard(message: Incoming): void {
    const { clock, done, alive } = this.#options;
    const said = this.#ear.hear(this.#plan, message, clock.now());
    // What is retained may be the last word of one that is long gone.
    if (said?.what === "relay" || (said?.what === "present" && said.present && !message.retain)) alive();
    if (said?.what === "present") this.#present = said.present;
    if (said?.what === "relay") this.#present = true;
    if (said?.what === "relay" && !said.active) {
      this.close();
      done();
    } else if (said?.what === "relay" || (said?.what === "present" && said.present)) {
      const left = paceLeft(this.#pace, clock.now());
      if (left > 0) this.#later(left, true);
      else this.#tell();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #tell(): void {
    if (!this.#connected) return;
    takePace(this.#pace, tells, this.#options.clock.now());
    this.#options.publish({ kind: "answer", topic: this.#plan.power, payload: "OFF", qos: 1, retain: false });
    this.#later(this.#present ? again : againAway);
  }

  /** `anyway`: also when it was given up. */
  #later(ms: number, anyway = false): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (anyway || !this.#options.isGivenUp()) this.#tell();
    }, ms);
  }
}
