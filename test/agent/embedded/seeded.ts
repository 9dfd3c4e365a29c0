/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number) {
  let state = seed;
  const below = (most: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * most);
  };
  return { below, chance: (percent: number) => below(100) < percent, pick: <T>(all: readonly T[]): T => all[below(all.length)] as T };
}

export type Random = ReturnType<typeof seeded>;
