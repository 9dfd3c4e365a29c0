import { command } from "./contract.ts";
import { shown, tell, tellHold } from "./controller-bus.ts";
import { type Hold, holdOf, setpointNow } from "./controller-hold.ts";
import { driveLevel, goTo, isUndone, reachOf } from "./controller-level.ts";
import type { ControllerPlan } from "./controller-plan.ts";
import type { ControllerState } from "./controller-state.ts";
import { controllerCause, tried } from "./controller-try.ts";
import type { Effect, Instant } from "./model.ts";
import { pausePid, stepPid } from "./pid.ts";
import type { Plan } from "./plan.ts";
import type { Objection } from "./refusal.ts";
import type { State } from "./state.ts";
import { numberNow, valueNow, valueText } from "./value.ts";

// A controller is looked at when one of its sensors was read, or a reading no longer holds, when its own time is over, at a command and
// when the link changes. It computes anew with each reading: the time between readings is its sample time.

export function controllersSeen(plan: Plan, state: State, sensor: number, at: Instant, effects: Effect[]): void {
  for (const controller of plan.controllersBySensor[sensor] ?? []) lookAt(plan, state, controller, at, effects);
}

/** Does what a controller has to do now, and says when it is to be looked at again. */
export function lookAt(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const [own, controller] = [plan.controllers[index], state.controllers[index]];
  if (!own || !controller || state.stopping) return;
  const hold = holdOf(plan, state, own, controller, at);
  if ((hold?.text ?? null) !== controller.held) {
    // What was refused was another wish: off is at once.
    if (hold !== null) controller.refusedUntil = null;
    tellHold(own, controller, hold?.text ?? null, effects);
  }
  const wanted = setpointNow(plan, state, own, controller, at);
  let next: Instant | null = null;
  if (hold === null && wanted !== null) {
    sample(plan, state, own, controller, wanted, at);
    next = drive(plan, state, own, controller, whyNow(plan, state, own, controller, wanted, at), at, effects);
  } else if (hold !== null && hold.does !== "keep" && hold.does !== "wait") {
    next = goOff(plan, state, own, controller, hold, at, effects);
  } else {
    // Time without a value does not count as time in which it was controlled.
    pausePid(controller.pid);
    controller.sampledAt = null;
    if (controller.on !== null) next = drive(plan, state, own, controller, hold?.text ?? "", at, effects);
  }
  effects.push(next === null ? { type: "stopTimer", key: own.key } : { type: "startTimer", key: own.key, at: Math.max(at, next) });
  tell(plan, state, own, controller, at, effects);
}

/** Computes the output from a reading that is new. */
function sample(plan: Plan, state: State, own: ControllerPlan, controller: ControllerState, wanted: number, at: Instant): void {
  const value = numberNow(plan, state, own.ref, at);
  if (value === null) return;
  if (own.control.kind === "on-off") {
    const half = own.control.hysteresis / 2;
    const short = own.raises ? wanted - value : value - wanted;
    const { high, low } = own.control;
    controller.demand = short > half || (short >= -half && controller.demand === high) ? high : low;
    return;
  }
  const readAt = state.sensors[own.ref.sensor]?.at ?? at;
  if (readAt === controller.sampledAt) return;
  const { settings } = own.control;
  const reach = own.drive.kind === "pwm" ? reachOf(plan, state, own.drive, controller, settings) : settings;
  controller.demand = stepPid(controller.pid, settings, wanted, value, readAt, reach);
  controller.sampledAt = readAt;
}

/** No output, and nothing of the past in the next one but the integral. */
function stand(controller: ControllerState): void {
  controller.cycle = null;
  controller.sampledAt = null;
  pausePid(controller.pid);
}

/** Off at once, whatever the shortest times say; returns when it is to be tried again. */
function goOff(
  plan: Plan,
  state: State,
  own: ControllerPlan,
  controller: ControllerState,
  { does, text }: Hold,
  at: Instant,
  effects: Effect[],
): Instant | null {
  stand(controller);
  if (own.drive.kind === "pwm") {
    const level = typeof does === "number" ? does : own.drive.low;
    // Others may set it while nobody controls; the start of a line and the loss of the broker are nobody's wish.
    const undone = controller.enabled && isUndone(state, own.drive);
    if (controller.on === false && controller.level === level && !undone) return null;
    controller.demand = level;
    return goTo(plan, state, own, own.drive, controller, { level, on: false, why: text }, at, effects);
  }
  controller.demand = 0;
  // Nobody has switched it on: nothing is to be said to it, unless it may be on from before.
  return controller.on === false ? null : attempt(plan, state, own, controller, false, text, at, effects);
}

/** Switches as the output asks; returns when it has to switch next. */
function drive(
  plan: Plan,
  state: State,
  own: ControllerPlan,
  controller: ControllerState,
  why: string,
  at: Instant,
  effects: Effect[],
): Instant | null {
  if (own.drive.kind === "pwm") return driveLevel(plan, state, own, own.drive, controller, why, at, effects);
  if (own.control.kind === "pid") return driveCycle(plan, state, own, controller, own.control, why, at, effects);
  const on = controller.demand > 0;
  if (controller.on === on) {
    const due = on && own.repeat !== null ? controller.saidAt + own.repeat : null;
    const strayed = own.drive.kind === "output" && strays(state, own.drive.output, on);
    if (strayed || (due !== null && at >= due)) return attempt(plan, state, own, controller, on, why, at, effects);
    return due;
  }
  const free = on ? controller.since + own.minOff : controller.on === true ? controller.since + own.minOn : at;
  return at < free ? free : attempt(plan, state, own, controller, on, why, at, effects);
}

/** Time-proportioned: on for a part of each cycle, which is settled when the cycle begins. */
function driveCycle(
  plan: Plan,
  state: State,
  own: ControllerPlan,
  controller: ControllerState,
  { cycle, full }: Extract<ControllerPlan["control"], { kind: "pid" }>,
  why: string,
  at: Instant,
  effects: Effect[],
): Instant | null {
  const begins = controller.cycle === null || at >= controller.cycle.at + cycle;
  if (begins) {
    const free = controller.since + own.minOff;
    if (controller.on !== true && at < free && onTime(controller.demand / full, cycle, own) > 0) {
      controller.cycle = null;
      return free;
    }
    // At least one is over, though the difference of the times may be rounded to less.
    const over = controller.cycle === null ? 0 : Math.max(1, Math.floor((at - controller.cycle.at) / cycle));
    controller.cycle = {
      at: controller.cycle === null ? at : controller.cycle.at + over * cycle,
      onFor: onTime(controller.demand / full, cycle, own),
    };
  }
  const current = controller.cycle ?? { at, onFor: 0 };
  const ends = current.at + cycle;
  const on = at < current.at + current.onFor;
  const next = on && current.onFor < cycle ? current.at + current.onFor : ends;
  // What goes off by itself must hear it in each cycle.
  const repeats = begins && on && own.drive.kind === "publish";
  const strayed = own.drive.kind === "output" && strays(state, own.drive.output, on);
  if (controller.on === on && !repeats && !strayed) return next;
  const again = attempt(plan, state, own, controller, on, why, at, effects);
  return again === null ? next : Math.min(next, again);
}

/** How long it is on in a cycle. What is shorter than the shortest times is rounded to them, or to nothing. */
export function onTime(part: number, cycle: number, { minOn, minOff }: Pick<ControllerPlan, "minOn" | "minOff">): number {
  const on = Math.round(Math.min(1, Math.max(0, part)) * cycle);
  if (on > 0 && on < minOn) return on * 2 < minOn ? 0 : minOn;
  const off = cycle - on;
  if (off > 0 && off < minOff) return off * 2 < minOff ? cycle : cycle - minOff;
  return on;
}

/** Somebody else has switched its output. What its contract has ended stays ended, until the controller wants it off and on again. */
function strays(state: State, output: number, on: boolean): boolean {
  const { written, cause } = state.outputs[output] ?? {};
  if (on && (cause?.kind === "max-on" || cause?.kind === "failsafe")) return false;
  return written !== undefined && written !== on;
}

/** Switches, unless an output has refused that a moment ago; returns when it is to be tried again. */
function attempt(
  plan: Plan,
  state: State,
  own: ControllerPlan,
  controller: ControllerState,
  on: boolean,
  why: string,
  at: Instant,
  effects: Effect[],
): Instant | null {
  const again = tried(controller, at, () => doSwitch(plan, state, own, on, why, at, effects));
  if (again !== null) return again;
  if (own.drive.kind === "publish" && controller.on !== on)
    effects.push({
      type: "log",
      level: "info",
      message: `controller ${own.id} switched ${on ? "on" : "off"}: ${why}`,
      fields: { event: "controller-switched", controller: own.id, cause: why },
    });
  // What is said once more was on all the time.
  const since = controller.on === on && own.drive.kind === "publish" ? controller.since : at;
  Object.assign(controller, { on, since, saidAt: at, why });
  return on && own.repeat !== null ? at + own.repeat : null;
}

function doSwitch(
  plan: Plan,
  state: State,
  own: ControllerPlan,
  on: boolean,
  why: string,
  at: Instant,
  effects: Effect[],
): Objection | null {
  if (own.drive.kind === "publish") {
    effects.push(...(on ? own.drive.on : own.drive.off));
    return null;
  }
  return command(plan, state, own.drive.output, on ? "ON" : "OFF", null, controllerCause(own, why), null, at, effects);
}

/** `tent.humidity 52.1 % below 58`, and of a PID controller its output. */
function whyNow(plan: Plan, state: State, own: ControllerPlan, controller: ControllerState, wanted: number, at: Instant): string {
  const now = valueNow(plan, state, own.ref, at);
  if (now.is !== "known" || typeof now.value !== "number") return `${own.ref.text} is ${now.is}`;
  const side = now.value < wanted ? "below" : now.value > wanted ? "above" : "at";
  const output = own.control.kind !== "on-off" ? `, output ${shown(controller.demand)} ${own.unit}` : "";
  return `${own.ref.text} ${valueText(now.value, now.unit)} ${side} ${valueText(wanted, now.unit)}${output}`;
}

/** The link to the broker has changed, or the agent has started without one. */
export function controllersAndLink(plan: Plan, state: State, online: boolean, at: Instant, effects: Effect[]): void {
  for (const [index, { drive: how, lostAfter, lostKey }] of plan.controllers.entries()) {
    const controller = state.controllers[index];
    if (!controller || state.stopping) continue;
    // What was said meanwhile may not have been heard.
    if (online && how.kind === "publish") controller.on = null;
    else if (lostAfter === null && !(online && how.kind === "pwm")) continue;
    if (!online) {
      if (lostAfter !== null) effects.push({ type: "startTimer", key: lostKey, at: at + lostAfter });
      continue;
    }
    effects.push({ type: "stopTimer", key: lostKey });
    controller.lost = false;
    lookAt(plan, state, index, at, effects);
  }
}

/** A PWM has begun anew, at the level of its start. */
export function controllersOpened(plan: Plan, state: State, output: number, at: Instant, effects: Effect[]): void {
  for (const [index, { drive: how }] of plan.controllers.entries())
    if (how.kind === "pwm" && how.output === output) lookAt(plan, state, index, at, effects);
}

/** The broker was away for as long as `on_broker_lost` says. */
export function controlLost(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const controller = state.controllers[index];
  if (!controller || state.link.online) return;
  controller.lost = true;
  lookAt(plan, state, index, at, effects);
}

export function beginControllers(plan: Plan, state: State, at: Instant, effects: Effect[]): void {
  for (const [index, controller] of state.controllers.entries()) {
    controller.since = at;
    lookAt(plan, state, index, at, effects);
  }
  if (!state.link.online) controllersAndLink(plan, state, false, at, effects);
}
