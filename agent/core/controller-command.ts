import { answering, parseEnvelope, type WishForm } from "./command-envelope.ts";
import { commandRefusal } from "./command-refusal.ts";
import { lookAt } from "./controller.ts";
import { setpointNow } from "./controller-hold.ts";
import type { ControllerPlan } from "./controller-plan.ts";
import type { AgentEvent, Effect } from "./model.ts";
import type { Plan } from "./plan.ts";
import type { State } from "./state.ts";

type ControllerCommand = Extract<AgentEvent, { type: "controller-command-received" }>;
/** `setpoint`: null = as configured again; undefined = as it is. */
type Wish = { state: "ON" | "OFF" | undefined; setpoint: number | null | undefined };

const form: WishForm<Wish> = {
  ofText: (text) => wishOf(/^[+-]?\d{1,6}(?:\.\d{1,12})?$/.test(text) ? { setpoint: Number(text) } : { state: text }),
  texts: "ON, OFF, a number",
  ofJson: wishOf,
  keys: ["state", "setpoint"],
  needs: 'it needs "state" (ON or OFF) or "setpoint" (a number, or null)',
};

/** `P/controller/<id>/set`: enables, disables, or gives it another setpoint. */
export function controllerCommand(plan: Plan, state: State, event: ControllerCommand, effects: Effect[]): void {
  const [own, controller] = [plan.controllers[event.controller], state.controllers[event.controller]];
  // An empty message is how somebody clears a retained command.
  if (!own || !controller || event.payload === "") return;
  state.commands++;
  const parsed = parseEnvelope(event.payload, form);
  const { id } = parsed;
  const answer = answering(event, id, own.resultTopic, controller, effects);
  if (answer === null) return;
  const [malformed, ts] = parsed.ok ? [wrongSetpoint(own, parsed.wish), parsed.ts] : [parsed.message, null];
  const refusal = commandRefusal(plan, state, event, { malformed, ts, again: null });
  if (refusal === null && parsed.ok) {
    obey(plan, state, event, parsed.wish, id, effects);
    answer({ ok: true, state: controller.enabled ? "ON" : "OFF", setpoint: setpointNow(plan, state, own, controller, event.at) });
    return;
  }
  state.refused++;
  const from = id === null ? "mqtt" : `mqtt ${id}`;
  effects.push({
    type: "log",
    level: "warn",
    message: `controller ${own.id}: refused a command from ${from}: ${refusal?.message}`,
    fields: {
      event: "command-refused",
      controller: own.id,
      cause: from,
      topic: own.setTopic,
      ...(refusal ? { reason: refusal.reason } : {}),
    },
  });
  answer({ ok: false, ...refusal });
}

function obey(plan: Plan, state: State, event: ControllerCommand, wish: Wish, id: string | null, effects: Effect[]): void {
  const [own, controller] = [plan.controllers[event.controller], state.controllers[event.controller]];
  if (!own || !controller) return;
  const enabled = wish.state === undefined ? controller.enabled : wish.state === "ON";
  const said = [
    ...(enabled === controller.enabled ? [] : [enabled ? "enabled" : "disabled"]),
    ...(wish.setpoint === undefined ? [] : [wish.setpoint === null ? "setpoint as configured" : `setpoint ${wish.setpoint}`]),
  ];
  if (enabled !== controller.enabled) effects.push({ type: "keepController", controller: event.controller, enabled });
  controller.enabled = enabled;
  if (wish.setpoint !== undefined) controller.setpoint = wish.setpoint;
  if (said.length > 0) {
    const cause = id === null ? "mqtt" : `mqtt ${id}`;
    const message = `controller ${own.id} ${said.join(", ")}: ${cause}`;
    effects.push({ type: "log", level: "info", message, fields: { event: "controller-set", controller: own.id, cause } });
  }
  lookAt(plan, state, event.controller, event.at, effects);
}

function wrongSetpoint({ bounds: { min, max } }: ControllerPlan, { setpoint }: Wish): string | null {
  return setpoint == null || (setpoint >= min && setpoint <= max) ? null : `the setpoint must be from ${min} to ${max}`;
}

function wishOf({ state, setpoint }: { state?: unknown; setpoint?: unknown }): Wish | null {
  const word = typeof state === "string" ? state.toUpperCase() : state;
  if (word !== undefined && word !== "ON" && word !== "OFF") return null;
  if (setpoint !== undefined && setpoint !== null && !(typeof setpoint === "number" && Number.isFinite(setpoint))) return null;
  return word === undefined && setpoint === undefined ? null : { state: word, setpoint: setpoint as Wish["setpoint"] };
}
