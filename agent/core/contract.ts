import { saying } from "./cause.ts";
import { cancelWaits, interlockObjection, switchOn } from "./interlock.ts";
import { minOffObjection, minOnObjection } from "./minimum.ts";
import type { AnswerTo, Cause, Effect, Instant, SwitchWord } from "./model.ts";
import type { OutputPlan } from "./output-plan.ts";
import { endPattern } from "./pattern-end.ts";
import type { Plan } from "./plan.ts";
import { rangeObjection, setLevel } from "./pwm.ts";
import { type Objection, refuse } from "./refusal.ts";
import { endStart } from "./start.ts";
import type { OutputState, State } from "./state.ts";

/**
 * Turns a wish of a person, a rule or the bus into a write, unless the contract of the output says no. A pulse belongs to its
 * output: every other command ends it, another PULSE restarts it. The agent's own decisions do not come through here.
 * Returns why it was refused, or null. `wish`: of a PWM, which level and within how long; with a level no word is needed.
 */
export function command(
  plan: Plan,
  state: State,
  index: number,
  word: SwitchWord | null,
  forMs: number | null,
  cause: Cause,
  answer: AnswerTo | null,
  at: Instant,
  effects: Effect[],
  wish: { level: number | null; fade: number | null } = none,
): Objection | null {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan) return null;
  const pulse = word === "PULSE" ? (forMs ?? outputPlan.pulse) : word === "ON" || word === null ? forMs : null;
  const active = word === "TOGGLE" ? !headedOn(output) : word === null ? wish.level !== 0 : word !== "OFF";
  const wanted = saying(cause, cause.says ?? word);
  const objection =
    lockObjection(outputPlan, output) ??
    rangeObjection(outputPlan, wish.level) ??
    ceilingObjection(outputPlan, pulse) ??
    (active ? minOffObjection(outputPlan, output, at) : minOnObjection(outputPlan, output, at)) ??
    (active ? interlockObjection(plan, state, index, at) : null);
  if (objection !== null) {
    refuse(plan, state, index, { ...objection, to: answer, cause: wanted, at }, effects);
    return objection;
  }
  endPattern(plan, state, index, cause.text, effects);
  endStart(plan, state, index, effects);
  if (active) for (const partner of outputPlan.interlock?.partners ?? []) endStart(plan, state, partner, effects);
  cancelWaits(plan, state, index, newer, at, effects);
  const request = { cause: wanted, pulse, answer };
  if (outputPlan.pwm !== null) {
    const level = active ? (wish.level ?? output.lastLevel ?? outputPlan.pwm.usual) : 0;
    setLevel(plan, state, index, { level, fade: wish.fade }, request, at, effects);
    return null;
  }
  if (active) switchOn(plan, state, index, request, at, effects);
  else {
    output.wanted = false;
    // Neither a running pulse nor a wish for off ends here: if the line does not take this write, they are all that switches off.
    effects.push({ type: "setOutput", output: index, active: false, request });
  }
  return null;
}

const none = { level: null, fade: null };
const newer = { reason: "cancelled", message: "a newer command came before the dead time was over" } as const;

/** What the last wish made of it: on, or on its way there. */
function headedOn(output: OutputState): boolean {
  if (output.fade !== null) return output.fade.to > 0;
  return output.waiting !== null || (output.wanted ?? output.written ?? false);
}

function lockObjection({ id }: OutputPlan, { locked }: OutputState): Objection | null {
  return locked ? { reason: "locked", message: `${id} is locked; \`pinbus unlock ${id}\` lets it move again` } : null;
}

function ceilingObjection({ pulseMax }: OutputPlan, pulse: number | null): Objection | null {
  if (pulseMax === null || pulse === null || pulse <= pulseMax) return null;
  return { reason: "too-long", message: `${pulse} ms is longer than the ${pulseMax} ms that a pulse of this output may have` };
}
