import { mayBeOnFor } from "../core/plug.ts";
import { armedFor, type PlugPlan } from "../profile/tasmota/plug.ts";
import type { Clock } from "./clock.ts";
import type { Current } from "./current.ts";
import { codeText } from "./link-codes.ts";
import { isRefusal, type Settled } from "./link-terms.ts";

export interface PlugFailsafeOptions {
  id: string;
  current(): Current;
  publish(topic: string, payload: string, settled?: Settled): void;
  clock: Clock;
  /** The plug has said that it took its PulseTime, or need not. */
  armed(): void;
  /** It is not known to have taken it; `silent`: it has not said anything of it. */
  unarmed(problem: string, silent: boolean): void;
}

/** Over bad Wi-Fi an answer takes a second, and one may be lost. */
const [confirmedWithin, again] = [5000, 2000];
/** One that is off is told its PulseTime this often until it takes it: that its next ON would fail is to be over when what was wrong is. */
const mendEvery = 60_000;

/** What a plug was told for the ON that holds, or is to come. */
interface Told {
  value: number;
  /** When, last. */
  at: number;
  /** After so long it is told anew; null when it need not. */
  renew: number | null;
}

/** Keeps the PulseTime of a plug at what its output may be on, so that it ends when this machine does not. */
export class PlugFailsafe {
  readonly #options: PlugFailsafeOptions;
  #told: Told | undefined;
  #renewal: NodeJS.Timeout | undefined;
  /** Until it has confirmed what it was told. */
  #again: NodeJS.Timeout | undefined;
  #unconfirmed: NodeJS.Timeout | undefined;
  /** Since it did not confirm it, until it does. */
  #mending: NodeJS.Timeout | undefined;

  constructor(options: PlugFailsafeOptions) {
    this.#options = options;
  }

  /** For an output that is to go on, or is found on, for a pulse of this length or without one. `armed` or `unarmed` may come before it returns. */
  arm(pulse: number | null): void {
    const { id, current, publish, clock, armed } = this.#options;
    const { plan, state } = current();
    const index = plan.outputIndex.get(id) ?? -1;
    const plug = plan.outputs[index]?.plug;
    if (!plug) return;
    const { value, renew } = armedFor(plug, mayBeOnFor(plan, state, index, pulse, clock.now()));
    this.rest();
    const told = { value, at: clock.now(), renew };
    this.#told = told;
    if (plug.failsafe !== null) {
      this.#tell(plug, told);
      return;
    }
    // It may stay on when this machine dies: its configuration says so.
    publish(plug.pulseTime, String(value));
    this.#settle();
    armed();
  }

  /** The output is off, or nobody knows. */
  rest(): void {
    this.#settle();
    clearTimeout(this.#renewal);
    this.#told = undefined;
  }

  /** It is told nothing any more. */
  close(): void {
    this.rest();
    clearInterval(this.#mending);
  }

  /** The plug says what its PulseTime is. */
  confirmed(pulseTime: number): void {
    if (pulseTime !== this.#told?.value) return;
    clearInterval(this.#mending);
    this.#mending = undefined;
    this.#settle();
    this.#options.armed();
  }

  /** For an output that stays on, also under another contract. Only what this machine lets go on: a pulse and max_on end there as here. */
  renew(): void {
    const { id, current, clock } = this.#options;
    const { plan, state } = current();
    const { written, pulseEnds } = state.outputs[plan.outputIndex.get(id) ?? -1] ?? {};
    if (written !== true || pulseEnds === undefined) return;
    this.arm(pulseEnds === null ? null : Math.max(0, pulseEnds - clock.now()));
  }

  #tell({ topic, pulseTime }: PlugPlan, told: Told): void {
    const { publish, clock } = this.#options;
    const say = () => {
      told.at = clock.now();
      publish(pulseTime, String(told.value), (error) => {
        if (this.#told === told && this.#unconfirmed && isRefusal(error)) this.#fail(refusalOf(pulseTime, error), false);
      });
    };
    const through = `see whether the broker lets ${pulseTime} and stat/${topic}/RESULT through`;
    const unconfirmed = `the plug did not confirm its PulseTime within ${confirmedWithin / 1000} s; ${through}`;
    this.#unconfirmed = setTimeout(() => this.#fail(unconfirmed, true), confirmedWithin);
    this.#again = setInterval(say, Math.min(again, told.renew ?? again));
    say();
  }

  #fail(why: string, silent: boolean): void {
    this.#settle();
    this.#mending ??= setInterval(() => this.#mend(), mendEvery);
    this.#options.unarmed(`its failsafe is not armed: ${why}`, silent);
  }

  #mend(): void {
    const { id, current } = this.#options;
    const { plan, state } = current();
    const isOff = state.outputs[plan.outputIndex.get(id) ?? -1]?.written === false;
    if (isOff && this.#unconfirmed === undefined) this.arm(null);
  }

  /** Confirmed or not: it is not waited for any more. */
  #settle(): void {
    clearTimeout(this.#unconfirmed);
    clearInterval(this.#again);
    this.#unconfirmed = undefined;
    clearTimeout(this.#renewal);
    if (this.#told === undefined || this.#told.renew === null) return;
    const { renew, at } = this.#told;
    this.#renewal = setTimeout(() => this.renew(), Math.max(0, renew - (this.#options.clock.now() - at)));
  }
}

function refusalOf(topic: string, error: Error | undefined): string {
  const code = codeText(Number((error as { code?: unknown } | undefined)?.code));
  return `the broker refuses ${topic} (${code}); allow the agent to publish there`;
}
