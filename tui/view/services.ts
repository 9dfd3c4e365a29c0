import type { ServiceView } from "../../agent/protocol.ts";
import { age, instant, moment, size } from "../format.ts";
import { below, inWindow, layout, type Rect, splitCols, splitRows } from "../layout.ts";
import { type State, viewNow, visibleServices } from "../model.ts";
import { selectedIndex } from "../rows.ts";
import { selectedUnit, shownLog } from "../service-ask.ts";
import { actionsProblem } from "../service-keys.ts";
import { logPanes } from "../service-log.ts";
import { agentNow } from "../snapshot.ts";
import { staleAgent, withoutAgent } from "./absent.ts";
import type { Canvas, Line, Style } from "./canvas.ts";
import { drawLog } from "./service-log.ts";
import { flow, left, mark, putLines, putSentence, right, sentence, separate, styled, title } from "./text.ts";

/** From here on a log file stands beside the journal. */
const wide = 130;

export function drawServices(state: State, canvas: Canvas, now: number): void {
  const { body, single } = layout(canvas.cols, canvas.rows, state.zoom);
  const { pane } = state.services;
  if (single) {
    if (pane === 0) drawTable(state, canvas, body, now);
    else if (pane === 1) drawDetail(state, canvas, body, now);
    else drawLog(state, canvas, body, pane === logPanes.file ? "file" : "journal", now);
    return;
  }
  const units = visibleServices(state).length;
  const [table, below] = splitRows(body, Math.min(Math.max(units + 2, 5), Math.floor(body.rows / 3) + 1));
  const [detail, rest] = splitRows(below, 4);
  drawTable(state, canvas, table, now);
  drawDetail(state, canvas, detail, now);
  const both = body.cols >= wide && (selectedUnit(state)?.log_file !== undefined || pane === logPanes.file);
  if (!both) {
    drawLog(state, canvas, rest, shownLog(state), now);
    return;
  }
  const half = Math.floor(rest.cols / 2);
  const [journal, file] = splitCols(rest, half);
  drawLog(state, canvas, journal, "journal", now);
  drawLog(state, canvas, file, "file", now);
  separate(canvas, rest, half);
}

function drawTable(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { services, agent } = state;
  const { data } = services;
  const units = visibleServices(state);
  const failed = units.filter((unit) => unit.active === "failed").length;
  const lost = agent.wanted ? staleAgent(state, now) : null;
  const name = { all: "Units", system: "System units", user: "User units" }[services.manager];
  const inner = title(canvas, rect, `${name} ${units.length} - failed ${failed}${lost === null ? "" : ` - ${lost}`}`, services.pane === 0);
  if (data === null || units.length === 0) {
    const text = !agent.wanted
      ? (withoutAgent(state) ?? "")
      : data === null
        ? `no services yet: ${agent.up ? "asking" : (agent.problem ?? "connecting")}`
        : data.data.length === 0
          ? "no unit is listed under services: in the configuration"
          : services.filter.text === ""
            ? `no unit of the ${services.manager} is listed: u shows the others`
            : "no unit matches the filter";
    putSentence(canvas, inner, text, "dim");
    return;
  }
  const column = Math.max(12, Math.min(40, inner.cols - 55));
  canvas.put(
    inner.row,
    `  ${left("UNIT", column)}${columns("ACTIVE", "SUB", "SINCE", "CPU", "MEM", "RESTARTS")}`,
    "dim",
    inner.col,
    inner.cols,
  );
  const selected = selectedIndex(
    services.list,
    units.map(({ unit }) => ({ id: unit })),
  );
  const rows = below(inner);
  const at = agentNow(data, viewNow(state, now));
  for (const { item: unit, row, chosen } of inWindow(services.list, units, selected, rows)) {
    const style = mark(canvas, row, rows, chosen, unitStyle(unit));
    const flag = unit.active === "failed" || unit.problem !== null ? "!" : chosen ? ">" : " ";
    canvas.put(row, flag, style === "selected" ? style : "bad", rows.col, 1);
    canvas.put(row, unit.unit, style, rows.col + 2, column - 1);
    const text = unit.problem !== null ? unit.problem : cells(state, unit, at);
    if (rows.cols > column + 2) canvas.put(row, text, style, rows.col + 2 + column, rows.cols - column - 2);
  }
}

function cells(state: State, unit: ServiceView, at: number): string {
  const share = state.services.cpu.get(unit.unit)?.share ?? null;
  return columns(
    unit.active,
    unit.sub,
    unit.since === null ? "-" : age(at - instant(unit.since)),
    share === null ? "-" : `${(share * 100).toFixed(1)} %`,
    unit.memory === null ? "-" : size(unit.memory),
    unit.restarts === null ? "-" : String(unit.restarts),
  );
}

function columns(active: string, sub: string, since: string, cpu: string, memory: string, restarts: string): string {
  return `${left(active.slice(0, 9), 10)}${left(sub.slice(0, 9), 10)}${left(since, 8)}${right(cpu, 7)}${right(memory, 7)}${right(restarts, 10)}`;
}

function drawDetail(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { services } = state;
  const unit = selectedUnit(state);
  const inner = title(canvas, rect, unit === undefined ? "Unit" : unit.unit, services.pane === 1);
  if (unit === undefined || services.data === null) return;
  const at = agentNow(services.data, viewNow(state, now));
  const lines: Line[] = [];
  if (unit.problem !== null) lines.push(...styled(sentence(`! ${unit.problem}`, inner.cols), "bad"));
  const sub = ["", "-", unit.active].includes(unit.sub) ? "" : ` (${unit.sub})`;
  const since = unit.since === null ? "" : ` for ${age(at - instant(unit.since))}, since ${moment(instant(unit.since), at)}`;
  lines.push([` ${unit.active}${sub}${since}`, "bold"]);
  lines.push(...styled(flow(factsOf(unit, at), inner.cols), "text"));
  lines.push(...styled(sentence(`actions: ${actionsProblem(state, unit) ?? `${unit.control?.join(", ")} (Enter)`}`, inner.cols), "dim"));
  services.detail.top = putLines(canvas, inner, lines, services.detail.top);
}

function factsOf(unit: ServiceView, at: number): string[] {
  const failed = unit.result === undefined ? "" : ` (${unit.result})`;
  const ended = unit.exit === undefined ? (unit.result ?? null) : `${unit.exit}${failed}`;
  const facts = [unit.pid === undefined ? " no main process" : ` main pid ${unit.pid}`];
  if (ended !== null) facts.push(ended);
  if (unit.restart_at !== undefined) facts.push(`next restart in ${age(instant(unit.restart_at) - at)}`);
  facts.push(`restarts ${unit.restarts ?? "not known"}`, `memory ${unit.memory === null ? "not known" : size(unit.memory)}`);
  if (unit.user === true) facts.push("a unit of the user");
  return facts;
}

function unitStyle(unit: ServiceView): Style {
  if (unit.problem !== null || unit.active === "failed") return "bad";
  return unit.active === "active" ? "text" : "dim";
}
