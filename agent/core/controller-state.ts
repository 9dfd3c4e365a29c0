import type { Instant } from "./model.ts";
import { newPid, type PidState } from "./pid.ts";

export interface ControllerState {
  enabled: boolean;
  /** What a command has asked for; null = as configured. */
  setpoint: number | null;
  pid: PidState;
  /** The output that is wanted: of an on/off controller its `low` or `high`. */
  demand: number;
  /** What was switched last; null before anything. */
  on: boolean | null;
  /** Since when it is so; before anything, when the agent started. */
  since: Instant;
  /** When that was said last. */
  saidAt: Instant;
  /** Of a PWM, the level that was asked for last; null before anything. */
  level: number | null;
  /** Not before this: an output has refused it. */
  refusedUntil: Instant | null;
  /** When the cycle began, and for how long it is on in it. */
  cycle: { at: Instant; onFor: number } | null;
  /** The reading that was looked at last, by its time. */
  sampledAt: Instant | null;
  /** The broker was away for as long as `on_broker_lost` says. */
  lost: boolean;
  /** Why it does not control; null while it does. */
  held: string | null;
  /** Why it last switched. */
  why: string | null;
  /** What was published last. */
  told: string | null;
  /** First answers by command id, oldest first, see `answers.ts`. */
  answers: Map<string, string>;
}

export function newController(enabled: boolean): ControllerState {
  return {
    enabled,
    setpoint: null,
    pid: newPid(),
    demand: 0,
    on: null,
    since: Number.NEGATIVE_INFINITY,
    saidAt: Number.NEGATIVE_INFINITY,
    level: null,
    refusedUntil: null,
    cycle: null,
    sampledAt: null,
    lost: false,
    held: null,
    why: null,
    told: null,
    answers: new Map(),
  };
}
