import type { WaitingView } from "../../agent/protocol.ts";
import {
  type BrokerFigures,
  type BrokerRow,
  brokerFigures,
  brokerRows,
  brokerUptime,
  factRows,
  loadRows,
  spans,
  sysPrefix,
  sysTopics,
  trendSlots,
} from "../broker.ts";
import { age, instant, shortAge } from "../format.ts";
import { inWindow, layout, type Rect, splitCols, splitRows } from "../layout.ts";
import { type State, viewNow } from "../model.ts";
import { selectedIndex } from "../rows.ts";
import { agentNow } from "../snapshot.ts";
import { sparkFromZero } from "../spark.ts";
import type { TopicNode } from "../topic.ts";
import { preview } from "../value.ts";
import { withoutAgent, withoutBroker } from "./absent.ts";
import { chartCols, chartRows, drawSpeeds } from "./broker-charts.ts";
import type { Canvas, Style } from "./canvas.ts";
import { flow, left, mark, putLines, putSentence, right, sentence, separate, styled, title } from "./text.ts";

const labelCols = 17;
const factCols = 9;
/** Rows of the whole table, title and head included. */
const tableRows = 2 + factRows.length + loadRows.length;
/** Rows of the links, title included. */
const linkRows = 8;
/** From here on there is room for the raw topics. */
const wide = 130;
const rawValueCols = 17;

export function drawBroker(state: State, canvas: Canvas, now: number): void {
  const { body, single } = layout(canvas.cols, canvas.rows, state.zoom);
  if (single) {
    if (state.broker.pane === 0) drawFigures(state, canvas, body, now);
    else drawLinks(state, canvas, body, now);
    return;
  }
  const isWide = body.cols >= wide;
  const [main, raw] = isWide ? splitCols(body, body.cols - Math.round(body.cols / 3) - 1) : [body, body];
  const [table, links] = splitRows(main, main.rows - linkRows);
  drawFigures(state, canvas, table, now);
  drawLinks(state, canvas, links, now);
  if (!isWide) return;
  drawRaw(state, canvas, raw);
  separate(canvas, body, main.cols);
}

function brokerTitle(state: State, figures: BrokerFigures, now: number): string {
  const { mqtt } = state;
  const at = viewNow(state, now);
  if (!mqtt.up && figures.heard !== null) return `Broker - STALE ${age(now - mqtt.since)}, not connected`;
  const version = figures.values.get("version")?.text.replace(/\bversion /, "") ?? "";
  const up = brokerUptime(figures);
  const parts = [`Broker${version === "" ? "" : ` ${version}`}`];
  if (state.broker.sort !== "kind") parts.push(`by ${state.broker.sort}`);
  if (up !== null) parts.push(`up ${up}`);
  if (figures.interval !== null) parts.push(`$SYS every ${Math.round(figures.interval / 1000)} s`);
  if (figures.heard !== null) parts.push(`age ${shortAge(at - figures.heard)}`);
  return parts.join(" - ");
}

/** Why there is nothing to show, or what to know about it; empty when all is well. */
function remark(state: State, figures: BrokerFigures): string {
  const { mqtt } = state;
  if (mqtt.wanted && figures.heard !== null) return "";
  const absent = withoutBroker(state);
  if (absent !== null) return absent;
  if (mqtt.refused.some((filter) => filter.startsWith("$SYS")))
    return "the broker refuses $SYS/#: an ACL keeps its statistics from this user";
  return "connected; this broker has said nothing below $SYS/broker yet";
}

/** The table, and below it how the speeds went, where there is room. */
function drawFigures(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { broker } = state;
  const figures = brokerFigures(broker);
  const [table, charts] = splitRows(rect, tableRows);
  if (figures.heard === null || charts.rows < chartRows || charts.cols < 2 * chartCols) {
    drawTable(state, canvas, rect, now);
    return;
  }
  drawTable(state, canvas, table, now);
  drawSpeeds(
    canvas,
    charts,
    figures,
    brokerRows(broker, viewNow(state, now)).filter(({ trend }) => trend !== null),
  );
}

function drawTable(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { broker } = state;
  const figures = brokerFigures(broker);
  const inner = title(canvas, rect, brokerTitle(state, figures, now), broker.pane === 0);
  const text = remark(state, figures);
  const skip = text === "" ? 0 : putSentence(canvas, inner, text, "dim");
  if (!state.mqtt.wanted) return;
  const rows = brokerRows(broker, viewNow(state, now));
  if (rows.length === 0) canvas.put(inner.row + 1, " no row matches the filter", "dim", inner.col, inner.cols);
  const selected = selectedIndex(broker.list, rows);
  const head = rows.findIndex(({ trend }) => trend !== null);
  const lines: (BrokerRow | null)[] = head < 0 ? rows : [...rows.slice(0, head), null, ...rows.slice(head)];
  const area = { ...inner, row: inner.row + skip, rows: inner.rows - skip };
  const index = head >= 0 && selected >= head ? selected + 1 : selected;
  for (const { item, row, chosen } of inWindow(broker.list, lines, index, area)) {
    if (item === null) drawHead(canvas, area, row);
    else drawRow(state, canvas, area, row, item, chosen);
  }
}

function trendCols(rect: Rect): number {
  return rect.cols - 2 - labelCols - 44;
}

function drawHead(canvas: Canvas, rect: Rect, row: number): void {
  const columns = ["now/s", ...spans.map((span) => span.replace("min", " min"))].map((name) => right(name, 10)).join("");
  const trend = trendCols(rect) >= 14 ? "    trend (15 min)" : "";
  canvas.put(row, `  ${left("", labelCols)}${columns}${trend}`, "dim", rect.col, rect.cols);
}

function drawRow(state: State, canvas: Canvas, rect: Rect, row: number, { label, text, trend }: BrokerRow, selected: boolean): void {
  const style = mark(canvas, row, rect, selected, state.mqtt.up ? "text" : "warn");
  if (selected) canvas.put(row, ">", style, rect.col, 1);
  const narrow = trend === null ? factCols : labelCols;
  canvas.put(row, label, style, rect.col + 2, Math.min(narrow, rect.cols - 2));
  canvas.put(row, text, style, rect.col + 2 + narrow, Math.max(0, Math.min(rect.cols - 2 - narrow, text.length)));
  const cols = trendCols(rect);
  if (trend === null || cols < 8) return;
  canvas.put(row, sparkFromZero(trend, trendSlots, cols), style, rect.col + rect.cols - cols, cols);
}

function drawLinks(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { broker } = state;
  const inner = title(canvas, rect, "Links", broker.pane === 1);
  const figures = brokerFigures(broker);
  const facts = [...watcherFacts(state, now), ...agentFacts(state, now), ...talkerFacts(figures), ...missingFacts(state, figures)];
  const lines = facts.flatMap(([facts, style]) =>
    styled(typeof facts === "string" ? sentence(facts, inner.cols) : flow(facts, inner.cols), style),
  );
  broker.links.top = putLines(canvas, inner, lines, broker.links.top);
}

/** Facts, or a sentence of somebody else. */
type Facts = [facts: string[] | string, style: Style];

function watcherFacts({ mqtt }: State, now: number): Facts[] {
  if (!mqtt.wanted) return [[[" Watcher link", "none: --broker URL names a broker"], "dim"]];
  const name = " Watcher link (this terminal)";
  if (!mqtt.up)
    return [
      [[name, `lost ${shortAge(now - mqtt.since)} ago`], "bad"],
      [`  ${mqtt.problem ?? "connecting"}`, "bad"],
    ];
  const rap = mqtt.version === "5" ? "rap yes" : "rap no (so R? is not known)";
  const rtt = mqtt.rtt === null ? "-" : `${Math.round(mqtt.rtt)} ms`;
  const granted =
    mqtt.granted.length === 0 ? ["granted nothing yet"] : mqtt.granted.map((filter, at) => (at === 0 ? `granted ${filter}` : filter));
  const facts: Facts[] = [[[name, `MQTT ${mqtt.version ?? "-"}`, rap, `rtt ${rtt}`, ...granted], "text"]];
  if (mqtt.refused.length > 0) facts.push([[" ! refused", ...mqtt.refused], "bad"]);
  return facts;
}

/** The figures of the host view are two seconds old at most, those of `status` ten. */
function agentFacts(state: State, now: number): Facts[] {
  const { agent, pins } = state;
  const { status } = agent;
  const host = state.host.data;
  const name = " pinbus link";
  if (!agent.wanted || status === null) return [[` pinbus link: ${withoutAgent(state) ?? "asking the agent"}`, "dim"]];
  const { link, outbox } = status;
  const values = host?.data.view.values;
  const since = values === undefined ? (link.online ? link.since : undefined) : values["connection/since"];
  const online = since !== undefined;
  const at = agentNow<unknown>(host ?? pins.data, viewNow(state, now));
  const up = [
    `connected ${age(at - instant(since ?? null))}`,
    `MQTT ${link.version ?? "-"}`,
    `rtt ${values?.["connection/rtt"] ?? "-"} ms`,
  ];
  const stale = agent.up ? [] : [`(as of ${shortAge(now - agent.since)} ago: no agent)`];
  const style: Style = !agent.up ? "warn" : online ? "text" : "bad";
  const problem = online ? link.problem : (host?.data.view.checks.find(({ name }) => name === "broker link")?.problem ?? link.problem);
  const waiting = (below: string, what: string, known: WaitingView | undefined) => {
    const depth = values?.[`${below}/depth`] ?? known?.waiting;
    return depth === undefined ? [] : [`${what} ${depth}`, `dropped ${values?.[`${below}/dropped`] ?? known?.dropped ?? "missing"}`];
  };
  const waits = [...waiting("outbox", "events", outbox), ...waiting("outbox/telemetry", "readings", outbox.telemetry)];
  const lost = waits.some((fact) => /^dropped [1-9]/.test(fact));
  return [
    [[name, ...(online ? up : ["NOT connected"]), `reconnects ${values?.reconnects ?? link.reconnects}`, ...stale], style],
    ...(problem === null ? [] : [[`  ${problem}`, online ? "warn" : style] satisfies Facts]),
    [["   outbox", ...waits], lost ? "warn" : style],
  ];
}

function talkerFacts({ talkers, values }: BrokerFigures): Facts[] {
  const dropped = spans.map((span) => (values.get(`load/publish/dropped/${span}`)?.number ?? 0) / 60);
  const rates = dropped.map((rate) => rate.toFixed(2)).join(", ");
  const warning: Facts = [[" ! publish dropped", `${rates} /s over 1, 5, 15 min:`, "a client reads too slowly"], "warn"];
  const shares = talkers.map(({ name, share }) => `${name} ${Math.round(share * 100)} %`);
  const talking: Facts = [[" Top talkers (1 min)", ...(shares.length === 0 ? ["nobody yet"] : shares)], "text"];
  return dropped.some((rate) => rate >= 0.005) ? [warning, talking] : [talking];
}

/** mosquitto says a value only when it changes, and keeps it for a minute. */
function missingFacts({ mqtt }: State, figures: BrokerFigures): Facts[] {
  const some = figures.heard !== null && mqtt.up && sysTopics.some((topic) => !figures.values.has(topic));
  return some ? [["missing = not said since this terminal came, not said at all, or denied by an ACL; never 0", "dim"]] : [];
}

/** What the broker says of itself, as it says it. */
function drawRaw(state: State, canvas: Canvas, rect: Rect): void {
  const { store } = state.topics;
  const inner = title(canvas, rect, "$SYS as the broker says it", false);
  const leaves: TopicNode[] = [];
  const walk = (node: TopicNode | undefined) => {
    if (node === undefined || leaves.length >= inner.rows) return;
    if (node.count > 0) leaves.push(node);
    for (const child of node.children) walk(child);
  };
  walk(store.node("$SYS"));
  for (const [line, leaf] of leaves.slice(0, inner.rows).entries()) {
    const { last } = store.view(leaf);
    const name = leaf.path.startsWith(sysPrefix) ? leaf.path.slice(sysPrefix.length) : leaf.path;
    canvas.put(inner.row + line, name, "dim", inner.col + 1, Math.max(0, inner.cols - rawValueCols - 2));
    if (last !== null)
      canvas.put(inner.row + line, preview(last, rawValueCols), "text", inner.col + inner.cols - rawValueCols, rawValueCols);
  }
}
