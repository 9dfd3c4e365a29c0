import { type FleetNode, type FleetState, type FleetTab, maxNodes, rateOf, stateOf, visibleNodes } from "../fleet.ts";
import { age, count, dateTime, instant, shortAge } from "../format.ts";
import { below, inWindow, layout, type Rect, splitRows } from "../layout.ts";
import { type State, viewNow } from "../model.ts";
import { selectedIndex } from "../rows.ts";
import { withoutBroker } from "./absent.ts";
import type { Canvas, Style } from "./canvas.ts";
import { flow, left, mark, putLines, putSentence, right, sentence, styled, title } from "./text.ts";

const detailRows = 7;

export function drawFleet(state: State, canvas: Canvas, now: number): void {
  const { body, single } = layout(canvas.cols, canvas.rows, state.zoom);
  const at = viewNow(state, now);
  const nodes = visibleNodes(state.fleet, state.mqtt, at);
  if (single) {
    if (state.fleet.pane === 0) drawNodes(state, canvas, body, nodes, at);
    else drawDetail(state, canvas, body, nodes, at);
    return;
  }
  const [list, detail] = splitRows(body, body.rows - detailRows);
  drawNodes(state, canvas, list, nodes, at);
  drawDetail(state, canvas, detail, nodes, at);
}

function fleetTitle({ fleet, mqtt }: State, nodes: readonly FleetNode[], now: number): string {
  const states = nodes.map((node) => stateOf(node, mqtt, now));
  const many = (wanted: FleetState) => states.filter((state) => state === wanted).length;
  const sorted = fleet.sort === "name" ? [] : [`by ${fleet.sort}`];
  const unknown = many("unknown") > 0 ? [`${many("unknown")} unknown`] : [];
  const full = nodes.length >= maxNodes ? " (no more are kept)" : "";
  const parts = [
    `${nodes.length} node${nodes.length === 1 ? "" : "s"}${full}`,
    `${many("up")} up`,
    `${many("late")} late`,
    `${many("DOWN")} down`,
    ...unknown,
    ...sorted,
  ];
  return !mqtt.up && nodes.length > 0
    ? `Fleet - STALE ${age(now - mqtt.since)}, not connected - ${nodes.length} nodes`
    : `Fleet ${parts.join(" - ")}`;
}

function drawNodes(state: State, canvas: Canvas, rect: Rect, nodes: readonly FleetNode[], now: number): void {
  const { fleet, mqtt } = state;
  const inner = title(canvas, rect, fleetTitle(state, nodes, now), fleet.pane === 0);
  if (nodes.length === 0) {
    const none = fleet.filter.text === "" ? "no pinbus has told of itself on this broker yet" : "no node matches the filter";
    putSentence(canvas, inner, withoutBroker(state) ?? none, "dim");
    return;
  }
  const name = Math.max(12, Math.min(40, inner.cols - 78));
  const head = columns("STATE", "SEEN", "VERSION", "TEMP", "LOAD", "MEM", "DISK", "MSG/S");
  canvas.put(inner.row, `  ${left("NODE", name)}${head}  ALERTS`, "dim", inner.col, inner.cols);
  const rows = below(inner);
  for (const { item: node, row, chosen } of inWindow(fleet.list, nodes, selectedNode(fleet, nodes), rows)) {
    const word = stateOf(node, mqtt, now);
    const style = mark(canvas, row, rows, chosen, mqtt.up ? stateStyle(word, node) : "warn");
    canvas.put(row, word === "DOWN" ? "!" : style === "selected" ? ">" : " ", style, rows.col, 1);
    canvas.put(row, nodeName(node), style, rows.col + 2, name - 1);
    const text = `${cells(node, word, now)}  ${alerts(node, word)}`;
    if (rows.cols > name + 2) canvas.put(row, text, style, rows.col + 2 + name, rows.cols - name - 2);
  }
}

function selectedNode({ list }: FleetTab, nodes: readonly FleetNode[]): number {
  return selectedIndex(
    list,
    nodes.map(({ base }) => ({ id: base })),
  );
}

/** The node alone where the prefix is the usual one. */
function nodeName({ base }: FleetNode): string {
  return base.startsWith("pinbus/") ? base.slice("pinbus/".length) : base;
}

function stateStyle(word: FleetState, { health }: FleetNode): Style {
  if (word === "DOWN") return "bad";
  if (word !== "up") return "warn";
  return health !== null && health.health !== "ok" ? "warn" : "text";
}

function columns(
  state: string,
  seen: string,
  version: string,
  temp: string,
  load: string,
  mem: string,
  disk: string,
  rate: string,
): string {
  const figures = `${right(temp, 6)}${right(load, 6)}${right(mem, 5)}${right(disk, 6)}${right(rate, 7)}`;
  return `${left(state, 8)}${left(seen, 6)}${left(version, 8)}${figures}`;
}

function cells(node: FleetNode, word: FleetState, now: number): string {
  const { values, info } = node;
  const number = (name: string) => Number(values.get(name) ?? Number.NaN);
  const share = (part: number, whole: number) => (Number.isNaN(part / whole) ? "-" : `${Math.round((part * 100) / whole)}%`);
  const plain = (value: number, digits: number, unit = "") => (Number.isNaN(value) ? "-" : `${value.toFixed(digits)}${unit}`);
  const gone = word === "DOWN";
  const used = number("host/disk/used");
  return columns(
    word,
    seen(node, now),
    ascii(info?.version ?? "-"),
    gone ? "-" : plain(number("host/temperature"), 0, " C"),
    gone ? "-" : plain(number("host/load/1min"), 2),
    gone ? "-" : share(number("host/memory/used"), number("host/memory/total")),
    gone ? "-" : share(used, used + number("host/disk/free")),
    gone ? "-" : plain(rateOf(node), 1),
  );
}

/** How long ago it said something itself; what the broker had kept tells no time. */
function seen({ heard }: FleetNode, now: number): string {
  return heard === null ? "-" : shortAge(now - heard);
}

/** A wide character would shift the columns behind it. */
function ascii(text: string): string {
  return text.replace(/[^ -~]/g, "?");
}

function alerts({ health, heard }: FleetNode, word: FleetState): string {
  if (word === "DOWN") return "last will, or stopped";
  const silent = word === "late" ? [heard === null ? "never heard" : "late"] : [];
  const problems = health?.problems ?? [];
  const more = problems.length > 1 ? [`${count(problems.length)} problems`] : [];
  return [...silent, ...more, ...problems.slice(0, 1)].join(": ");
}

function drawDetail(state: State, canvas: Canvas, rect: Rect, nodes: readonly FleetNode[], now: number): void {
  const { fleet, agent } = state;
  const node = nodes[selectedNode(fleet, nodes)];
  const inner = title(canvas, rect, node === undefined ? "Node" : `Node ${node.base}`, fleet.pane === 1);
  if (node === undefined) return;
  const { info, health, status, changed, values } = node;
  const started = instant(info?.started ?? null);
  const up = Number.parseFloat(values.get("uptime") ?? "");
  const facts = [
    ` ${status ?? "status not known"}${changed === null ? "" : ` for ${age(now - changed)}`}`,
    `version ${info?.version ?? "-"}`,
    ...(Number.isNaN(started) ? [] : [`started ${dateTime(started)}`]),
    ...(Number.isNaN(up) || status !== "online" ? [] : [`up ${age(up * 1000)}`]),
    `reconnects ${values.get("reconnects") ?? "-"}`,
    `outbox ${values.get("outbox/depth") ?? "-"}`,
  ];
  const machine = [info?.hostname ?? "", info?.model ?? "", info?.os ?? "", `driver ${info?.driver ?? "-"}`].filter((part) => part !== "");
  const ids = [`inputs ${info?.inputs ?? 0}`, `outputs ${info?.outputs ?? 0}`, `sensors ${info?.sensors ?? 0}`];
  const lines = styled(flow(facts, inner.cols), "text");
  lines.push(...styled(flow([` ${machine.join(" - ")}`, ...ids], inner.cols), "text"));
  if (health !== null) lines.push([` health ${health.health}`, health.health === "ok" ? "ok" : "warn"]);
  for (const problem of health?.problems ?? []) lines.push(...styled(sentence(`! ${problem}`, inner.cols), "warn"));
  const peers = agent.hello?.base === node.base ? (agent.status?.peers ?? []) : [];
  if (peers.length > 0) {
    const words = peers.map(({ id, state }) => `${id} ${state}`);
    lines.push(...styled(flow([" peers", ...words], inner.cols), "text"));
  }
  fleet.detail.top = putLines(canvas, inner, lines, fleet.detail.top);
}
