import { brokerRows } from "./broker.ts";
import { visibleNodes } from "./fleet.ts";
import { hostRows } from "./host.ts";
import { type ListState, type State, viewNow, visiblePins, visibleServices } from "./model.ts";
import { factText } from "./packet.ts";
import { sensorWords } from "./sensor.ts";
import { visiblePackets } from "./trace.ts";

/** A row of the list of a tab: what the selection names, and what `y` copies. */
export interface Row {
  readonly id: string;
  readonly text: string;
}

/** The rows of the tab that is shown, top to bottom; the tree of topics has its own. */
export function rowsOf(state: State, now: number): readonly Row[] {
  switch (state.tab) {
    case "topics":
      return [];
    case "pins":
      return visiblePins(state).map((row) => ({ id: row.id, text: `${row.id} ${row.kind === "sensor" ? sensorWords(row) : row.state}` }));
    case "broker":
      return brokerRows(state.broker, viewNow(state, now)).map(({ id, label, text }) => ({
        id,
        text: `${label} ${text.trim()}`,
      }));
    case "host":
      return hostRows(state.host).map(({ id, label, text, more }) => ({ id, text: `${label} ${text} ${more}`.trim() }));
    case "services":
      return visibleServices(state).map(({ unit, active, sub }) => ({ id: unit, text: `${unit} ${active} ${sub}` }));
    case "fleet":
      return visibleNodes(state.fleet, state.mqtt, viewNow(state, now)).map(({ base }) => ({ id: base, text: base }));
    case "trace":
      return visiblePackets(state.trace).map((entry) => ({
        id: String(entry.number),
        text: `${entry.at} ${entry.type} ${factText(entry)}`,
      }));
  }
}

/** Where the selection is among rows: the first one when there is none yet or it is gone, -1 when there are no rows. */
export function selectedIndex(list: ListState, rows: readonly { readonly id: string }[]): number {
  const index = list.selected === null ? -1 : rows.findIndex(({ id }) => id === list.selected);
  return index >= 0 ? index : rows.length > 0 ? 0 : -1;
}
