import type { ControllerPlan } from "./controller-plan.ts";
import type { ControllerState } from "./controller-state.ts";
import type { Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import { mayRun } from "./rule-condition.ts";
import type { State } from "./state.ts";
import { numberNow, valueNow } from "./value.ts";

const day = 86_400_000;
const minute = 60_000;

/** What keeps it from controlling. */
export interface Hold {
  /** `off`: it goes off; a number: to this level of a PWM; `keep`: it goes on as it was; `wait`: nothing was read yet. */
  does: "off" | "keep" | "wait" | number;
  text: string;
}

export function holdOf(plan: Plan, state: State, own: ControllerPlan, controller: ControllerState, at: Instant): Hold | null {
  if (!controller.enabled) return { does: "off", text: "it is disabled" };
  if (controller.lost) return { does: own.onLost, text: "the broker is lost" };
  const gates = [...own.and, ...own.unless].flatMap((condition) => (condition.kind === "value" ? [condition.ref] : []));
  const refs = [own.ref, ...(own.setpoint.from === null ? [] : [own.setpoint.from]), ...gates];
  const found = refs.map((ref) => ({ ref, now: valueNow(plan, state, ref, at) }));
  const stale = found.find(({ now }) => now.is === "stale");
  if (stale !== undefined) return { does: own.onStale, text: `${stale.ref.text} is stale` };
  const unknown = found.find(({ now }) => now.is === "unknown");
  if (unknown !== undefined) return { does: "wait", text: `${unknown.ref.text} was not read yet` };
  const numbers = [own.ref, ...(own.setpoint.from === null ? [] : [own.setpoint.from])];
  const word = numbers.find((ref) => numberNow(plan, state, ref, at) === null);
  if (word !== undefined) return { does: own.onStale, text: `${word.text} is not a number` };
  if (setpointNow(plan, state, own, controller, at) === null) return { does: "off", text: "the clock is not set, so there is no setpoint" };
  return mayRun(plan, state, own, at) ? null : { does: "off", text: "its conditions are not met" };
}

/** The value that is wanted now; null when that is not known. */
export function setpointNow(
  plan: Plan,
  state: State,
  { setpoint }: ControllerPlan,
  controller: ControllerState,
  at: Instant,
): number | null {
  if (controller.setpoint !== null) return controller.setpoint;
  const { from, schedule, fixed } = setpoint;
  if (from !== null) return numberNow(plan, state, from, at);
  if (schedule.length === 0 || !state.clockSet) return fixed;
  const local = at + state.clockOffset + state.zone;
  const now = Math.floor((((local % day) + day) % day) / minute);
  // Before the first time of the day the last one of the day before holds.
  return (schedule.findLast((entry) => entry.minute <= now) ?? schedule.at(-1))?.setpoint ?? fixed;
}
