import type { Change, CounterView, OutputView, PinView } from "../../agent/protocol.ts";
import { age, clock, count, instant, time } from "../format.ts";
import { layout, type Rect, scrollTo, splitRows } from "../layout.ts";
import { agentNow, mayOperate, type State, viewNow, visiblePins } from "../model.ts";
import { selectedIndex } from "../rows.ts";
import { draw } from "../wave.ts";
import type { Canvas, Style } from "./canvas.ts";
import { left, mark, putLines, right, title } from "./text.ts";

const waveSpan = 30_000;

export function drawPins(state: State, canvas: Canvas, now: number): void {
  const { body, single } = layout(canvas.cols, canvas.rows, state.zoom);
  const { pane, data } = state.pins;
  if (single) {
    if (pane === 0) drawTable(state, canvas, body, now);
    else if (pane === 1) drawWhy(state, canvas, body, now);
    else drawRules(state, canvas, body, now);
    return;
  }
  const rules = Math.min(Math.max(2, (data?.data.rules.length ?? 0) + 1), Math.floor(body.rows / 4));
  const why = Math.min(7, Math.floor(body.rows / 3));
  const [table, rest] = splitRows(body, body.rows - rules - why);
  const [middle, bottom] = splitRows(rest, why);
  drawTable(state, canvas, table, now);
  drawWhy(state, canvas, middle, now);
  drawRules(state, canvas, bottom, now);
}

function pinsTitle(state: State, cols: number, now: number): string {
  const { data, edgeRate } = state.pins;
  if (data === null) return "Pins";
  const { driver, simulated, pins } = data.data;
  const chips = new Set(pins.map((pin) => pin.chip));
  const board = `${[...chips].slice(0, 2).join(" ") || driver}${simulated ? " SIMULATED" : ""}`;
  // A person must see what an Enter would do before they see how busy the board is.
  if (!state.agent.up) return `Pins - STALE ${age(now - state.agent.since)}, no agent - ${board}`;
  const full = `Pins ${board} - ${pins.length} used - ${count(edgeRate)} edges/s - ${arming(state, now)}`;
  // A rule needs a column before, one after, and brackets when it is focused.
  if (full.length + 5 <= cols) return full;
  const short = `Pins ${board} - ${count(edgeRate)} edges/s - ${arming(state, now)}`;
  return short.length + 5 <= cols ? short : `Pins - ${arming(state, now)} - ${board}`;
}

function arming(state: State, now: number): string {
  if (state.readOnly) return "READ-ONLY";
  if (!mayOperate(state)) return "LOOK ONLY (this socket may not operate)";
  return state.armedUntil > now ? `ARMED ${Math.ceil((state.armedUntil - now) / 1000)} s` : "DISARMED (! arms 60 s)";
}

function drawTable(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const inner = title(canvas, rect, pinsTitle(state, rect.cols, now), state.pins.pane === 0);
  const { data } = state.pins;
  if (data === null) {
    const { agent } = state;
    const text = agent.wanted ? `no agent yet: ${agent.problem ?? "connecting"}` : "no agent here: --host user@pi looks at another machine";
    canvas.put(inner.row, text, "dim", inner.col, inner.cols);
    return;
  }
  const waveCols = Math.max(0, Math.min(60, 16 + inner.cols - 80));
  const nameCols = inner.cols < 60 ? 10 : 12;
  const wave = waveCols >= 8 ? `${left("WAVE (30 s)", waveCols)}  ` : "";
  canvas.put(inner.row, `  ${left("NAME", nameCols)}LINE DIR BIAS STATE     SINCE   ${wave}CAUSE`, "dim", inner.col, inner.cols);
  const pins = visiblePins(state);
  const selected = selectedIndex(state.pins.list, pins);
  const rows = { ...inner, row: inner.row + 1, rows: inner.rows - 1 };
  const top = scrollTo(state.pins.list, selected, pins.length, rows.rows);
  const at = agentNow(data, viewNow(state, now));
  for (const [offset, pin] of pins.slice(top, top + Math.max(0, rows.rows)).entries()) {
    const row = rows.row + offset;
    const style = mark(canvas, row, rows, top + offset === selected, "text");
    const put = (text: string, own: Style, col: number, width: number) => {
      if (col < rows.cols) canvas.put(row, text, style === "selected" ? style : own, rows.col + col, Math.min(width, rows.cols - col));
    };
    put(pin.problem !== null ? "!" : style === "selected" ? ">" : " ", "bad", 0, 1);
    put(pin.id, "text", 2, nameCols - 1);
    let col = 2 + nameCols;
    put(`${right(shortLine(pin), 4)} ${pin.kind === "output" ? "out" : "in "} ${left(biasWord(pin.bias), 4)}`, "text", col, 13);
    col += 14;
    put(stateWord(pin), pinStyle(state, pin), col, 9);
    put(pin.since === null ? "--" : age(at - instant(pin.since)), "text", col + 10, 7);
    col += 18;
    const known = state.pins.waves.get(pin.id);
    if (waveCols >= 8) {
      if (known !== undefined) put(draw(known, at, waveSpan, waveCols), "text", col, waveCols);
      col += waveCols + 2;
    }
    put(causeWord(pin, at, rows.cols - col), pin.problem === null ? "text" : "bad", col, rows.cols - col);
  }
}

/** The short list beside the topics on a wide screen. */
export function drawPinList(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const inner = title(canvas, rect, `Pins - ${arming(state, now)}`, false);
  const { data } = state.pins;
  if (data === null) {
    canvas.put(inner.row, " no agent", "dim", inner.col, inner.cols);
    return;
  }
  const at = agentNow(data, viewNow(state, now));
  for (const [offset, pin] of data.data.pins.slice(0, inner.rows).entries()) {
    const row = inner.row + offset;
    canvas.put(row, pin.id, "text", inner.col + 1, 13);
    canvas.put(row, `${right(shortLine(pin), 4)} ${pin.kind === "output" ? "out" : "in "}`, "text", inner.col + 14, 8);
    canvas.put(row, stateWord(pin), pinStyle(state, pin), inner.col + 23, 8);
    canvas.put(row, pin.since === null ? "--" : age(at - instant(pin.since)), state.agent.up ? "text" : "warn", inner.col + 32, 7);
  }
}

function drawWhy(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { pins } = state;
  const visible = visiblePins(state);
  const pin = visible[selectedIndex(pins.list, visible)];
  const inner = title(canvas, rect, pin === undefined ? "Why" : `Why ${pin.id}`, pins.pane === 1);
  if (pin === undefined || pins.data === null) return;
  const at = agentNow(pins.data, viewNow(state, now));
  const lines: [string, Style][] = [];
  if (pin.problem !== null) lines.push([` ! ${pin.problem}`, "bad"]);
  const since = pin.since === null ? "" : ` since ${time(instant(pin.since))}`;
  lines.push([
    ` ${pin.kind === "input" && pin.counter ? counted(pin.counter) : pin.state}${since}  ${pin.line}${pin.header === null ? "" : ` (header pin ${pin.header})`}  active ${pin.active}`,
    "bold",
  ]);
  if (pin.kind === "input" && pin.counter) {
    const { pulses, lost } = pin.counter;
    lines.push([` ${count(pulses)} counted${rate(pin.counter)}   lost and not counted ${count(lost)}`, lost > 0 ? "warn" : "text"]);
  } else if (pin.kind === "input") {
    lines.push([
      ` last gesture ${pin.gesture ?? "none yet"}   edges that did not settle ${count(pin.glitches)}   lost by the kernel ${count(pin.lost)}`,
      "text",
    ]);
    if (pin.advice !== null) lines.push([` ${pin.advice}`, "warn"]);
    else if (pin.bounce_ms > 0) lines.push([` longest bounce ${count(Math.ceil(pin.bounce_ms))} ms`, "text"]);
  } else {
    lines.push([` by ${pin.cause}${until(pin, at)}`, "text"]);
    if (pins.why?.output === pin.id)
      for (const change of pins.why.changes.slice(0, 100)) lines.push([changeLine(change), changeStyle(change)]);
    else lines.push([state.agent.up ? " asking for the causes" : " the causes are not known: no agent", "dim"]);
  }
  pins.whyScroll.top = putLines(canvas, inner, lines, pins.whyScroll.top);
}

function drawRules(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { data, pane, rulesScroll } = state.pins;
  const rules = data?.data.rules ?? [];
  const inner = title(canvas, rect, `Rules ${rules.length}`, pane === 2);
  if (data === null) return;
  const at = agentNow(data, viewNow(state, now));
  const width = Math.min(20, Math.max(0, ...rules.map(({ id }) => id.length)));
  const lines = rules.map((rule): [string, Style] => {
    const last = rule.last === null ? "never fired" : `last fired ${age(at - instant(rule.last))} ago`;
    return [`  ${left(rule.id, width)}  ${left(last, 21)} fired ${left(count(rule.fired), 7)} ${rule.text}`, "text"];
  });
  rulesScroll.top = putLines(canvas, inner, lines, rulesScroll.top);
}

function counted({ total, unit }: CounterView): string {
  return `${total}${unit === null ? "" : ` ${unit}`}`;
}

function rate({ rate, rate_unit }: CounterView): string {
  return rate === null ? "" : `   ${rate} ${rate_unit}`;
}

function stateWord(pin: PinView): string {
  if (pin.kind === "input" && pin.counter && pin.problem === null) return String(pin.counter.total).slice(0, 9);
  if (pin.state === "UNKNOWN") return "unknown";
  if (pin.kind === "output") {
    const level = pin.state === "ON" ? "ON" : "off";
    return pin.locked ? `${level} LOCK` : pin.pulsing ? "PULSE" : level;
  }
  return pin.state === "ON" ? "1 active" : "0";
}

function pinStyle(state: State, pin: PinView): Style {
  if (pin.problem !== null) return "bad";
  if (!state.agent.up) return "warn";
  if (pin.kind === "input" && pin.counter) return "on";
  if (pin.state === "UNKNOWN") return "warn";
  return pin.state === "ON" ? "on" : "off";
}

function causeWord(pin: PinView, at: number, width: number): string {
  if (pin.problem !== null) return `! ${pin.problem}`;
  if (pin.kind === "output") return `${pin.cause}${pin.until === null ? "" : ` ${age(instant(pin.until) - at)} left`}`;
  if (pin.counter) {
    const { rate, rate_unit, unit, lost } = pin.counter;
    const speed = rate === null ? "" : `${rate} ${rate_unit}`;
    return `${speed || (unit ?? pin.gesture ?? "-")}${lost > 0 ? ` ! ${count(lost)} lost` : ""}`;
  }
  const rejected = pin.glitches + pin.lost;
  const gesture = pin.gesture ?? "-";
  // What to do about it stands below, in Why.
  const bounces = `${gesture} ! bounces`;
  if (pin.advice !== null && bounces.length <= width) return bounces;
  const words = rejected > 0 ? `${gesture} ! ${count(rejected)} rejected` : gesture;
  return words.length > width ? `${gesture} !${count(rejected)}` : words;
}

function until(pin: OutputView, at: number): string {
  if (pin.until === null) return "";
  return `   until ${time(instant(pin.until))}, ${age(instant(pin.until) - at)} left${pin.pulsing ? " (pulse)" : " (max-on)"}`;
}

function changeLine(change: Change): string {
  const at = instant(change.at);
  const detail = change.detail === null ? "" : ` (${change.detail})`;
  return ` ${Number.isNaN(at) ? "--" : clock(at)} ${left(change.state, 8)} ${change.cause}${detail}`;
}

function changeStyle(change: Change): Style {
  return change.state === "REFUSED" ? "warn" : change.state === "FAILED" ? "bad" : "text";
}

/** `GPIO17` → `17`; other names keep their first four characters. */
function shortLine(pin: PinView): string {
  return pin.line.replace(/^GPIO(?=\d)/, "").slice(0, 4);
}

function biasWord(bias: string): string {
  return bias === "pull-up" ? "up" : bias === "pull-down" ? "down" : bias === "disabled" ? "none" : "-";
}
