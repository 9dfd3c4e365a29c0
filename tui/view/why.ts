import type { Change, CounterView, InputDetail, OutputDetail, OutputView, PinView } from "../../agent/protocol.ts";
import { age, count, instant, moment, span, time } from "../format.ts";
import type { Rect } from "../layout.ts";
import { type State, viewNow } from "../model.ts";
import { detailOf, pinPanes, selectedRow } from "../pin.ts";
import { agentNow } from "../snapshot.ts";
import type { Canvas, Line, Style } from "./canvas.ts";
import { sensorLines } from "./sensor.ts";
import { fittingTitle, flow, putLines, sentence, styled, title } from "./text.ts";

/** More than the agent keeps of one output. */
const maxChanges = 200;

/** Why the selected pin is as it is: the cause in words, when it ends, what its contract says, and what was before. */
export function drawWhy(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { pins } = state;
  const pin = selectedRow(state);
  const focused = pins.pane === pinPanes.why;
  if (pin === undefined || pins.data === null) {
    title(canvas, rect, "Why", focused);
    return;
  }
  const at = agentNow(pins.data, viewNow(state, now));
  if (pin.kind === "sensor") {
    const inner = title(canvas, rect, `Sensor ${pin.id} (h l others)`, focused);
    pins.whyScroll.top = putLines(canvas, inner, sensorLines(state, pin, now, inner.cols), pins.whyScroll.top);
    return;
  }
  const changes = pins.why?.output === pin.id ? pins.why.changes.slice(0, maxChanges) : undefined;
  const others = `Why ${pin.id} (h l other pins)`;
  const heading = fittingTitle(rect.cols, [`${others}${historyWord(changes, at)}`, others, `Why ${pin.id} (h l others)`, `Why ${pin.id}`]);
  const inner = title(canvas, rect, heading, focused);
  const lines: Line[] = pin.problem === null ? [] : styled(sentence(`! ${pin.problem}`, inner.cols), "bad");
  if (pin.kind === "input") lines.push(...inputLines(pin, detailOf(state, pin), at, inner.cols));
  else lines.push(...outputLines(state, pin, changes, at, inner.cols));
  if (pin.kind === "output" || pin.counter) lines.push(...changeLines(state, pin, changes, at, inner.cols));
  pins.whyScroll.top = putLines(canvas, inner, lines, pins.whyScroll.top);
}

function historyWord(changes: readonly Change[] | undefined, at: number): string {
  const oldest = changes?.at(-1);
  if (changes === undefined || oldest === undefined) return "";
  return ` - ${count(changes.length)} changes since ${momentOf(oldest.at, at)}`;
}

function place(pin: PinView): string {
  return `${pin.line}${pin.header === null ? "" : ` (header pin ${pin.header})`}  active ${pin.active}`;
}

function inputLines(pin: PinView & { kind: "input" }, detail: InputDetail | undefined, at: number, cols: number): Line[] {
  const since = pin.since === null ? "" : ` since ${momentOf(pin.since, at)} (${age(at - instant(pin.since))})`;
  const level = pin.counter ? `${pin.counter.total}${pin.counter.unit === null ? "" : ` ${pin.counter.unit}`}` : pin.state;
  const lines: Line[] = [[` ${level}${since}  ${place(pin)}`, "bold"]];
  if (pin.counter) lines.push([` ${counted(pin.counter)}`, pin.counter.lost > 0 ? "warn" : "text"]);
  else {
    const facts = [`last gesture ${pin.gesture ?? "none yet"}`, `edges that did not settle ${count(pin.glitches)}`];
    lines.push(...styled(flow([` ${facts[0]}`, facts[1] ?? "", `lost by the kernel ${count(pin.lost)}`], cols, "   "), "text"));
    if (pin.advice !== null) lines.push([` ${pin.advice}`, "warn"]);
    else if (pin.bounce_ms > 0) lines.push([` longest bounce ${count(Math.ceil(pin.bounce_ms))} ms`, "text"]);
  }
  if (detail === undefined) return lines;
  if (detail.debounce_ms > 0) lines.push([` debounce ${span(detail.debounce_ms)}${detail.by_line ? ", by the line itself" : ""}`, "text"]);
  // Every gesture with its wait, counted from the edge of the contact: what makes a button feel slow.
  for (const { gesture, after, ms, why, every_ms: every } of detail.gestures) {
    const again = every === null ? "" : `, then every ${span(every)}`;
    lines.push(...styled(sentence(`${gesture} acts ${ms === 0 ? "when" : `${span(ms)} after`} it ${after}${again}: ${why}`, cols), "text"));
  }
  return lines;
}

function counted({ pulses, lost, rate, rate_unit }: CounterView): string {
  return `${count(pulses)} counted${rate === null ? "" : `   ${rate} ${rate_unit}`}   lost and not counted ${count(lost)}`;
}

function outputLines(state: State, pin: OutputView, changes: readonly Change[] | undefined, at: number, cols: number): Line[] {
  const since = pin.since === null ? "" : ` since ${momentOf(pin.since, at)} (${age(at - instant(pin.since))})`;
  const present = presentOf(pin, changes);
  // The view may be ahead of the answer about its causes.
  const cause = present?.state === pin.state ? present.text.replace(/^(ON|OFF)\b ?/, "") : undefined;
  const reason = cause?.replace(/; ends by (its pulse|max_on)$/, "") || `by ${pin.cause}`;
  const facts = [...endOf(pin, at), ...(pin.interlocked === undefined ? [] : [`LOCK ${pin.interlocked}`]), ...lockOf(pin)];
  const more = contract(state, pin, detailOf(state, pin), at);
  return [
    ...styled(sentence(`${pin.state}${since} ${reason}`, cols), "bold"),
    ...styled(flow([...facts, ...more, place(pin)].map(indented), cols, "   "), pin.interlocked === undefined ? "text" : "warn"),
  ];
}

/** What made the present state: the newest change that moved the output, as a refusal has changed nothing. */
function presentOf(pin: PinView, changes: readonly Change[] | undefined): Change | undefined {
  return pin.kind === "output" ? changes?.find(({ state }) => state === "ON" || state === "OFF") : undefined;
}

function indented(fact: string, index: number): string {
  return index === 0 ? ` ${fact}` : fact;
}

function lockOf({ locked }: OutputView): string[] {
  return locked ? ["LOCK by `pinbus lock`"] : [];
}

/** When the output ends by itself, and by what. */
function endOf(pin: OutputView, at: number): string[] {
  if (pin.until === null) return [];
  const by = pin.pulsing ? "end of the pulse" : "max_on";
  return [`until ${time(instant(pin.until))}, ${age(instant(pin.until) - at)} left (${by})`];
}

/** Whether a minimum is met: `min_on 30 s (met)`, `min_on 30 s (12s left)`; null when the other level has the say. */
export function minimum(pin: OutputView, detail: OutputDetail, at: number): string | null {
  const [name, ms] = pin.state === "ON" ? ["min_on", detail.min_on_ms] : ["min_off", detail.min_off_ms];
  if (ms === 0 || pin.state === "UNKNOWN" || pin.since === null) return null;
  const left = instant(pin.since) + ms - at;
  return `${name} ${span(ms)} (${left > 0 ? `${age(left)} left` : "met"})`;
}

/** The group, and what its other outputs are doing. */
export function interlockWord(state: State, { interlock }: OutputDetail): string | null {
  if (interlock === null) return null;
  const pins = state.pins.data?.data.pins ?? [];
  const partners = interlock.partners.map((id) => {
    const level = pins.find((pin) => pin.id === id)?.state ?? "UNKNOWN";
    return `${id} ${level === "UNKNOWN" ? "unknown" : level === "ON" ? "ON" : "off"}`;
  });
  return `${interlock.group} (${partners.join(", ")}; dead time ${span(interlock.dead_time_ms)})`;
}

function contract(state: State, pin: OutputView, detail: OutputDetail | undefined, at: number): string[] {
  if (detail === undefined) return [];
  const { on_broker_lost: broker, on_peer_offline: peer, max_on_ms: max } = detail;
  const interlock = interlockWord(state, detail);
  const other = pin.state === "ON" ? ["min_off", detail.min_off_ms] : ["min_on", detail.min_on_ms];
  return [
    broker === null ? "on_broker_lost keep" : `on_broker_lost ${broker.do} after ${span(broker.after_ms)}`,
    ...(peer === null ? [] : [`${peer.peer} offline: ${peer.do} after ${span(peer.after_ms)}`]),
    max === null ? "no max_on" : `max_on ${span(max)}`,
    ...[minimum(pin, detail, at)].filter((fact) => fact !== null),
    ...(other[1] === 0 ? [] : [`${other[0]} ${span(Number(other[1]))}`]),
    ...(interlock === null ? [] : [`interlock ${interlock}`]),
  ];
}

function changeLines(state: State, pin: PinView, changes: readonly Change[] | undefined, at: number, cols: number): Line[] {
  if (changes === undefined) return [[state.agent.up ? " asking for the causes" : " the causes are not known: no agent", "dim"]];
  if (changes.length === 0) return [[" no change is known yet", "dim"]];
  const present = presentOf(pin, changes);
  const { frozen, pins } = state;
  const later = frozen !== null && pins.why !== null && pins.why.at > frozen.at;
  const note: Line[] = later ? [[` not frozen: asked for at ${time(pins.why?.at ?? 0)}, after the freeze`, "warn"]] : [];
  const told = changes.flatMap((change): Line[] => {
    // It stands above.
    if (change === present && change.state === pin.state) return [];
    const until = change.until === null || change.text.startsWith("REFUSED") ? "" : ` ${time(instant(change.until))}`;
    const text = change.text.replace(/; ends by (its pulse|max_on)$/, `; to end${until} by $1`);
    const allowed = change.allowed_at === undefined ? "" : `; allowed from ${time(instant(change.allowed_at))}`;
    return styled(sentence(`${momentOf(change.at, at)} ${text}${allowed}`, cols), changeStyle(change));
  });
  return [...note, ...told];
}

function changeStyle({ state }: Change): Style {
  return state === "REFUSED" ? "warn" : state === "FAILED" ? "bad" : "text";
}

function momentOf(iso: string | null, now: number): string {
  return Number.isNaN(instant(iso)) ? "--:--:--" : moment(instant(iso), now);
}
