/** A line of a comparison. */
export interface DiffLine {
  kind: "same" | "gone" | "new";
  text: string;
}

/** What makes one text of another, line by line. */
export function diffLines(before: string, after: string): DiffLine[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) [endA, endB] = [endA - 1, endB - 1];
  const middle = between(a.slice(start, endA), b.slice(start, endB));
  const kept = (lines: string[]): DiffLine[] => lines.map((text) => ({ kind: "same", text }));
  return [...kept(a.slice(0, start)), ...middle, ...kept(a.slice(endA))];
}

/** More than these would be slow, and no person reads such a difference. */
const maxCells = 4_000_000;

/** By the longest common subsequence. */
function between(a: string[], b: string[]): DiffLine[] {
  const gone = (text = ""): DiffLine => ({ kind: "gone", text });
  const fresh = (text = ""): DiffLine => ({ kind: "new", text });
  const width = b.length + 1;
  if ((a.length + 1) * width > maxCells) return [...a.map(gone), ...b.map(fresh)];
  // How many lines the rest of both, from here on, have in common.
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      lines.push({ kind: "same", text: a[i] ?? "" });
      [i, j] = [i + 1, j + 1];
    } else if (at(i + 1, j) >= at(i, j + 1)) lines.push(gone(a[i++]));
    else lines.push(fresh(b[j++]));
  }
  return [...lines, ...a.slice(i).map(gone), ...b.slice(j).map(fresh)];
}
