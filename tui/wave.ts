/** A stretch of one level; `to` is NaN while it lasts, `since` is what the agent says. All in agent time. */
interface Stretch {
  from: number;
  to: number;
  since: number;
  /** When it was last said. */
  seen: number;
  active: boolean;
}

/** The last half minute of one pin, made from pushes: bounded, and blank where nobody looked. */
export interface Wave {
  stretches: Stretch[];
  /** Of a counter: what it stood at with its last mark. */
  total?: number | undefined;
}

const kept = 150_000;
const maxStretches = 256;
/** Pulses closer than this are one mark: a hundred a second must not push out what was before. */
const pulseGap = 450;

export function wave(): Wave {
  return { stretches: [] };
}

/** A push said: this level since then. `active` undefined = the state is not known. */
export function observe(of: Wave, active: boolean | undefined, since: number, at: number): void {
  const last = of.stretches.at(-1);
  if (active === undefined || Number.isNaN(since)) {
    end(of, at);
    return;
  }
  if (last !== undefined && last.active === active && Math.abs(last.since - since) <= slack(last, at)) {
    last.to = Number.NaN;
    last.since = since;
    last.seen = at;
    return;
  }
  // Only while someone looked is the old level known up to the change.
  if (last !== undefined && Number.isNaN(last.to)) last.to = Math.max(last.from, since);
  of.stretches.push({ from: since, to: Number.NaN, since, seen: at, active });
  const old = of.stretches.findIndex((stretch) => !(stretch.to < at - kept));
  of.stretches.splice(0, Math.max(old, of.stretches.length - maxStretches));
}

/** A push said that a counter stands at `total`: each growth is a mark. `undefined` = not known. */
export function observeCount(of: Wave, total: number | undefined, at: number): void {
  const last = of.stretches.at(-1);
  const lasting = last !== undefined && Number.isNaN(last.to) ? last : undefined;
  const marked = lasting === undefined || (total !== of.total && at - lasting.from >= pulseGap);
  if (marked) of.total = total;
  observe(of, total === undefined ? undefined : false, marked ? at : lasting.since, at);
}

/**
 * The agent counts on a clock that never steps and tells in one that is slewed, by at most 0.5 ms a second: the same
 * moment is told a little differently each time.
 */
function slack(last: Stretch, at: number): number {
  return 20 + Math.max(0, at - last.seen) / 1000;
}

/** The agent's clock was set: what is known happened as long ago as before. */
export function shift(of: Wave, by: number): void {
  for (const stretch of of.stretches) {
    stretch.from += by;
    stretch.to += by;
    stretch.since += by;
    stretch.seen += by;
  }
}

/** Nobody looks any more: what comes now is not known. */
export function end(of: Wave, at: number): void {
  const last = of.stretches.at(-1);
  if (last !== undefined && Number.isNaN(last.to)) last.to = Math.max(last.from, at);
}

/** `_` inactive, `-` active, `/` `\` one change, `|` several, blank not known; `width` columns that end at `now`. */
export function draw(of: Wave, now: number, span: number, width: number): string {
  let text = "";
  for (let column = 0; column < width; column += 1) {
    const from = now - span + (span * column) / width;
    text += slice(of.stretches, from, from + span / width);
  }
  return text;
}

function slice(stretches: Stretch[], from: number, to: number): string {
  let changes = 0;
  let active: boolean | undefined;
  let end = Number.NaN;
  for (const stretch of stretches) {
    if (stretch.from >= to || stretch.to <= from) continue;
    if (active !== undefined && stretch.from - end < 1) changes += stretch.active === active ? 2 : 1;
    active = stretch.active;
    end = stretch.to;
  }
  if (active === undefined) return " ";
  if (changes === 0) return active ? "-" : "_";
  return changes > 1 ? "|" : active ? "/" : "\\";
}
