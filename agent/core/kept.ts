import type { KeptSum } from "./derive.ts";
import type { KeptTotal } from "./model.ts";

/** What an output brings from the last run. */
export interface Kept {
  locked: boolean;
  level: boolean;
}

/** Where the core asks what was kept, once, at the start. */
export interface KeptSource {
  kept(id: string): Kept;
  /** Whether a rule was enabled; undefined when nobody has said so. */
  enabled?(rule: string): boolean | undefined;
  /** What a derived value has summed up. */
  sum?(sensor: string): KeptSum | undefined;
}

/** Where the core asks for the total of a counter. */
export interface TotalSource {
  total(id: string): KeptTotal;
}

export const zeroTotal: KeptTotal = { pulses: 0, missed: 0, uncertain: false };

/** How many event numbers one reservation covers. */
export const seqBlock = 1000;

/** Rules and inputs may share ids: the numbers of their events must not. */
export function ruleSeqId(rule: string): string {
  return `rule/${rule}`;
}

/** Rules and controllers may share ids, too. */
export function controllerKeptId(controller: string): string {
  return `controller/${controller}`;
}
