import type { InputHandle } from "../../gpio/driver.ts";
import type { Driven } from "./pwm-line.ts";

/** One input or output with its line. Listeners hold the slot and not the index, which a reload may change. */
export interface Slot<H> {
  readonly id: string;
  index: number;
  handle: H | undefined;
  /** The second line of an encoder; closed with the first. */
  second?: InputHandle | undefined;
  /** Why it is opened next. */
  why: "start" | "chip" | "reload";
  /** How often a PWM was asked for while udev may still be about to give it away. */
  early?: number;
}

/** A slot for each of `plans`, in their order: the one that is there already, else an empty one. */
export function slotsOf<H>(plans: readonly { id: string }[], there: readonly Slot<H>[], why: Slot<H>["why"]): Slot<H>[] {
  const known = new Map(there.map((slot) => [slot.id, slot]));
  return plans.map(({ id }, index) => {
    const slot = known.get(id) ?? { id, index, handle: undefined, why };
    slot.index = index;
    return slot;
  });
}

/** Lets its lines go. */
export function close(slot: Slot<InputHandle | Driven>): void {
  slot.handle?.close();
  slot.handle = undefined;
  slot.second?.close();
  slot.second = undefined;
}
