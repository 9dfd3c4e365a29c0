import type { EdgeView } from "../../agent/protocol.ts";
import { clock, count, instant, time } from "../format.ts";
import type { Rect } from "../layout.ts";
import type { State } from "../model.ts";
import { detailOf, pinPanes, selectedPin, selectedRow } from "../pin.ts";
import type { Canvas, Line } from "./canvas.ts";
import { left, putLines, putSentence, right, title } from "./text.ts";

/** The last edges of the selected input, newest first, and what became of each. */
export function drawEdges(state: State, canvas: Canvas, rect: Rect): void {
  const { pane, more } = state.pins;
  const pin = selectedPin(state);
  const log = pin?.kind === "input" ? detailOf(state, pin)?.edges : undefined;
  const rejected = log?.edges.filter(({ accepted }) => accepted === false).length ?? 0;
  const heading = log === undefined ? "" : ` - last ${count(log.edges.length)}${rejected === 0 ? "" : ` - ! ${count(rejected)} rejected`}`;
  const inner = title(canvas, rect, `Edges${pin === undefined ? "" : ` ${pin.id}${heading}`}`, pane === pinPanes.edges);
  const plain = (text: string) => putSentence(canvas, inner, text, "dim");
  if (pin === undefined) {
    if (selectedRow(state) !== undefined) plain("a sensor has no edges: W tells what it read");
    return;
  }
  if (pin.kind === "output") plain("an output has no edges: W tells what it did and why");
  else if (!state.agent.up && log === undefined) plain("the edges are not known: no agent");
  else if (log === undefined) plain("asking for the edges; an agent older than this terminal keeps none");
  else if (log.edges.length === 0) plain(`no edge since ${time(instant(log.since))}: they are kept from when somebody looks at this pin`);
  else more.edges.top = putLines(canvas, inner, log.edges.slice(0, maxEdges).map(edgeLine), more.edges.top);
}

/** More than an agent keeps. */
const maxEdges = 500;

function edgeLine({ at, after_ms: after, active, accepted, note }: EdgeView): Line {
  const when = Number.isNaN(instant(at)) ? "--" : clock(instant(at));
  const gap = after === null ? "" : `+${after < 1000 ? `${after.toFixed(3)} ms` : `${(after / 1000).toFixed(3)} s`}`;
  const level = active === null ? "lost" : active ? "active" : "inactive";
  const verdict = active === null ? "!" : accepted === null ? "waits" : accepted ? "accepted" : "! rejected";
  const style = accepted === null ? "dim" : accepted ? "text" : "warn";
  return [` ${when} ${right(gap, 12)}  ${left(level, 8)}  ${left(verdict, 10)}${note === null ? "" : ` ${note}`}`, style];
}
