import { age, instant } from "../format.ts";
import { armedFor, type State } from "../model.ts";
import type { Overlay } from "../overlay.ts";
import { agentNow } from "../snapshot.ts";
import type { Line } from "./canvas.ts";

const keys = { start: "[s] Start", stop: "[p] Stop", restart: "[r] Restart" } as const;

/** What may be done with a unit, and what stands against it. */
export function actionLines(state: State, overlay: Overlay & { kind: "service" }, now: number): Line[] {
  const { data } = state.services;
  const unit = data?.data.find((each) => each.unit === overlay.unit);
  if (data === null || unit === undefined) return [[`${overlay.unit} is gone from the configuration`, "warn"]];
  const since = unit.since === null ? "" : ` for ${age(agentNow(data, now) - instant(unit.since))}`;
  const lines: Line[] = [
    [unit.unit, "bold"],
    [unit.problem === null ? `Now ${unit.active} (${unit.sub})${since}` : `! ${unit.problem}`, unit.problem === null ? "dialog" : "bad"],
  ];
  if (unit.own === true) {
    const armed = armedFor(state, now);
    lines.push(["This is the agent itself: its outputs go to their exit states,", "warn"]);
    lines.push(["and this terminal is without it until it is there again.", "warn"]);
    lines.push(armed > 0 ? [`Armed: ${armed} s left`, "dialog"] : ["DISARMED: nothing will be done (tab 2, !)", "warn"]);
  }
  const allowed = (["start", "stop", "restart"] as const).filter((verb) => unit.control?.includes(verb));
  lines.push(["", "dialog"], [[...allowed.map((verb) => keys[verb]), "[Esc] Cancel"].join("     "), "key"]);
  return lines;
}
