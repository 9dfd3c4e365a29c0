/** One edge of a contact. Two with one level: the kernel merged the edge between. */
export interface Edge {
  level: boolean;
  at: number;
}
export interface Button {
  debounce: number;
  hold: number;
  window: number;
  repeat: number | null;
  most: number;
}
export interface Told {
  gesture: string;
  at: number;
  duration: number;
  /** The first moment at which it can be known, if no contact bounces. */
  known: number;
}

/**
 * What a button says, written down from the words of the manual with the whole train in view: it looks ahead where the
 * agent has to wait, so it shares no idea with it.
 */
export function interpret(edges: readonly Edge[], start: boolean, button: Button): Told[] {
  const presses = pressesOf(edges, start, button.debounce);
  const told: Told[] = [];
  let run: { from: number; to: number }[] = [];
  const settled = (at: number) => at + button.debounce;
  const end = (known: number) => {
    const [first, last] = [run[0], run.at(-1)];
    if (!first || !last) return;
    told.push({ gesture: run.length === 1 ? "click" : `${run.length} clicks`, at: last.to, duration: last.to - first.from, known });
    run = [];
  };
  for (const [index, { from, to }] of presses.entries()) {
    told.push({ gesture: "press", at: from, duration: 0, known: settled(from) });
    const length = to - from;
    const long = length >= button.hold;
    if (long) {
      const known = Math.max(from + button.hold, settled(from));
      end(known);
      told.push({ gesture: "hold", at: from + button.hold, duration: button.hold, known });
      const every = button.repeat ?? Number.POSITIVE_INFINITY;
      for (let at = from + button.hold + every; at <= Math.min(to, 1e6); at += every) {
        told.push({ gesture: "repeat", at, duration: at - from, known: Math.max(at, settled(from)) });
      }
    }
    if (to === Number.POSITIVE_INFINITY) break;
    told.push({ gesture: "release", at: to, duration: length, known: settled(to) });
    if (long) {
      told.push({ gesture: "hold_end", at: to, duration: length, known: settled(to) });
      continue;
    }
    run.push({ from, to });
    if (run.length > 1) told.push({ gesture: `ongoing ${run.length}`, at: to, duration: to - (run[0]?.from ?? 0), known: settled(to) });
    const next = presses[index + 1]?.from ?? Number.POSITIVE_INFINITY;
    if (run.length === button.most) end(settled(to));
    else if (next >= to + button.window) end(Math.max(to + button.window, settled(to)));
  }
  return told;
}

/** From the edge that began it to the edge that ended it; a level counts if it stays for the whole period. */
function pressesOf(edges: readonly Edge[], start: boolean, debounce: number): { from: number; to: number }[] {
  const presses: { from: number; to: number }[] = [];
  // A button that was down when somebody began to look has no press.
  let down = start;
  let from: number | undefined;
  for (const [index, { level, at }] of edges.entries()) {
    const stays = (edges[index + 1]?.at ?? Number.POSITIVE_INFINITY) - at >= debounce;
    if (!stays || level === down) continue;
    down = level;
    if (level) from = at;
    else if (from !== undefined) {
      presses.push({ from, to: at });
      from = undefined;
    }
  }
  if (from !== undefined) presses.push({ from, to: Number.POSITIVE_INFINITY });
  return presses;
}
