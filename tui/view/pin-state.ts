import type { PinView, PwmView } from "../../agent/protocol.ts";
import type { State } from "../model.ts";
import type { Style } from "./canvas.ts";

/** The state of a pin in at most nine columns: `ON`, `off LOCK`, `PULSE`, `1 active`, `unknown`. */
export function stateWord(pin: PinView): string {
  if (pin.kind === "input" && pin.counter && pin.problem === null) return String(pin.counter.total).slice(0, 9);
  if (pin.state === "UNKNOWN") return "unknown";
  if (pin.kind === "output" && pin.pwm) {
    const level = levelWord(pin.pwm);
    return pin.locked ? `${level.replace(" ", "").slice(0, 4)} LOCK` : level;
  }
  if (pin.kind === "output") {
    const level = pin.state === "ON" ? "ON" : "off";
    return pin.locked || pin.interlocked !== undefined ? `${level} LOCK` : pin.pulsing ? "PULSE" : level;
  }
  return pin.state === "ON" ? "1 active" : "0";
}

/** `40 %`, `1500 us`, `0 %`. */
export function levelWord({ value, unit }: PwmView): string {
  return value === null ? "unknown" : `${unit === "%" ? Math.round(value) : value} ${unit === "%" ? "%" : "us"}`;
}

/** `[=====-----]` in so many columns. */
export function levelBar({ value, low, high, unit }: PwmView, cols: number): string {
  const room = Math.max(0, cols - 2);
  const from = unit === "%" ? 0 : low;
  const share = value === null || value === 0 ? 0 : (value - from) / (high - from);
  const filled = Math.round(Math.min(1, Math.max(0, share)) * room);
  return `[${"=".repeat(filled)}${"-".repeat(room - filled)}]`;
}

export function pinStyle(state: State, pin: PinView): Style {
  if (pin.problem !== null) return "bad";
  if (!state.agent.up) return "warn";
  if (pin.kind === "input" && pin.counter) return "on";
  if (pin.state === "UNKNOWN") return "warn";
  return pin.state === "ON" ? "on" : "off";
}
