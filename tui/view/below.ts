import type { LogLine } from "../../agent/protocol.ts";
import { count, instant, moment } from "../format.ts";
import type { Rect } from "../layout.ts";
import type { State } from "../model.ts";
import { factText, isRefusal, rttText } from "../packet.ts";
import { payloadText } from "../packet-payload.ts";
import { priorities } from "../service-keys.ts";
import { staleAgent, withoutAgent } from "./absent.ts";
import type { Canvas, Style } from "./canvas.ts";
import { left, putSentence, tail, title } from "./text.ts";
import { packetHead } from "./trace.ts";

/** Of a topic so much stands before the payload. */
const topicCols = 42;
/** The payload of a packet that came just now is among the newest of its topic. */
const newestMessages = 8;
const payloadCols = 80;
const unitCols = 20;

/** Below the topics of a large screen: the last packets between the agent and its broker, whatever the filter of their own tab. */
export function drawLastPackets(state: State, canvas: Canvas, rect: Rect, now: number): void {
  if (rect.rows === 0) return;
  const { trace, agent } = state;
  const known = staleAgent(state, now) ?? `${count(trace.rate)} pkt/s`;
  const heading = trace.entries.length === 0 ? "Packet trace" : `Packet trace - ${known}`;
  const inner = title(canvas, rect, heading, false);
  const packets = (trace.held ?? trace.entries).slice(-inner.rows);
  if (packets.length === 0) {
    putSentence(canvas, inner, withoutAgent(state) ?? (trace.fresh ? "asking the agent" : "no packet yet"), "dim");
    return;
  }
  for (const [offset, packet] of packets.entries()) {
    const style: Style = isRefusal(packet) ? "bad" : agent.up ? "text" : "warn";
    const row = inner.row + offset;
    const head = packetHead(packet, isRefusal(packet) ? "!" : " ");
    canvas.put(row, head, style, inner.col, inner.cols);
    const behind = packet.size === undefined ? rttText(packet) : payloadText(state, packet, payloadCols, now, newestMessages);
    const width = behind === "" ? inner.cols - head.length : topicCols;
    canvas.put(row, tail(factText(packet), width), style, inner.col + head.length, width);
    const col = head.length + topicCols + 2;
    if (inner.cols > col) canvas.put(row, behind, style, inner.col + col, inner.cols - col);
  }
}

/** Below them: what the units of the configuration have written into the journal, the newest first, nothing less important than a warning. */
export function drawWarnings(state: State, canvas: Canvas, rect: Rect, now: number): void {
  if (rect.rows === 0) return;
  const { services, agent } = state;
  const { warnings: log } = services.logs;
  const lines = log.held ?? log.lines;
  const lost = lines.length === 0 ? null : staleAgent(state, now);
  const heading = `Journal - ${lost ?? "FOLLOW"} - prio<=warning`;
  let inner = title(canvas, rect, heading, false);
  if (agent.up && log.problem !== null) {
    const taken = putSentence(canvas, inner, `! ${log.run === 0 ? olderAgent(log.problem) : log.problem}`, "bad");
    inner = { ...inner, row: inner.row + taken, rows: inner.rows - taken };
  } else if (lines.length === 0) putSentence(canvas, inner, emptiness(state), "dim");
  if (inner.rows <= 0) return;
  for (const [offset, line] of lines.slice(-inner.rows).reverse().entries()) {
    canvas.put(inner.row + offset, warningRow(line, now), agent.up ? styleOf(line) : "warn", inner.col, inner.cols);
  }
}

/** An agent that has never told a line of it may not know the question. */
function olderAgent(problem: string): string {
  return /"from" must be/.test(problem)
    ? "the agent is older than this terminal and tells no journal of all units: 5 shows that of one"
    : problem;
}

function emptiness(state: State): string {
  const absent = withoutAgent(state);
  if (absent !== null) return absent;
  const { data, logs } = state.services;
  if (data?.data.length === 0) return "no unit under services: in the configuration";
  return logs.warnings.heard ? "no warning of a unit yet" : "asking the agent";
}

function warningRow({ at, priority, unit = "", text, note }: LogLine, now: number): string {
  if (note === true) return `  ${text}`;
  const when = instant(at ?? null);
  const time = Number.isNaN(when) ? "" : `${moment(when, now)} `;
  return `  ${time}${left(priorities[priority ?? -1] ?? "", 6)}${left(tail(unit.replace(/\.service$/, ""), unitCols), unitCols)} ${text.replaceAll("\t", "    ")}`;
}

function styleOf({ priority = 6, note }: LogLine): Style {
  return note !== true && priority <= 3 ? "bad" : "warn";
}
