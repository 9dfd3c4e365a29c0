import { mayBeOnFor } from "../core/plug.ts";
import { armedFor } from "../profile/tasmota/plug.ts";
import type { Clock } from "./clock.ts";
import type { Current } from "./current.ts";

export interface PlugFailsafeOptions {
  id: string;
  current(): Current;
  publish(topic: string, payload: string): void;
  clock: Clock;
  /** The plug has not said that it took its PulseTime. */
  unprotected(): void;
}

/** Over bad Wi-Fi an answer takes a second. */
const confirmedWithin = 5000;

/** Keeps the PulseTime of a plug at what its output may be on, so that it ends when this machine does not. */
export class PlugFailsafe {
  readonly #options: PlugFailsafeOptions;
  #renewal: NodeJS.Timeout | undefined;
  #unconfirmed: NodeJS.Timeout | undefined;

  constructor(options: PlugFailsafeOptions) {
    this.#options = options;
  }

  /** For an output that goes on, or is found on, for a pulse of this length or without one. */
  arm(pulse: number | null): void {
    const { id, current, publish, clock } = this.#options;
    const { plan, state } = current();
    const index = plan.outputIndex.get(id) ?? -1;
    const plug = plan.outputs[index]?.plug;
    if (!plug) return;
    const { value, renew } = armedFor(plug, mayBeOnFor(plan, state, index, pulse, clock.now()));
    publish(plug.pulseTime, String(value));
    this.rest();
    if (value > 0) this.#unconfirmed = setTimeout(() => this.#options.unprotected(), confirmedWithin);
    this.#renewal = renew === null ? undefined : setTimeout(() => this.renew(), renew);
  }

  /** The output is off, or nobody knows. */
  rest(): void {
    clearTimeout(this.#renewal);
    clearTimeout(this.#unconfirmed);
  }

  /** The plug has taken what it was told. */
  confirmed(): void {
    clearTimeout(this.#unconfirmed);
  }

  /** For an output that stays on, also under another contract. Only what this machine lets go on: a pulse and max_on end there as here. */
  renew(): void {
    const { id, current, clock } = this.#options;
    const { plan, state } = current();
    const { written, pulseEnds } = state.outputs[plan.outputIndex.get(id) ?? -1] ?? {};
    if (written !== true || pulseEnds === undefined) return;
    this.arm(pulseEnds === null ? null : Math.max(0, pulseEnds - clock.now()));
  }
}
