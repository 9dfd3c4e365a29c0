import type { Cause, Effect, Instant } from "./model.ts";
import type { OutputState } from "./state.ts";

export interface Change {
  at: Instant;
  state: "ON" | "OFF" | "REFUSED" | "FAILED" | "LOCKED" | "UNLOCKED";
  cause: Cause;
  detail: string | null;
  /** Of a PWM, behind its state: ` at 40 %`. */
  level?: string;
  /** When it ends by itself, as known at that moment. */
  ends?: End | null;
  /** From when on what was refused would be served, as far as that is known. */
  allowedAt?: Instant | null;
}

export interface End {
  at: Instant;
  by: "its pulse" | "max_on";
}

export const historyLength = 32;
export const refusalsKept = 16;

/** Keeps a change in memory and on disk. Refusals have room of their own: whoever floods an output must not hide why it moved. */
export function remember(index: number, output: OutputState, change: Change, effects: Effect[]): void {
  const { history } = output;
  history.push(change);
  effects.push({ type: "keepChange", output: index, change });
  const refused = change.state === "REFUSED";
  let count = 0;
  for (const { state } of history) if ((state === "REFUSED") === refused) count++;
  if (count <= (refused ? refusalsKept : historyLength)) return;
  history.splice(
    history.findIndex(({ state }) => (state === "REFUSED") === refused),
    1,
  );
}
