import type { Step, WireLevel } from "./sim-board.ts";

export interface Press {
  /** The level on the wire while the contact is closed. */
  pressed: WireLevel;
  forMs: number;
  /** How long the contact bounces, at the press and at the release. */
  bounceMs?: number;
}

/** The level changes of a contact that closes: an odd number, so that the last one is the closed contact. */
const bounces = [0, 0.1, 0.25, 0.4, 0.6, 0.8, 1];

/** One press of a button as a script for `SimBoard.play`. The release begins after `forMs`, but not while the press still bounces. */
export function pressScript({ pressed, forMs, bounceMs = 0 }: Press): Step[] {
  const released = pressed === "high" ? "low" : "high";
  return [...contact(0, bounceMs, pressed, released), ...contact(Math.max(forMs, bounceMs), bounceMs, released, pressed)];
}

function contact(startMs: number, bounceMs: number, to: WireLevel, from: WireLevel): Step[] {
  if (bounceMs <= 0) return [{ afterMs: startMs, level: to }];
  return bounces.map((share, i) => ({ afterMs: startMs + share * bounceMs, level: i % 2 === 0 ? to : from }));
}
