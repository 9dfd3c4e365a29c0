import type { TraceEntry } from "../../agent/protocol.ts";
import { clock, count, instant, time } from "../format.ts";
import { layout, type Rect, scrollTo, splitRows } from "../layout.ts";
import { mayOperate, type State } from "../model.ts";
import { factText, isRefusal, partner, reasonText, rttText } from "../packet.ts";
import { packetPayload, payloadText } from "../packet-payload.ts";
import { lossWords, packetIndex, selectedPacket, visiblePackets } from "../trace.ts";
import { hex, valueLines } from "../value.ts";
import { staleAgent, withoutAgent } from "./absent.ts";
import type { Canvas, Style } from "./canvas.ts";
import { fittingTitle, flow, left, mark, putLines, putSentence, right, tail, title } from "./text.ts";

/** From here on the selected packet stands beside the others. */
const wide = 130;
const packetCols = 48;
/** With so many columns a row has its payload, too; the topic gets this share of what is left. */
const payloadFrom = 95;
const topicShare = 0.55;
/** Where the topic begins. */
const factCol = 53;

export function drawTrace(state: State, canvas: Canvas, now: number): void {
  const { body, single } = layout(canvas.cols, canvas.rows, state.zoom);
  const { pane } = state.trace;
  if (single) {
    if (pane === 0) drawPackets(state, canvas, body, now);
    else if (pane === 1) drawOutbox(state, canvas, body);
    else drawPacket(state, canvas, body);
    return;
  }
  if (body.cols >= wide) {
    const main = { ...body, cols: body.cols - packetCols - 1 };
    const [packets, outbox] = splitRows(main, main.rows - 8);
    drawPackets(state, canvas, packets, now);
    drawOutbox(state, canvas, outbox);
    drawPacket(state, canvas, { ...body, col: main.cols + 1, cols: packetCols });
    canvas.rule(body.row, "", "title", main.cols, 1);
    canvas.vline(main.cols, body.row, body.row + body.rows - 1);
    return;
  }
  const [packets, rest] = splitRows(body, Math.floor(body.rows / 2));
  const [outbox, packet] = splitRows(rest, 4);
  drawPackets(state, canvas, packets, now);
  drawOutbox(state, canvas, outbox);
  drawPacket(state, canvas, packet);
}

function packetsTitle(state: State, now: number): string {
  const { trace } = state;
  const { missed, recording } = trace;
  const parts = ["Packet trace pinbus <-> broker", `${count((trace.held ?? trace.entries).length)} kept`];
  const lost = trace.entries.length === 0 ? null : staleAgent(state, now);
  if (lost !== null) parts.splice(0, 1, `Packet trace - ${lost}`);
  // What must not be cut comes before what may be.
  if (recording !== null) parts.push(`REC ${count(recording.packets)}`);
  if (missed > 0) parts.push(`${count(missed)} missed`);
  parts.push(`${count(trace.rate)} pkt/s`, trace.follow ? "FOLLOW" : "F follows");
  return parts.join(" - ");
}

function drawPackets(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { trace, agent } = state;
  const inner = title(canvas, rect, packetsTitle(state, now), trace.pane === 0);
  const packets = visiblePackets(trace);
  if (packets.length === 0) {
    const none = trace.fresh ? "asking the agent" : "no packet yet";
    const filtered = trace.filter.text !== "" && trace.entries.length > 0;
    putSentence(canvas, inner, filtered ? "no packet matches the filter" : (withoutAgent(state) ?? none), "dim");
    return;
  }
  const narrow = inner.cols < 70;
  const head = narrow ? "  TIME     DIR TYPE     TOPIC / REASON" : "  TIME          DIR TYPE          MID  Q R D    LEN  TOPIC / REASON";
  canvas.put(inner.row, head, "dim", inner.col, inner.cols);
  const payloadCol = inner.cols < payloadFrom ? null : factCol + Math.round((inner.cols - factCol) * topicShare);
  if (payloadCol !== null) canvas.put(inner.row, "PAYLOAD", "dim", inner.col + payloadCol, 7);
  const rows = { ...inner, row: inner.row + 1, rows: inner.rows - 1 };
  const selected = packetIndex(trace, packets);
  const top = scrollTo(trace.list, selected, packets.length, rows.rows);
  for (const [offset, packet] of packets.slice(top, top + Math.max(0, rows.rows)).entries()) {
    const chosen = top + offset === selected;
    const otherwise: Style = isRefusal(packet) ? "bad" : !agent.up ? "warn" : "text";
    const style = mark(canvas, rows.row + offset, rows, chosen, otherwise);
    const flag = isRefusal(packet) ? "!" : chosen ? ">" : " ";
    const rtt = narrow ? "" : rttText(packet);
    const room = rows.cols - (rtt === "" ? 0 : rtt.length + 1);
    const fits = payloadCol === null || packet.size === undefined ? room : payloadCol - 2;
    canvas.put(rows.row + offset, packetRow(packet, flag, narrow, fits), style, rows.col, fits);
    if (payloadCol !== null && packet.size !== undefined)
      canvas.put(rows.row + offset, payloadText(state, packet, room - payloadCol, now), style, rows.col + payloadCol, room - payloadCol);
    canvas.put(rows.row + offset, rtt, style, rows.col + rows.cols - rtt.length, rtt.length);
  }
}

/** Of a topic that is too long the end stays: they begin alike. */
function packetRow(entry: TraceEntry, flag: string, narrow: boolean, room: number): string {
  const fact = factText(entry);
  const row = (head: string) => head + (fact === entry.topic ? tail(fact, Math.max(2, room - head.length)) : fact);
  return row(narrow ? `${flag} ${left(time(instant(entry.at)), 8)} ${arrowOf(entry)}  ${left(entry.type, 8)} ` : packetHead(entry, flag));
}

/** What stands in front of its topic or reason, `factCol` columns. */
export function packetHead(entry: TraceEntry, flag: string): string {
  const { at, type, id, qos, retain, dup, size } = entry;
  const flags = `${qos ?? "-"} ${retain ? "R" : "-"} ${dup ? "D" : "-"}`;
  const columns = [left(clock(instant(at)), 12), arrowOf(entry), `${left(type, 11)}${right(String(id ?? "-"), 6)}`];
  return `${flag} ${columns.join("  ")}  ${flags} ${right(String(size ?? "-"), 6)}  `;
}

function arrowOf({ direction }: TraceEntry): string {
  return direction === "sent" ? "->" : "<-";
}

function drawOutbox(state: State, canvas: Canvas, rect: Rect): void {
  const { trace, agent, host } = state;
  const values = host.data?.data.view.values ?? {};
  const { outbox } = agent.status ?? {};
  const events = values["outbox/depth"] ?? outbox?.waiting ?? "missing";
  const readings = values["outbox/telemetry/depth"];
  const coalesced = values["outbox/coalesced"];
  const parts = [`Outbox events ${events}`, ...(readings === undefined ? [] : [`readings ${readings}`])];
  const known = parts.join(" - ");
  const heading = fittingTitle(rect.cols, coalesced === undefined ? [known] : [`${known} - coalesced ${coalesced}`, known]);
  const inner = title(canvas, rect, agent.wanted ? heading : "Outbox", trace.pane === 1);
  const lines: [string, Style][] = trace.losses.map(({ at, text }) => [` ${clock(at)}  ${text}`, "warn"]);
  for (const [below, what] of Object.entries({ outbox: "events", "outbox/telemetry": "readings" })) {
    const facts = Object.entries(lossWords).flatMap(([reason, words]) => {
      const lost = values[`${below}/dropped/${reason}`];
      return lost === undefined ? [] : [`${lost} ${words}`];
    });
    if (facts.length === 0) continue;
    const lost = values[`${below}/dropped`] !== "0";
    for (const line of flow([` ${what} dropped since the start:`, ...facts], inner.cols)) lines.push([line, lost ? "warn" : "text"]);
  }
  if (coalesced !== undefined) {
    const told = ` states coalesced since the start: ${coalesced}`;
    for (const line of flow([told, "a newer one came first"], inner.cols)) lines.push([line, "text"]);
  }
  if (lines.length === 0) lines.push([` ${agent.up ? "asking the agent" : "not known: no agent"}`, "dim"]);
  trace.outbox.top = putLines(canvas, inner, lines, trace.outbox.top);
}

function drawPacket(state: State, canvas: Canvas, rect: Rect): void {
  const { trace } = state;
  const entry = selectedPacket(trace);
  const heading = entry === undefined ? "Packet" : `Packet ${count(entry.number)} ${entry.type}`;
  const inner = title(canvas, rect, heading, trace.pane === 2);
  if (entry === undefined) return;
  trace.packet.top = putLines(canvas, inner, packetLines(state, entry, inner.cols), trace.packet.top);
}

function packetLines(state: State, entry: TraceEntry, cols: number): [string, Style][] {
  const { direction, id, qos, retain, dup, size, topic, reason } = entry;
  const way = direction === "sent" ? "from pinbus to the broker" : "from the broker to pinbus";
  const facts = [` ${way}`, clock(instant(entry.at))];
  if (id !== undefined) facts.push(`packet id ${id}`);
  if (qos !== undefined) facts.push(`QoS ${qos}`, retain ? "retain" : "no retain", ...(dup ? ["sent again (dup)"] : []));
  const lines: [string, Style][] = flow(facts, cols).map((line) => [line, "text"]);
  if (topic !== undefined) lines.push([` ${topic}`, "bold"]);
  if (reason !== undefined) lines.push([` ${reasonText(entry)}`, isRefusal(entry) ? "bad" : "text"]);
  const other = partner(state.trace.held ?? state.trace.entries, entry);
  if (other !== undefined) lines.push([` ${partnerText(entry, other)}`, "text"]);
  if (size !== undefined) lines.push(...payloadLines(state, entry, size, cols));
  lines.push(...wireLines(state, entry, cols));
  return lines;
}

function partnerText(entry: TraceEntry, other: TraceEntry): string {
  const later = other.number > entry.number;
  const rtt = (later ? other : entry).rtt_ms;
  const took = rtt === undefined ? "" : ` after ${rtt} ms`;
  const what = `packet ${count(other.number)} ${other.type}${other.topic === undefined ? "" : ` ${other.topic}`}`;
  return later ? `answered${took} by ${what}` : `answers${took} ${what}`;
}

function payloadLines(state: State, entry: TraceEntry, size: number, cols: number): [string, Style][] {
  if (size === 0) return [[" empty payload", "dim"]];
  const found = packetPayload(state, entry);
  if (found === undefined) return [[` payload ${size} bytes: this terminal has not received it`, "dim"]];
  const lines = valueLines(found.payload, state.trace.mode, cols - 2);
  const from = found.received ? "as this terminal received it" : "from its bytes";
  return [[` payload ${size} bytes, ${from}`, "dim"], ...lines.map((line): [string, Style] => [`  ${line}`, "text"])];
}

/** What was on the wire, or why that is not known. */
function wireLines(state: State, { number, type }: TraceEntry, cols: number): [string, Style][] {
  if (!mayOperate(state)) return [[" no bytes: this control socket may only look", "dim"]];
  const bytes = state.trace.bytes.known.get(number);
  if (bytes === undefined) return [[` ${state.agent.up ? "asking the agent for its bytes" : "its bytes are not known: no agent"}`, "dim"]];
  if (bytes === null) return [[" no bytes: the agent keeps those of packets since somebody looks here", "dim"]];
  const text = Buffer.from(bytes.hex, "hex").toString("latin1");
  const hidden = type === "CONNECT" || type === "AUTH" ? "; the rest may hold secrets and is not kept" : "";
  const head =
    text.length < bytes.size
      ? `the first ${text.length} of ${count(bytes.size)} bytes on the wire${hidden}`
      : `${bytes.size} bytes on the wire`;
  return [[` ${head}`, "dim"], ...hex(text, cols < 72 ? 8 : 16).map((line): [string, Style] => [`  ${line.text}`, "text"])];
}
