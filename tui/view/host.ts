import { age } from "../format.ts";
import { agentFacts, agentProblems, type HostFigures, type HostRow, hostRows, hostSlots } from "../host.ts";
import { inWindow, layout, type Rect, splitRows } from "../layout.ts";
import { type State, viewNow } from "../model.ts";
import { selectedIndex } from "../rows.ts";
import type { Snapshot } from "../snapshot.ts";
import { spark } from "../spark.ts";
import { staleAgent, withoutAgent } from "./absent.ts";
import type { Canvas } from "./canvas.ts";
import { flow, mark, putLines, putSentence, sentence, styled, title } from "./text.ts";

const labelCols = 6;
const textCols = 11;

export function drawHost(state: State, canvas: Canvas, now: number): void {
  const { body, single } = layout(canvas.cols, canvas.rows, state.zoom);
  const { pane } = state.host;
  if (single) {
    if (pane === 0) drawMachine(state, canvas, body, now);
    else drawAgent(state, canvas, body, now);
    return;
  }
  const rows = Math.max(7, Math.min(hostRows(state.host).length + 1, Math.floor(body.rows / 2)));
  const [machine, agent] = splitRows(body, rows);
  drawMachine(state, canvas, machine, now);
  drawAgent(state, canvas, agent, now);
}

function drawMachine(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { host } = state;
  const inner = title(canvas, rect, machineTitle(state, now), host.pane === 0);
  if (host.data === null) {
    putSentence(canvas, inner, withoutAgent(state) ?? "asking the agent", "dim");
    return;
  }
  const rows = hostRows(host);
  if (rows.length === 0) canvas.put(inner.row, " no row matches the filter", "dim", inner.col, inner.cols);
  const selected = selectedIndex(host.list, rows);
  for (const { item, row, chosen } of inWindow(host.list, rows, selected, inner))
    drawRow(state, canvas, inner, row, item, chosen, host.data.data);
}

function machineTitle(state: State, now: number): string {
  const { host } = state;
  if (host.data === null) return "Host";
  const lost = staleAgent(state, now);
  if (lost !== null) return `Host - ${lost}`;
  const { machine, values } = host.data.data.view;
  const up = Number.parseFloat(values["host/uptime"] ?? "");
  const parts = ["Host", machine.model ?? "", machine.os ?? "", Number.isNaN(up) ? "" : `up ${age(up * 1000)}`];
  return parts.filter((part) => part !== "").join(" - ");
}

function drawRow(state: State, canvas: Canvas, rect: Rect, row: number, line: HostRow, selected: boolean, figures: HostFigures): void {
  const style = mark(canvas, row, rect, selected, state.agent.up ? line.style : "warn");
  const flag = line.style === "bad" || line.style === "warn" ? "!" : selected ? ">" : " ";
  canvas.put(row, flag, style, rect.col, 1);
  canvas.put(row, line.label, style, rect.col + 2, labelCols - 1);
  let col = rect.col + 2 + labelCols;
  const right = rect.col + rect.cols;
  const words = line.bars === null ? `${line.text}   ${line.more}` : line.text;
  canvas.put(row, words, style, col, Math.max(0, Math.min(right - col, line.bars === null ? right - col : textCols)));
  if (line.bars === null) return;
  col += textCols;
  const width = Math.min(hostSlots, right - col - (line.more === "" ? 0 : line.more.length + 2));
  if (width >= 8) {
    canvas.put(row, line.bars === "cpu" ? spark(figures.cpu, hostSlots, width, 0, 100) : warmth(figures, width), style, col, width);
    col += width + 2;
  }
  if (col < right) canvas.put(row, line.more, style, col, right - col);
}

/** Between the coldest and the hottest that was seen, and five degrees at least: noise is not a fever. */
function warmth({ temperature }: HostFigures, width: number): string {
  const known = temperature.filter((value) => !Number.isNaN(value));
  const low = Math.min(...known);
  return spark(temperature, hostSlots, width, low, Math.max(low + 5, ...known));
}

function drawAgent(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { host } = state;
  const inner = title(canvas, rect, agentTitle(host.data, now), host.pane === 1);
  if (host.data === null) return;
  const problems = agentProblems(host.data).flatMap(({ text, style }) => styled(sentence(text, inner.cols), style));
  const facts = agentFacts(host.data, viewNow(state, now)).flatMap(([facts, style]) =>
    styled(flow([` ${facts[0] ?? ""}`, ...facts.slice(1)], inner.cols), style),
  );
  const lines = [...problems, ...facts];
  host.checks.top = putLines(canvas, inner, lines, host.checks.top);
}

function agentTitle(data: Snapshot<HostFigures> | null, now: number): string {
  if (data === null) return "pinbus";
  const { values, health } = data.data.view;
  const up = Number.parseFloat(values.uptime ?? "");
  const parts = [values.version ?? "pinbus", Number.isNaN(up) ? "" : `up ${age(up * 1000)}`, health];
  return [...parts.filter((part) => part !== ""), `seen ${age(now - data.received)} ago`].join(" - ");
}
