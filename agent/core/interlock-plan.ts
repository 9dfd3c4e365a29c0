import type { Config } from "../../config/schema.ts";

/** Outputs that never are on together. */
export interface Interlock {
  group: string;
  /** Indexes of the other outputs of the group. */
  partners: readonly number[];
  /** How long all of them are off before another one goes on. */
  deadTime: number;
  /** What an ON does while a partner is on. */
  mode: "switch" | "refuse";
}

export function interlockOf(config: Config, id: string, outputIndex: ReadonlyMap<string, number>): Interlock | null {
  const group = config.outputs[id]?.interlock ?? null;
  const settings = group === null ? undefined : config.interlocks[group];
  if (group === null || settings === undefined) return null;
  const partners = Object.entries(config.outputs).flatMap(([other, { interlock }]) => {
    const index = other !== id && interlock === group ? outputIndex.get(other) : undefined;
    return index ?? [];
  });
  return { group, partners, deadTime: settings.dead_time, mode: settings.mode };
}
