import { controllerOnBus } from "./controller-bus.ts";
import type { ControllerPlan } from "./controller-plan.ts";
import type { ControllerState } from "./controller-state.ts";
import type { Effect } from "./model.ts";
import { carryPid } from "./pid.ts";
import type { Carry } from "./reload.ts";
import { switchedNoMore } from "./reload-off.ts";
import type { State } from "./state.ts";

/**
 * Controllers under a new plan. Whether one is enabled, its setpoint by command and its integral stay, so that the output goes on from
 * where it was. What one no longer switches goes off.
 */
export function carryControllers(
  { old, state, next, at }: Pick<Carry, "old" | "state" | "next" | "at">,
  fresh: State,
  carried: State,
  effects: Effect[],
): void {
  const outputOf = (plan: typeof old, index: number) => {
    const drive = plan.controllers[index]?.drive;
    return drive !== undefined && drive.kind !== "publish" ? plan.outputs[drive.output]?.id : undefined;
  };
  for (const [index, { id }] of old.controllers.entries()) {
    const output = outputOf(old, index);
    const was = old.controllers[index]?.drive;
    const still = next.controllers[next.controllerIndex.get(id) ?? -1];
    if (was?.kind === "publish" && state.controllers[index]?.on === true && JSON.stringify(was) !== JSON.stringify(still?.drive))
      effects.push(...was.off);
    if (output === undefined || !leavesOn(was, state, state.controllers[index])) continue;
    if (outputOf(next, next.controllerIndex.get(id) ?? -1) !== output)
      switchedNoMore(next, carried, output, `controller ${id}`, at, effects);
  }
  carried.controllers = next.controllers.map((plan, index): ControllerState => {
    const first = fresh.controllers[index] as ControllerState;
    const was = old.controllerIndex.get(plan.id) ?? -1;
    const [before, kept] = [old.controllers[was], state.controllers[was]];
    effects.push({ type: "startTimer", key: plan.key, at });
    if (state.offlineSince !== null && plan.lostAfter !== null)
      effects.push({ type: "startTimer", key: plan.lostKey, at: Math.max(at, state.offlineSince + plan.lostAfter) });
    else effects.push({ type: "stopTimer", key: plan.lostKey });
    if (!before || !kept) {
      effects.push({ type: "publish", ...controllerOnBus(next, carried, plan, first, at) });
      return { ...first, since: at };
    }
    if (before.text === plan.text) return kept;
    const { enabled, setpoint, since, saidAt, answers } = kept;
    const same = JSON.stringify(before.drive) === JSON.stringify(plan.drive) && outputOf(old, was) === outputOf(next, index);
    const [ruled, is] = [before.control, plan.control];
    const pid = ruled.kind !== "on-off" && is.kind === ruled.kind ? carryPid(kept.pid, ruled.settings, is.settings) : first.pid;
    return {
      ...first,
      enabled,
      setpoint,
      answers,
      since,
      saidAt,
      pid,
      demand: demandUnder(plan, before, kept.demand),
      on: same ? kept.on : null,
      level: same ? kept.level : null,
      lost: plan.lostAfter !== null && kept.lost,
    };
  });
}

/**
 * What it asks for until the next reading, which may not come, and never more than before or than it may ask for now: a level of a PWM stays what it was; on
 * for the whole of each cycle becomes on, for a part of it off.
 */
function demandUnder({ control: is, drive }: ControllerPlan, { control: was, drive: before }: ControllerPlan, demand: number): number {
  const [levels, levelsBefore] = [drive.kind === "pwm", before.kind === "pwm"];
  if (levels !== levelsBefore) return 0;
  const most = is.kind === "on-off" ? Math.max(is.high, is.low) : is.settings.max;
  if (levels) return Math.min(demand, most);
  const part = demand / fullOf(was);
  return is.kind === "on-off" ? (part >= 1 ? is.high : is.low) : Math.min(part * fullOf(is), most);
}

/** What it asks for to be on all the time. */
function fullOf(control: ControllerPlan["control"]): number {
  return control.kind === "on-off" ? control.high : control.kind === "pid" ? control.full : control.settings.max;
}

/** Whether its output is on by it: a PWM may be at a level while the controller is off. */
function leavesOn(was: ControllerPlan["drive"] | undefined, state: State, controller: ControllerState | undefined): boolean {
  if (controller === undefined || controller.on === true) return controller?.on === true;
  if (was?.kind !== "pwm" || controller.on === null || controller.level === null) return false;
  // Others may have set it since.
  const { level, fade } = state.outputs[was.output] ?? {};
  return controller.level > 0 && (fade?.to ?? level) === controller.level;
}
