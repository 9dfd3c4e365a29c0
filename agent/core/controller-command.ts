import { keepAnswer } from "./answers.ts";
import { isUsableText, maxCommand, textRule, timeOf } from "./command.ts";
import { commandRefusal } from "./command-refusal.ts";
import { lookAt } from "./controller.ts";
import { setpointNow } from "./controller-hold.ts";
import type { ControllerPlan } from "./controller-plan.ts";
import type { AgentEvent, AnswerTo, Effect } from "./model.ts";
import type { Plan } from "./plan.ts";
import type { State } from "./state.ts";

type ControllerCommand = Extract<AgentEvent, { type: "controller-command-received" }>;
/** `setpoint`: null = as configured again; undefined = as it is. */
type Wish = { state: "ON" | "OFF" | undefined; setpoint: number | null | undefined };
type Parsed = { ok: true; wish: Wish; ts: number | null; id: string | null } | { ok: false; message: string; id: string | null };

/** `P/controller/<id>/set`: enables, disables, or gives it another setpoint. */
export function controllerCommand(plan: Plan, state: State, event: ControllerCommand, effects: Effect[]): void {
  const [own, controller] = [plan.controllers[event.controller], state.controllers[event.controller]];
  // An empty message is how somebody clears a retained command.
  if (!own || !controller || event.payload === "") return;
  state.commands++;
  const parsed = parse(event.payload);
  const { id } = parsed;
  const to: Extract<AnswerTo, { via: "mqtt" }> = {
    via: "mqtt",
    responseTopic: event.responseTopic,
    correlationData: event.correlationData,
    id,
  };
  const first = event.retain || id === null ? undefined : controller.answers.get(id);
  if (first !== undefined) {
    effects.push({ type: "reply", topic: own.resultTopic, to, payload: first });
    return;
  }
  const answer = (body: Record<string, unknown>) => {
    const payload = JSON.stringify({ id, ...body });
    if (!event.retain) keepAnswer(controller, to, payload);
    if (body.ok !== true || id !== null || event.responseTopic !== null)
      effects.push({ type: "reply", topic: own.resultTopic, to, payload });
  };
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

/** `ON`, `OFF`, a number, or `{"state","setpoint","ts","id","cause"}`. It is never quoted back. */
function parse(payload: string): Parsed {
  if (payload.length > maxCommand) return malformed(`longer than ${maxCommand} characters`);
  const text = payload.trim();
  if (!text.startsWith("{")) {
    const wish = wishOf(/^[+-]?\d{1,6}(?:\.\d{1,12})?$/.test(text) ? { setpoint: Number(text) } : { state: text });
    return wish ? { ok: true, wish, ts: null, id: null } : malformed("not ON, OFF, a number or a JSON object");
  }
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return malformed("not valid JSON");
  }
  const { id = null, ts, cause = null, state, setpoint, ...rest } = body;
  if (id !== null && !isUsableText(id)) return malformed(`"id" ${textRule}`);
  if (Object.keys(rest).length > 0) return malformed('only "state", "setpoint", "ts", "id" and "cause" are known', id);
  if (cause !== null && !isUsableText(cause)) return malformed(`"cause" ${textRule}`, id);
  const wish = wishOf({ state, setpoint });
  if (wish === null) return malformed('it needs "state" (ON or OFF) or "setpoint" (a number, or null)', id);
  const time = timeOf(ts);
  return time === undefined ? malformed('"ts" must be ISO 8601 or milliseconds since 1970', id) : { ok: true, wish, ts: time, id };
}

function wishOf({ state, setpoint }: { state?: unknown; setpoint?: unknown }): Wish | null {
  const word = typeof state === "string" ? state.toUpperCase() : state;
  if (word !== undefined && word !== "ON" && word !== "OFF") return null;
  if (setpoint !== undefined && setpoint !== null && !(typeof setpoint === "number" && Number.isFinite(setpoint))) return null;
  return word === undefined && setpoint === undefined ? null : { state: word, setpoint: setpoint as Wish["setpoint"] };
}

function malformed(message: string, id: string | null = null): Parsed {
  return { ok: false, message, id };
}
