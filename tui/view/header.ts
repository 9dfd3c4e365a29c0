import { scopeOf } from "../commands.ts";
import { shown } from "../editor.ts";
import { clock, count, shortAge } from "../format.ts";
import { entriesOf, keyName } from "../keys.ts";
import { layout } from "../layout.ts";
import { type LinkState, type State, tabs } from "../model.ts";
import { filterText } from "../moves.ts";
import type { Canvas, Style } from "./canvas.ts";
import { putRight } from "./text.ts";

const longestLink = 14;

/** Which link is down, in at most 14 columns. */
export function linkState(state: State, now: number): { text: string; style: Style } {
  const { mqtt, agent } = state;
  const lost = (link: LinkState) => shortAge(now - link.since);
  const down = [mqtt, agent].filter((link) => link.wanted && !link.up);
  if (down.length === 0) {
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
  const node = state.agent.hello?.node ?? state.node;
  if (node.length <= room) putRight(canvas, 0, node, "text", col + 1, room);
}

/** The message line: what is being typed, else a notice, else what is frozen or filtered. */
export function drawMessage(state: State, canvas: Canvas, now: number): void {
  const { message: row } = layout(canvas.cols, canvas.rows);
  const [text, style] = messageOf(state, now);
  canvas.put(row, ` ${text}`, style, 0, canvas.cols);
}

function messageOf(state: State, now: number): [text: string, style: Style] {
  const { overlay, frozen, notice } = state;
  if (overlay?.kind === "filter") {
    const problem = filterProblem(state);
    return [`/${shown(overlay.field, 50)}  ${problem ?? matched(state)}`, problem === null ? "bold" : "bad"];
  }
  if (notice !== null) return [notice.text, notice.style];
  if (frozen !== null) {
    const { trace, topics } = state;
    const packets = trace.last - (trace.held?.at(-1)?.number ?? trace.last);
    const held =
      state.tab === "trace" ? `${count(packets)} newer packets` : `${count(topics.store.received - frozen.received)} newer messages`;
    return [`FROZEN at ${clock(frozen.at)} - ${held} held - z to resume`, "warn"];
  }
  if (filterText(state) !== "")
    return [`/${filterText(state)}  ${filterProblem(state) ?? matched(state)}   n next  N prev  Esc clear`, "bold"];
  const link = [state.mqtt, state.agent].find((each) => each.wanted && !each.up && each.problem !== null && now - each.since > 1000);
  if (link !== undefined) return [link.problem ?? "", "warn"];
  const problem = state.agent.up ? state.agent.status?.problems[0] : undefined;
  return [problem === undefined ? "" : `! ${problem}`, "warn"];
}

/** The key hints of this scope; what does not fit is left out whole. */
export function drawHints(state: State, canvas: Canvas): void {
  const { hints: row } = layout(canvas.cols, canvas.rows);
  let col = 1;
  for (const entry of entriesOf(scopeOf(state), state.readOnly)) {
    const key = keyName(entry.keys[0] ?? "");
    if (entry.hint === undefined || col + key.length + entry.hint.length + 1 > canvas.cols) continue;
    canvas.put(row, key, "key", col, key.length);
    canvas.put(row, entry.hint, "dim", col + key.length + 1, entry.hint.length);
    col += key.length + entry.hint.length + 3;
  }
}

function filterProblem(state: State): string | null {
  return state.tab === "topics" ? state.topics.store.filter.problem : state[state.tab].filter.problem;
}

function matched(state: State): string {
  if (state.tab !== "topics") return "";
  const { store } = state.topics;
  store.rows();
  return `${count(store.matched)} of ${count(store.topics)}`;
}
