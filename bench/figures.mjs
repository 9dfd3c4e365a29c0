/** The middle of the numbers; NaN without any. */
export function median(numbers) {
  return percentile(numbers, 0.5);
}

export function percentile(numbers, part) {
  const sorted = [...numbers].sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const at = part * (sorted.length - 1);
  const low = sorted[Math.floor(at)];
  return low + (sorted[Math.ceil(at)] - low) * (at - Math.floor(at));
}

/** Three significant digits, thousands with a comma; `–` when there is no figure. */
export function short(number) {
  if (number === undefined || number === null || !Number.isFinite(number)) return "–";
  if (number === 0) return "0";
  if (Math.abs(number) >= 100) return Math.round(number).toLocaleString("en");
  return String(Number(number.toPrecision(3)));
}

/** Medians of one figure over the rounds of one program. */
export function mediansOf(rounds, names) {
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => round[name]).filter(Number.isFinite))]));
}

/** A goal as a line: what, the limit, the figure, met or not. `most` and `least` are alternatives. */
export function goal(what, figure, { most, least }) {
  const met = most === undefined ? figure >= least : figure <= most;
  return { what, figure, limit: most === undefined ? `≥ ${short(least)}` : `≤ ${short(most)}`, met: Number.isFinite(figure) ? met : null };
}
