/** How often a property is tried: as usual while working, as often as PINBUS_RUNS says in a long run. */
export function runs(usual: number): number {
  const asked = Number(process.env.PINBUS_RUNS);
  return Number.isInteger(asked) && asked > usual ? asked : usual;
}
