import { scopeOf } from "../commands.ts";
import { shown } from "../editor.ts";
import { clock, count, shortAge, time } from "../format.ts";
import { entriesOf, keyName } from "../keys.ts";
import { layout } from "../layout.ts";
import type { LinkState, State } from "../model.ts";
import { filterOf, filterText } from "../moves.ts";
import { clearingText } from "../retained.ts";
import { newerLines } from "../service-log.ts";
import { shownTabs } from "../visit.ts";
import type { Canvas, Style } from "./canvas.ts";
import { replayText } from "./replay.ts";
import { columns, putRight, sentence } from "./text.ts";

const longestLink = 14;

/** Which link is down, in at most 14 columns. */
export function linkState(state: State, now: number): { text: string; style: Style } {
  const { mqtt, agent, replay } = state;
  if (replay !== null) return { text: `REPLAY ${time(now).slice(0, 5)}`, style: "warn" };
  const lost = (link: LinkState) => shortAge(now - link.since);
  const down = [mqtt, agent].filter((link) => link.wanted && !link.up);
  if (down.length === 0) {
    if (mqtt.refused.includes("#")) return { text: "# REFUSED", style: "warn" };
    if (mqtt.wanted && agent.wanted) return { text: "LIVE", style: "ok" };
    if (mqtt.wanted) return { text: "MQTT ONLY", style: "ok" };
    return agent.wanted ? { text: "AGENT ONLY", style: "ok" } : { text: "OFFLINE", style: "bad" };
  }
  if (mqtt.up) return { text: `AGENT LOST ${lost(agent)}`, style: "bad" };
  if (agent.up) return { text: `MQTT LOST ${lost(mqtt)}`, style: "bad" };
  const since = Math.max(...down.map((link) => link.since));
  return { text: `OFFLINE ${shortAge(now - since)}`, style: "bad" };
}

/**
 * Tabs of fixed width, so that they never move; node and link state at the right. Where there is no room for all names, only the tab
 * that is shown has its name.
 */
export function drawHeader(state: State, canvas: Canvas, now: number): void {
  const link = linkState(state, now);
  const width = link.text.length;
  const tabs = shownTabs(state);
  const named = tabs.reduce((sum, { label }) => sum + label.length + 2, 0) + longestLink <= canvas.cols;
  let col = 0;
  for (const { id, label } of tabs) {
    const active = id === state.tab;
    const text = named ? (active ? `[${label}]` : ` ${label} `) : active ? `[${label}] ` : `${label.charAt(0)} `;
    canvas.put(0, text, active ? "tab-active" : "tab", col, text.length);
    col += text.length;
  }
  if (canvas.cols - col < width) return;
  canvas.put(0, link.text, link.style, canvas.cols - width, width);
  const room = canvas.cols - col - width - 2;
  putRight(canvas, 0, headerFacts(state, room), "text", col + 1, room);
}

/** The node, and where there is room how long the terminal takes to answer over ssh and how often it is drawn. */
function headerFacts({ agent, node: named, screen: { sshMs, perSecond } }: State, room: number): string {
  const node = agent.hello?.node ?? named;
  const ssh = sshMs === null ? [] : [`ssh ${count(Math.ceil(sshMs))} ms`];
  const more = perSecond === null ? ssh : [...ssh, `${count(perSecond)} fps`];
  for (let facts = more.length; facts > 0; facts -= 1) {
    const text = `${[node, ...more.slice(0, facts)].join("  ").trimStart()} `;
    if (text.length <= room) return text;
  }
  return node.length <= room ? node : "";
}

/** The message line: what is being typed, else a notice, else what is frozen or filtered. What passes takes as many lines as it needs. */
export function drawMessage(state: State, canvas: Canvas, now: number): void {
  const { message: row } = layout(canvas.cols, canvas.rows);
  const [text, style] = messageOf(state, canvas.cols, now);
  // Its end says what to do. What stays would hide rows for ever, and is told in a pane as well.
  const passes = state.notice !== null || state.overlay?.kind === "filter";
  const cut = text.length < canvas.cols ? ` ${text}` : ` ${text.slice(0, canvas.cols - 3)}..`;
  const lines = passes && columns(text) >= canvas.cols ? sentence(text, canvas.cols, messageRows) : [cut];
  for (const [at, line] of lines.entries()) canvas.put(row - lines.length + 1 + at, line, style, 0, canvas.cols);
}

const messageRows = 4;

function messageOf(state: State, cols: number, now: number): [text: string, style: Style] {
  const { overlay, frozen, notice } = state;
  if (overlay?.kind === "filter") {
    const problem = filterProblem(state);
    return [`/${shown(overlay.field, 50)}  ${problem ?? matched(state)}`, problem === null ? "bold" : "bad"];
  }
  if (notice !== null) return [notice.text, notice.style];
  if (state.clearing !== null) return [clearingText(state.clearing), "warn"];
  if (frozen !== null) return [frozenText(state, frozen.at, cols), "warn"];
  if (filterText(state) !== "")
    return [`/${filterText(state)}  ${filterProblem(state) ?? matched(state)}   n next  N prev  Esc clear`, "bold"];
  if (state.replay !== null) return [replayText(state.replay, now), state.replay.paused ? "warn" : "bold"];
  // Over ssh the broker is out of reach because the agent is, and not the other way round.
  const link = [state.agent, state.mqtt].find((each) => each.wanted && !each.up && each.problem !== null && now - each.since > 1000);
  if (link !== undefined) return [link.problem ?? "", "warn"];
  const problem = state.agent.up ? state.agent.status?.problems[0] : undefined;
  return [problem === undefined ? adviceOf(state) : `! ${problem}`, "warn"];
}

/** Since when the view stands, what it holds back, and how it goes on; the last stays where there is little room. */
function frozenText(state: State, at: number, cols: number): string {
  const { tab, trace, topics, frozen } = state;
  const [newer, what] =
    tab === "trace"
      ? [trace.last - (trace.held?.at(-1)?.number ?? trace.last), "packets"]
      : tab === "services"
        ? [newerLines(state), "lines"]
        : [topics.store.received - (frozen?.received ?? 0), "messages"];
  const many = count(newer);
  const texts = [
    `FROZEN at ${clock(at)} - ${many} newer ${what} held - z to resume`,
    `FROZEN at ${time(at)} - ${many} newer held - z to resume`,
    `FROZEN ${time(at)} - ${many} newer - z to resume`,
  ];
  return texts.find((text) => text.length < cols) ?? `FROZEN - ${many} newer - z to resume`;
}

/** The key hints of this scope; what does not fit is left out whole, but never how to leave. */
export function drawHints(state: State, canvas: Canvas): void {
  const { hints: row } = layout(canvas.cols, canvas.rows);
  const gap = state.overlay === null && canvas.cols < roomy ? 1 : 2;
  let col = 1;
  for (const entry of entriesOf(scopeOf(state), state.readOnly, state.replay !== null)) {
    const key = keyName(entry.keys[0] ?? "");
    const room = canvas.cols - (state.overlay === null && entry.command !== "quit" ? "q Quit".length + gap : 0);
    if (entry.hint === undefined || col + key.length + entry.hint.length + 1 > room) continue;
    canvas.put(row, key, "key", col, key.length);
    canvas.put(row, entry.hint, "dim", col + key.length + 1, entry.hint.length);
    col += key.length + entry.hint.length + 1 + gap;
  }
}

/** From here on the hints of a tab have two blanks between them, as those of a dialog always have. */
const roomy = 100;

/** In the tab Pins: what the agent advises about a contact. */
function adviceOf({ tab, pins: { data } }: State): string {
  const pin = tab === "pins" ? data?.data.pins.find((pin) => pin.kind === "input" && pin.advice !== null) : undefined;
  return pin?.kind === "input" ? `advice: ${pin.id} ${pin.advice}` : "";
}

function filterProblem(state: State): string | null {
  return filterOf(state).problem;
}

function matched(state: State): string {
  if (state.tab !== "topics") return "";
  const { store } = state.topics;
  store.rows();
  return `${count(store.matched)} of ${count(store.topics)}`;
}
