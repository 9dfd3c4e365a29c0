import type { ServiceView } from "../../agent/protocol.ts";
import { age, instant, size } from "../format.ts";
import { layout, type Rect, scrollTo, splitRows } from "../layout.ts";
import { agentNow, type State, viewNow, visibleServices } from "../model.ts";
import { selectedIndex } from "../rows.ts";
import type { Canvas, Style } from "./canvas.ts";
import { left, mark, putLines, right, title } from "./text.ts";

export function drawServices(state: State, canvas: Canvas, now: number): void {
  const { body, single } = layout(canvas.cols, canvas.rows, state.zoom);
  if (single) {
    if (state.services.pane === 0) drawTable(state, canvas, body, now);
    else drawDetail(state, canvas, body, now);
    return;
  }
  const [table, detail] = splitRows(body, body.rows - Math.min(7, Math.floor(body.rows / 3)));
  drawTable(state, canvas, table, now);
  drawDetail(state, canvas, detail, now);
}

function drawTable(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { services, agent } = state;
  const { data } = services;
  const units = visibleServices(state);
  const failed = units.filter((unit) => unit.active === "failed").length;
  const lost = agent.up ? "" : ` - STALE ${age(now - agent.since)}, no agent`;
  const inner = title(canvas, rect, `Units ${units.length} - failed ${failed}${lost}`, services.pane === 0);
  if (data === null || units.length === 0) {
    const text = !agent.wanted
      ? "no agent here: --host user@pi looks at another machine"
      : data === null
        ? `no services yet: ${agent.up ? "asking" : (agent.problem ?? "connecting")}`
        : services.filter.text === ""
          ? "no unit is listed under services: in the configuration"
          : "no unit matches the filter";
    canvas.put(inner.row, text, "dim", inner.col, inner.cols);
    return;
  }
  const name = Math.max(12, Math.min(40, inner.cols - 55));
  canvas.put(
    inner.row,
    `  ${left("UNIT", name)}${columns("ACTIVE", "SUB", "SINCE", "CPU", "MEM", "RESTARTS")}`,
    "dim",
    inner.col,
    inner.cols,
  );
  const selected = selectedIndex(
    services.list,
    units.map(({ unit }) => ({ id: unit })),
  );
  const rows = { ...inner, row: inner.row + 1, rows: inner.rows - 1 };
  const top = scrollTo(services.list, selected, units.length, rows.rows);
  const at = agentNow(data, viewNow(state, now));
  for (const [offset, unit] of units.slice(top, top + Math.max(0, rows.rows)).entries()) {
    const row = rows.row + offset;
    const style = mark(canvas, row, rows, top + offset === selected, unitStyle(unit));
    const flag = unit.active === "failed" || unit.problem !== null ? "!" : top + offset === selected ? ">" : " ";
    canvas.put(row, flag, style === "selected" ? style : "bad", rows.col, 1);
    canvas.put(row, unit.unit, style, rows.col + 2, name - 1);
    const text = unit.problem !== null ? unit.problem : cells(state, unit, at);
    if (rows.cols > name + 2) canvas.put(row, text, style, rows.col + 2 + name, rows.cols - name - 2);
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
  return `${left(active, 10)}${left(sub, 10)}${left(since, 8)}${right(cpu, 7)}${right(memory, 7)}${right(restarts, 10)}`;
}

function drawDetail(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { services } = state;
  const units = visibleServices(state);
  const unit =
    units[
      selectedIndex(
        services.list,
        units.map(({ unit }) => ({ id: unit })),
      )
    ];
  const inner = title(canvas, rect, unit === undefined ? "Unit" : unit.unit, services.pane === 1);
  if (unit === undefined || services.data === null) return;
  const at = agentNow(services.data, viewNow(state, now));
  const lines: [string, Style][] = [];
  if (unit.problem !== null) lines.push([` ! ${unit.problem}`, "bad"]);
  lines.push([
    ` ${unit.active}${unit.sub === "" || unit.sub === "-" ? "" : ` (${unit.sub})`}${unit.since === null ? "" : ` for ${age(at - instant(unit.since))}, since ${unit.since}`}`,
    "bold",
  ]);
  lines.push([` memory ${unit.memory === null ? "not known" : size(unit.memory)}   restarts ${unit.restarts ?? "not known"}`, "text"]);
  lines.push([` seen ${age(viewNow(state, now) - services.data.received)} ago   journalctl -u ${unit.unit} has its log`, "dim"]);
  services.detail.top = putLines(canvas, inner, lines, services.detail.top);
}

function unitStyle(unit: ServiceView): Style {
  if (unit.problem !== null || unit.active === "failed") return "bad";
  return unit.active === "active" ? "text" : "dim";
}
