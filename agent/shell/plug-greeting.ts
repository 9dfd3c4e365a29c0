import { newPace, paceLeft, takePace } from "../core/pace.ts";
import { startLevel } from "../core/start.ts";
import type { Clock } from "./clock.ts";
import type { Current } from "./current.ts";

/** What is said to a plug that is not heard yet; `active: null` = it is asked. `missed`: an OFF, or an end. */
export interface Greeting {
  active: boolean | null;
  missed: boolean;
}

export interface PlugGreetingOptions {
  current(): Current;
  clock: Clock;
  /** Of its output. */
  index(): number;
  /** Its turn has come. */
  say(): void;
}

/** One that comes and goes is greeted less and less often; that it is to be off it is told within this. */
const greets = { first: 1000, limit: 30_000 };
const offWithin = 2000;

/** What a plug is told when it is heard again, and when. */
export class PlugGreeting {
  readonly #options: PlugGreetingOptions;
  readonly #pace = newPace();
  #turn: NodeJS.Timeout | undefined;
  /** It is to be off when it is heard again, whatever its contract says: an OFF was missed, or an end. */
  owesOff: boolean;
  /** The latest end of what it did when it was lost, where it has one. */
  endsAt: number | null = null;

  constructor(options: PlugGreetingOptions, owesOff: boolean) {
    this.#options = options;
    this.owesOff = owesOff;
  }

  /** Whether its turn is still to come. */
  get waits(): boolean {
    return this.#turn !== undefined;
  }

  /** Off first where its contract wants that, else it is asked. */
  get words(): Greeting {
    const { current, clock, index } = this.#options;
    const { plan, state } = current();
    const at = clock.now();
    let asks = false;
    const found = () => {
      asks = true;
      return undefined;
    };
    const level = startLevel(plan, state, index(), found, at);
    const over = this.endsAt !== null && at >= this.endsAt;
    const missed = this.owesOff || over;
    return { active: missed || state.stopping ? false : asks ? null : level, missed };
  }

  /** At once, or when its turn comes, since it was greeted a moment ago. */
  begin(): void {
    this.rest();
    const { clock, say } = this.#options;
    const now = clock.now();
    const left = paceLeft(this.#pace, now);
    const wait = this.words.active === false ? Math.min(left, Math.max(0, this.#pace.at + offWithin - now)) : left;
    if (wait > 0) {
      this.#turn = setTimeout(() => this.begin(), wait);
      return;
    }
    takePace(this.#pace, greets, now);
    say();
  }

  /** It is heard, and owes nothing any more. */
  over(): void {
    this.rest();
    [this.owesOff, this.endsAt] = [false, null];
  }

  /** Its turn does not come. */
  rest(): void {
    clearTimeout(this.#turn);
    this.#turn = undefined;
  }
}
