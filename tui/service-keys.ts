import type { ServiceVerb, ServiceView } from "../agent/protocol.ts";
import { type Effect, none } from "./effect.ts";
import type { Command } from "./keys.ts";
import { armedFor, mayOperate, type State } from "./model.ts";
import { refuse, say } from "./notice.ts";
import type { Overlay } from "./overlay.ts";
import { focusedLog, selectedUnit, shownLog } from "./service-ask.ts";
import { logPanes } from "./service-log.ts";

export const priorities = ["emerg", "alert", "crit", "err", "warn", "note", "info", "debug"] as const;
/** Those one looks for, by the key that goes from one to the next. */
const nextPriority: Readonly<Record<number, number>> = { 7: 6, 6: 5, 5: 4, 4: 3, 3: 7 };
const nextManager = { all: "system", system: "user", user: "all" } as const;

/** The commands of the tab Services. */
export function servicesKey(state: State, command: Command, now: number): readonly Effect[] {
  const { services } = state;
  const { logs } = services;
  const tell = (text: string) => say(state, text, now);
  const log = focusedLog(state) ?? logs[shownLog(state)];
  switch (command) {
    case "follow":
      log.follow = true;
      if (services.pane < logPanes.journal) services.pane = logPanes[shownLog(state)];
      return none;
    case "wrap":
      logs.wrap = !logs.wrap;
      return tell(logs.wrap ? "long lines are wrapped" : "long lines are cut at the edge");
    case "timestamps":
      logs.time = !logs.time;
      return none;
    case "priority":
      logs.priority = nextPriority[logs.priority] ?? 7;
      return tell(
        logs.priority === 7 ? "every entry of the journal is shown" : `the journal down to ${priorities[logs.priority]} is shown`,
      );
    case "pager":
      services.pane = logPanes[shownLog(state)];
      state.zoom = true;
      return none;
    case "manager":
      services.manager = nextManager[services.manager];
      return tell(
        services.manager === "all" ? "units of the system and of the user are shown" : `units of the ${services.manager} are shown`,
      );
    case "service-actions":
      return openActions(state, now);
    default:
      return none;
  }
}

/** Why nothing can be done with a unit from here; null when something can. */
export function actionsProblem(state: State, unit: ServiceView): string | null {
  if (state.readOnly) return "this terminal is --read-only";
  if (!mayOperate(state)) return "this control socket may only look";
  return unit.control === undefined ? "none in the configuration (control: under services:)" : null;
}

function openActions(state: State, now: number): readonly Effect[] {
  const unit = selectedUnit(state);
  if (unit === undefined) return none;
  const problem = state.agent.up ? actionsProblem(state, unit) : "the agent is not reachable";
  if (problem !== null) return refuse(state, `${unit.unit}, actions: ${problem}`, now);
  state.overlay = { kind: "service", unit: unit.unit };
  return none;
}

const verbOf: Partial<Record<Command, ServiceVerb>> = { "service-start": "start", "service-stop": "stop", "service-restart": "restart" };

/** A key of the dialog. */
export function actionKey(state: State, overlay: Overlay & { kind: "service" }, command: Command, now: number): readonly Effect[] {
  const verb = verbOf[command];
  if (verb === undefined) return none;
  const view = state.services.data?.data.find(({ unit }) => unit === overlay.unit);
  if (view?.control?.includes(verb) !== true) return refuse(state, `the configuration does not allow to ${verb} ${overlay.unit}`, now);
  // Its outputs go to their exit states with it.
  if (view.own === true && armedFor(state, now) === 0)
    return refuse(state, `${overlay.unit} switches its outputs when it restarts: arm them first (tab 2, !)`, now);
  state.overlay = null;
  return [{ type: "control-service", unit: overlay.unit, verb }];
}
