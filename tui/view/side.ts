import { brokerFigures, loadRows, sysTopics, trendSlots } from "../broker.ts";
import { everything } from "../filter.ts";
import { age, amount, instant } from "../format.ts";
import { hostRows, hostSlots } from "../host.ts";
import { type Rect, splitRows } from "../layout.ts";
import { type State, viewNow } from "../model.ts";
import { agentNow } from "../snapshot.ts";
import { spark, sparkFromZero } from "../spark.ts";
import { staleAgent, withoutAgent, withoutBroker } from "./absent.ts";
import type { Canvas, Line } from "./canvas.ts";
import { drawPinList } from "./pins.ts";
import { left, putLines, sentence, styled, title } from "./text.ts";

const mostUnits = 6;
const unitCols = 20;
/** Of a sentence, which is told elsewhere as well. */
const mostLines = 4;

/** Beside the topics on a wide screen: the pins, and where it is high enough the rest of the Pi in short. */
export function drawSide(state: State, canvas: Canvas, rect: Rect, now: number, all: boolean): void {
  if (!all) {
    drawPinList(state, canvas, rect, now);
    return;
  }
  const parts: [heading: string, lines: Line[]][] = [["Broker", brokerLines(state, rect.cols)]];
  if (state.agent.wanted) {
    parts.unshift([hostTitle(state, now), hostLines(state, rect.cols)]);
    parts.push([unitsTitle(state, now), unitLines(state, rect.cols, now)]);
  }
  const height = parts.reduce((sum, [, lines]) => sum + lines.length + 1, 0);
  let [part, rest] = splitRows(rect, rect.rows - height);
  drawPinList(state, canvas, part, now);
  for (const [heading, lines] of parts) {
    [part, rest] = splitRows(rest, lines.length + 1);
    putLines(canvas, title(canvas, part, heading, false), lines, 0);
  }
}

function hostTitle(state: State, now: number): string {
  const lost = state.host.data === null ? null : staleAgent(state, now);
  return lost === null ? "Host" : `Host - ${lost}`;
}

/** What the tab Host has in its rows, as much of each as fits; the supply only when it was too weak. */
function hostLines(state: State, cols: number): Line[] {
  const { data } = state.host;
  if (data === null) return styled(sentence(withoutAgent(state) ?? "asking the agent", cols, mostLines), "dim");
  const rows = hostRows({ ...state.host, filter: everything }).filter(({ id, style }) => id !== "power" || style !== "text");
  return rows.map(({ label, text, more, style, bars }): Line => {
    const head = `${style === "text" ? " " : "!"}${left(label, 5)}`;
    const trend = bars === "cpu" ? spark(data.data.cpu, hostSlots, 10, 0, 100) : "";
    const facts = [trend === "" ? text : `${left(text, 6)}${trend}`, ...more.split(/ {3,}/)];
    return [whatFits(head, facts, cols), state.agent.up ? style : "warn"];
  });
}

function whatFits(head: string, facts: readonly string[], cols: number): string {
  let line = head;
  for (const fact of facts) if (line.length + 2 + fact.length <= cols) line += line === head ? fact : `  ${fact}`;
  return line;
}

function brokerLines(state: State, cols: number): Line[] {
  const absent = withoutBroker(state);
  if (absent !== null) return styled(sentence(absent, cols, mostLines), "dim");
  const { values, trends } = brokerFigures(state.broker);
  const number = (topic: string) => values.get(topic)?.number ?? Number.NaN;
  const word = (topic: string) => (Number.isNaN(number(topic)) ? "missing" : String(number(topic)));
  const speed = (load: string) =>
    Number.isNaN(number(`load/${load}/1min`)) ? "missing" : `${amount(number(`load/${load}/1min`) / 60, "")}/s`;
  if (!sysTopics.some((topic) => values.has(topic))) return [[" it says nothing of itself", "dim"]];
  const trend = trends.get(loadRows[0]?.id ?? "") ?? [];
  return [
    [` clients ${word("clients/connected")}  subs ${word("subscriptions/count")}`, "text"],
    [` in ${speed("messages/received")}  out ${speed("messages/sent")}  drop ${speed("publish/dropped")}`, "text"],
    [` ${sparkFromZero(trend, trendSlots, cols - 2)}`, "text"],
  ];
}

function unitsTitle(state: State, now: number): string {
  const { data } = state.services;
  const lost = data === null ? null : staleAgent(state, now);
  if (lost !== null) return `Units - ${lost}`;
  const failed = (data?.data ?? []).filter(({ active }) => active === "failed").length;
  return failed === 0 ? "Units" : `Units - failed ${failed}`;
}

/** What has failed comes first. */
function unitLines(state: State, cols: number, now: number): Line[] {
  const { data } = state.services;
  if (data === null) return styled(sentence(withoutAgent(state) ?? "asking the agent", cols, mostLines), "dim");
  if (data.data.length === 0) return [[" none under services: in the configuration", "dim"]];
  const at = agentNow(data, viewNow(state, now));
  const isBad = ({ active, problem }: (typeof data.data)[number]) => active === "failed" || problem !== null;
  const units = [...data.data.filter(isBad), ...data.data.filter((unit) => !isBad(unit))];
  const lines = units.slice(0, mostUnits).map((unit): Line => {
    const { unit: name, active, sub, since, problem } = unit;
    const words = problem ?? `${left(sub === "" || sub === "-" ? active : sub, 9)}${since === null ? "" : ` ${age(at - instant(since))}`}`;
    return [
      `${isBad(unit) ? "!" : " "}${left(name.replace(/\.service$/, ""), unitCols)} ${words}`,
      isBad(unit) ? "bad" : state.agent.up ? "text" : "warn",
    ];
  });
  const more = units.length - mostUnits;
  return more > 0 ? [...lines, [` and ${more} more: 5`, "dim"]] : lines;
}
