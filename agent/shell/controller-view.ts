import { setpointNow } from "../core/controller-hold.ts";
import { isoTime } from "../core/iso-time.ts";
import type { Plan } from "../core/plan.ts";
import type { State } from "../core/state.ts";
import { valueNow } from "../core/value.ts";
import type { ControllerStatus } from "../protocol.ts";

/** Every controller, as control clients see it. */
export function controllersView(plan: Plan, state: Readonly<State>, now: number): ControllerStatus[] {
  return plan.controllers.flatMap((own, index) => {
    const controller = state.controllers[index];
    if (!controller) return [];
    const read = valueNow(plan, state, own.ref, now);
    return {
      id: own.id,
      enabled: controller.enabled,
      sensor: own.ref.text,
      value: read.is === "known" && typeof read.value === "number" ? read.value : null,
      unit: read.is === "known" ? read.unit : null,
      setpoint: setpointNow(plan, state, own, controller, now),
      output: controller.demand,
      output_unit: own.unit,
      on: controller.on === true,
      since: Number.isFinite(controller.since) ? isoTime(state, controller.since) : null,
      held: controller.held,
      why: controller.why,
    };
  });
}
