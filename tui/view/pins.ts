import type { PinView } from "../../agent/protocol.ts";
import { holderOf, lineCount } from "../board.ts";
import { age, count, instant, shortAge } from "../format.ts";
import { below, inWindow, layout, type Rect, splitCols, splitRows } from "../layout.ts";
import { armedFor, mayOperate, type State, viewNow, visiblePins } from "../model.ts";
import { isWide, pinPanes } from "../pin.ts";
import { selectedIndex } from "../rows.ts";
import { agentNow } from "../snapshot.ts";
import { draw } from "../wave.ts";
import { staleAgent, withoutAgent } from "./absent.ts";
import { drawBoard } from "./board.ts";
import type { Canvas } from "./canvas.ts";
import { drawControllers } from "./controllers.ts";
import { drawEdges } from "./edges.ts";
import { levelBar, pinStyle, stateWord } from "./pin-state.ts";
import { drawRules } from "./rules.ts";
import { type Columns, drawSensor, type Put, sensorAge, sensorStyle, sensorWord } from "./sensor.ts";
import { fittingTitle, left, mark, putSentence, right, title } from "./text.ts";
import { drawWhy } from "./why.ts";

/** Columns of who has a line, on a wide screen. */
const holderCols = 13;

export function drawPins(state: State, canvas: Canvas, now: number): void {
  const { body, single } = layout(canvas.cols, canvas.rows, state.zoom);
  const { pane, data } = state.pins;
  if (pane === pinPanes.board) drawBoard(state, canvas, body);
  else if (single) drawPane(state, canvas, body, now);
  else if (isWide(body.cols)) drawWide(state, canvas, body, now);
  else {
    const many = data?.data.rules.length ?? 0;
    // Who reads them gets all of each.
    const [needed, part] = pane === pinPanes.rules ? [2 * many, 2] : [many, 4];
    const rules = Math.min(Math.max(2, needed + 1), Math.floor(body.rows / part));
    const why = Math.min(8, Math.floor(body.rows / 3));
    const [table, rest] = splitRows(body, body.rows - rules - why);
    const [middle, bottom] = splitRows(rest, why);
    drawTable(state, canvas, table, now);
    if (pane === pinPanes.edges) drawEdges(state, canvas, rest);
    else if (pane === pinPanes.controllers) drawControllers(state, canvas, rest, now);
    else {
      drawWhy(state, canvas, middle, now);
      drawRules(state, canvas, bottom, now);
    }
  }
}

function drawPane(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { pane } = state.pins;
  if (pane === pinPanes.why) drawWhy(state, canvas, rect, now);
  else if (pane === pinPanes.rules) drawRules(state, canvas, rect, now);
  else if (pane === pinPanes.edges) drawEdges(state, canvas, rect);
  else if (pane === pinPanes.controllers) drawControllers(state, canvas, rect, now);
  else drawTable(state, canvas, rect, now);
}

/** Rules, controllers and edges stand beside the causes. */
function drawWide(state: State, canvas: Canvas, body: Rect, now: number): void {
  const pins = visiblePins(state).length;
  const [table, rest] = splitRows(body, Math.min(Math.max(8, pins + 2), Math.floor(body.rows / 2)));
  const cols = Math.floor(rest.cols / 2);
  const [why, side] = splitCols(rest, cols);
  const [rules, edges] = splitRows(side, Math.min((state.pins.data?.data.rules.length ?? 0) + 2, Math.floor(side.rows / 2)));
  drawTable(state, canvas, table, now);
  drawWhy(state, canvas, why, now);
  canvas.vline(cols, rest.row, rest.row + rest.rows - 1);
  drawRules(state, canvas, rules, now);
  const controllers = state.pins.data?.data.controllers?.length ?? 0;
  if (controllers === 0 && state.pins.pane !== pinPanes.controllers) drawEdges(state, canvas, edges);
  else {
    const [upper, lower] = splitRows(edges, Math.min(2 * Math.max(1, controllers) + 1, Math.floor(edges.rows / 2)));
    drawControllers(state, canvas, upper, now);
    drawEdges(state, canvas, lower);
  }
}

function pinsTitle(state: State, cols: number, now: number): string {
  const { data, edgeRate, more } = state.pins;
  if (data === null) return "Pins";
  const { driver, simulated, pins } = data.data;
  const chips = new Set(pins.map((pin) => pin.chip));
  const board = `${[...chips].slice(0, 2).join(" ") || driver}${simulated ? " SIMULATED" : ""}`;
  // A person must see what an Enter would do before they see how busy the board is.
  const lost = staleAgent(state, now);
  if (lost !== null) return `Pins - ${lost} - ${board}`;
  const lines = more.chips === null ? 0 : lineCount(more.chips, pins);
  const rate = `${count(edgeRate)} edges/s - ${arming(state, now)}`;
  const used = `${pins.length}${lines === 0 ? "" : ` of ${lines}`} used`;
  const short = `Pins - ${arming(state, now)}`;
  return fittingTitle(cols, [`Pins ${board} - ${used} - ${rate}`, `Pins ${board} - ${rate}`, `${short} - ${board}`, short]);
}

function arming(state: State, now: number, disarmed = "DISARMED (! arms 60 s)"): string {
  if (state.readOnly) return "READ-ONLY";
  if (!mayOperate(state)) return "LOOK ONLY (this socket may not operate)";
  const armed = armedFor(state, now);
  return armed > 0 ? `ARMED ${armed} s` : disarmed;
}

function drawTable(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const inner = title(canvas, rect, pinsTitle(state, rect.cols, now), state.pins.pane === pinPanes.table);
  const { data } = state.pins;
  if (data === null) {
    const { agent } = state;
    const text = agent.wanted ? `no agent yet: ${agent.problem ?? "connecting"}` : (withoutAgent(state) ?? "");
    putSentence(canvas, inner, text, "dim");
    return;
  }
  const columns = columnsOf(inner.cols);
  const wave = columns.wave === 0 ? "" : `${left(`WAVE (${columns.span / 1000} s)`, columns.wave)}  `;
  canvas.put(inner.row, `  ${left("NAME", columns.name)}${columns.place}STATE     SINCE   ${wave}CAUSE`, "dim", inner.col, inner.cols);
  const visible = visiblePins(state);
  const selected = selectedIndex(state.pins.list, visible);
  const rows = below(inner);
  for (const { item, row, chosen } of inWindow(state.pins.list, visible, selected, rows)) {
    const style = mark(canvas, row, rows, chosen, "text");
    const put: Put = (text, own, col, width) => {
      if (col < rows.cols) canvas.put(row, text, style === "selected" ? style : own, rows.col + col, Math.min(width, rows.cols - col));
    };
    const bad = item.kind === "sensor" ? item.quality !== "ok" : item.problem !== null;
    put(bad ? "!" : style === "selected" ? ">" : " ", "bad", 0, 1);
    if (item.kind === "sensor") drawSensor(state, item, put, columns, now);
    else drawPin(state, item, put, columns, now);
  }
}

function columnsOf(cols: number): Columns {
  // A narrow screen leaves out what is configured, for what happens.
  const narrow = cols < 60;
  const wide = isWide(cols);
  const wave = Math.max(0, Math.min(wide ? 60 - holderCols : 60, 16 + cols - 80 - (wide ? 11 + holderCols : 0)));
  return {
    cols,
    name: narrow ? 11 : 12,
    // Without it there is room for a word of the cause.
    place: cols < 50 ? "" : narrow ? "LINE " : `LINE DIR BIAS ${wide ? `PIN ACTIVE ${left("HOLDER", holderCols)}` : ""}`,
    wave: wave >= 8 ? wave : 0,
    span: wide ? 120_000 : 30_000,
  };
}

function drawPin(state: State, pin: PinView, put: Put, { cols, name, place, wave, span }: Columns, now: number): void {
  const at = agentNow(state.pins.data, viewNow(state, now));
  put(pin.id, "text", 2, name - 1);
  let col = 2 + name;
  const direction = ` ${directionWord(pin)} ${left(biasWord(pin.bias), 4)}`;
  const header = isWide(cols) ? ` ${right(pin.header === null ? "-" : String(pin.header), 3)} ${left(pin.active, 6)}` : "";
  const holder = isWide(cols) ? holderOf(state.pins.more.chips ?? [], pin) : "";
  put(`${right(shortLine(pin), 4)}${place.includes("DIR") ? `${direction}${header}` : ""}`, "text", col, place.length - 1);
  col += place.length;
  if (holder !== "") put(holder, holder === "pinbus" ? "text" : "warn", col - holderCols, holderCols - 1);
  put(stateWord(pin), pinStyle(state, pin), col, 9);
  put(pin.since === null ? "--" : age(at - instant(pin.since)), "text", col + 10, 7);
  col += 18;
  const known = state.pins.waves.get(pin.id);
  if (wave > 0) {
    if (pin.kind === "output" && pin.pwm) put(levelBar(pin.pwm, wave), "text", col, wave);
    else if (known !== undefined) put(draw(known, at, span, wave), "text", col, wave);
    col += wave + 2;
  }
  put(causeWord(pin, at, cols - col), pin.problem === null ? "text" : "bad", col, cols - col);
}

/** The short list beside the topics on a wide screen, where no key arms. */
export function drawPinList(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { data } = state.pins;
  // Without an agent there is nothing that could be armed.
  const lost = data === null ? null : staleAgent(state, now);
  const heading = data === null && !state.readOnly ? "Pins" : `Pins - ${lost ?? arming(state, now, "DISARMED")}`;
  const inner = title(canvas, rect, heading, false);
  if (data === null) {
    canvas.put(inner.row, " no agent", "dim", inner.col, inner.cols);
    return;
  }
  const at = agentNow(data, viewNow(state, now));
  const { pins, sensors = [] } = data.data;
  for (const [offset, pin] of [...pins, ...sensors].slice(0, inner.rows).entries()) {
    const row = inner.row + offset;
    if (pin.kind === "sensor") {
      canvas.put(row, `${pin.quality === "ok" ? " " : "!"}${pin.id}`, sensorStyle(state, pin), inner.col, 22);
      canvas.put(row, sensorWord(pin, 8), sensorStyle(state, pin), inner.col + 23, 8);
      canvas.put(row, sensorAge(state, pin, now), state.agent.up ? "text" : "warn", inner.col + 32, 7);
      continue;
    }
    canvas.put(row, pin.id, "text", inner.col + 1, 13);
    canvas.put(row, `${right(shortLine(pin), 4)} ${directionWord(pin)}`, "text", inner.col + 14, 8);
    canvas.put(row, stateWord(pin), pinStyle(state, pin), inner.col + 23, 8);
    canvas.put(row, pin.since === null ? "--" : age(at - instant(pin.since)), state.agent.up ? "text" : "warn", inner.col + 32, 7);
  }
}

function causeWord(pin: PinView, at: number, width: number): string {
  if (pin.problem !== null) return `! ${pin.problem}`;
  if (pin.kind === "output") {
    if (pin.interlocked !== undefined) return pin.interlocked;
    if (pin.until === null) return pin.cause;
    const left = instant(pin.until) - at;
    return (
      [`${pin.cause} ${age(left)} left`, `${pin.cause} ${shortAge(left)} left`].find((text) => text.length <= width) ??
      `${pin.cause} ${shortAge(left)}`
    );
  }
  if (pin.counter) {
    const { rate, rate_unit, unit, lost } = pin.counter;
    const speed = rate === null ? "" : `${rate} ${rate_unit}`;
    return `${speed || (unit ?? pin.gesture ?? "-")}${lost > 0 ? ` ! ${count(lost)} lost` : ""}`;
  }
  const rejected = pin.glitches + pin.lost;
  // How long after its edge the gesture acted: what makes a button feel slow.
  const acted = pin.gesture === null || pin.gesture_ms == null || rejected > 0 ? "" : ` +${pin.gesture_ms} ms`;
  const gesture = `${pin.gesture ?? "-"}${acted.length + (pin.gesture ?? "").length <= width ? acted : ""}`;
  // What to do about it stands below, in Why.
  const bounces = `${gesture} ! bounces`;
  if (pin.advice !== null && bounces.length <= width) return bounces;
  const words = rejected > 0 ? `${gesture} ! ${count(rejected)} rejected` : gesture;
  return words.length > width ? `${gesture} !${count(rejected)}` : words;
}

function directionWord(pin: PinView): string {
  if (pin.kind === "input") return "in ";
  return pin.pwm === undefined ? "out" : "pwm";
}

/** `GPIO17` → `17`; other names keep their first four characters. */
function shortLine(pin: PinView): string {
  return pin.line.replace(/^(?:GPIO(?=\d)|KEY_|BTN_|SW_)/, "").slice(0, 4);
}

function biasWord(bias: string): string {
  return bias === "pull-up" ? "up" : bias === "pull-down" ? "down" : bias === "disabled" ? "none" : "-";
}
