import type { OutputConfig } from "../../../config/schema.ts";
import { pulseMs, pulseTimeOf } from "./pulse-time.ts";

// A real plug of Tasmota as an output: what is sent to it, what it answers, and how long it stays on when nobody says so any more.

export interface PlugPlan {
  topic: string;
  relay: number | null;
  /** `cmnd/<t>/POWER<k>` */
  power: string;
  /** `cmnd/<t>/PulseTime<k>` */
  pulseTime: string;
  /** `tele/<t>/LWT` */
  lwt: string;
  /** Where it answers: `stat/<t>/RESULT`, then `stat/<t>/POWER<k>`. */
  replies: readonly string[];
  /** How long it may stay on when nobody says so any more; null = for ever. */
  failsafe: number | null;
}

/** A firmware may take more, but this is what its documentation says. */
const longest = pulseMs(64_900);
/** While an output has no end of its own its failsafe is at least so long: renewing it would else be all that is done. */
const shortestRenewed = 30_000;

export function plugPlanOf(plug: NonNullable<OutputConfig["plug"]>, maxOn: number | null, longestPulse: number | null): PlugPlan {
  const { topic, relay, failsafe } = plug;
  const number = relay ?? "";
  const ownEnd = maxOn ?? (longestPulse === null ? null : Math.max(longestPulse, shortestRenewed));
  const end = failsafe === "none" ? null : (failsafe ?? ownEnd);
  return {
    topic,
    relay,
    power: `cmnd/${topic}/POWER${number}`,
    pulseTime: `cmnd/${topic}/PulseTime${number}`,
    lwt: `tele/${topic}/LWT`,
    replies: [`stat/${topic}/RESULT`, ...keysOf(relay).map((key) => `stat/${topic}/${key}`)],
    failsafe: end === null ? null : Math.min(end, longest),
  };
}

/** A plug with one relay names it without a number, one with several with it. */
function keysOf(relay: number | null): string[] {
  return relay === null || relay === 1 ? ["POWER", "POWER1"] : [`POWER${relay}`];
}

export interface Armed {
  /** What PulseTime is set to; 0 = no end. */
  value: number;
  /** After so long it is to be set again, because the output may be on for longer; null when it may not. */
  renew: number | null;
}

/** The PulseTime for an output that is to be on for `ms` from now on; null = until somebody says otherwise. */
export function armedFor({ failsafe }: PlugPlan, ms: number | null): Armed {
  const length = Math.min(ms ?? Number.POSITIVE_INFINITY, failsafe ?? Number.POSITIVE_INFINITY, longest);
  // An end of its own that is longer than the plug can count is renewed, too.
  if (ms === null && failsafe === null) return { value: 0, renew: null };
  const value = Math.max(1, pulseTimeOf(length / 1000));
  return { value, renew: ms !== null && ms <= length ? null : Math.floor(length / 2) };
}

/** More of an answer is not looked at: a STATE has about 600 bytes. */
export const maxReply = 2048;

/** What a message on one of `replies` says of the relay, or as a number what its PulseTime is; null when it says neither, undefined when it makes no sense. */
export function readReply({ topic, relay }: PlugPlan, from: string, payload: string): boolean | number | null | undefined {
  if (from !== `stat/${topic}/RESULT`) return wordOf(payload);
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const key = keysOf(relay).find((name) => Object.hasOwn(value, name));
  if (key !== undefined) return wordOf((value as Record<string, unknown>)[key]);
  const timeKey = `PulseTime${relay ?? 1}`;
  return Object.hasOwn(value, timeKey) ? pulseTimeIn((value as Record<string, unknown>)[timeKey]) : null;
}

/** `{"Set":220,"Remaining":220}`; older firmwares write `"220 (Active 120)"` or the number alone. */
function pulseTimeIn(value: unknown): number | null {
  const set = typeof value === "object" && value !== null && "Set" in value ? value.Set : value;
  const number = typeof set === "string" ? Number(/^\d{1,5}(?!\d)/.exec(set)?.[0] ?? Number.NaN) : set;
  return typeof number === "number" && Number.isInteger(number) ? number : null;
}

function wordOf(value: unknown): boolean | undefined {
  return value === "ON" ? true : value === "OFF" ? false : undefined;
}
