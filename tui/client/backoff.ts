/** How long to wait before try number `attempt` (from 0): doubling from `first` to `most`, with full jitter above half of it. */
export function backoff(attempt: number, first: number, most: number, random: () => number): number {
  const ceiling = Math.min(most, first * 2 ** Math.min(attempt, 20));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
