import type { PinView } from "../../agent/protocol.ts";
import type { State } from "../model.ts";
import type { Style } from "./canvas.ts";

/** The state of a pin in at most nine columns: `ON`, `off LOCK`, `PULSE`, `1 active`, `unknown`. */
export function stateWord(pin: PinView): string {
  if (pin.kind === "input" && pin.counter && pin.problem === null) return String(pin.counter.total).slice(0, 9);
  if (pin.state === "UNKNOWN") return "unknown";
  if (pin.kind === "output") {
    const level = pin.state === "ON" ? "ON" : "off";
    return pin.locked || pin.interlocked !== undefined ? `${level} LOCK` : pin.pulsing ? "PULSE" : level;
  }
  return pin.state === "ON" ? "1 active" : "0";
}

export function pinStyle(state: State, pin: PinView): Style {
  if (pin.problem !== null) return "bad";
  if (!state.agent.up) return "warn";
  if (pin.kind === "input" && pin.counter) return "on";
  if (pin.state === "UNKNOWN") return "warn";
  return pin.state === "ON" ? "on" : "off";
}
