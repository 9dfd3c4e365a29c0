/**
 * The payload of a reading that comes late, from the JSON object that its state would have been: with the time of the reading, and a mark,
 * so that nobody takes it for how things are now.
 */
export function historicalOf(payload: string, ts: string): string {
  return JSON.stringify({ ...(JSON.parse(payload) as object), ts, historical: true });
}
