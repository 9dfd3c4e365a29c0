import type { Effect } from "./effect.ts";
import { type State, visibleServices } from "./model.ts";
import { selectedIndex } from "./rows.ts";
import { type LogSource, logPanes, newLog, patience, type ServiceLog, sources } from "./service-log.ts";
import { newest } from "./snapshot.ts";
import { showsPi } from "./whole.ts";

/** The selection is believed when it has rested so long. */
const settle = 150;
const askEvery = 100;

/** The log that has the focus; undefined while another pane has it. */
export function focusedLog({ tab, services }: State): ServiceLog | undefined {
  if (tab !== "services") return undefined;
  const source = sources.find((each) => logPanes[each] === services.pane);
  return source && services.logs[source];
}

export function selectedUnit(state: State) {
  const units = visibleServices(state);
  return units[
    selectedIndex(
      state.services.list,
      units.map(({ unit }) => ({ id: unit })),
    )
  ];
}

/** Asks for the logs of the selected unit while somebody looks at the tab. */
export function askLogs(state: State, now: number): readonly Effect[] {
  const { services, agent, tab } = state;
  if (showsPi(state)) return askWarnings(state, now);
  if (tab !== "services") return [];
  const { logs } = services;
  logs.shown = sources.find((each) => logPanes[each] === services.pane) ?? logs.shown;
  if (!agent.up || services.data === null) return [];
  const unit = selectedUnit(state);
  return sources.flatMap((from): Effect[] => {
    const wanted = unit !== undefined && (from === "journal" || unit.log_file !== undefined) ? unit.unit : null;
    let log = logs[from];
    let wait = 0;
    if (log.unit !== wanted) {
      log = { ...newLog(wanted), filter: log.filter, held: state.frozen === null ? null : [] };
      logs[from] = log;
      wait = settle;
    }
    if (wanted === null || (log.asked !== null && now - log.asked < patience)) return [];
    log.asked = now;
    return [{ type: "service-log", unit: wanted, from, run: log.run, after: log.last, wait: log.heard ? askEvery : wait }];
  });
}

function askWarnings({ services, agent }: State, now: number): readonly Effect[] {
  const { warnings: log } = services.logs;
  if (!agent.up || services.data === null || newest(services)?.data.length === 0) return [];
  if (log.asked !== null && now - log.asked < patience) return [];
  log.asked = now;
  return [{ type: "service-log", unit: "", from: "warnings", run: log.run, after: log.last, wait: log.heard ? askEvery : 0 }];
}

/** Which log is shown where there is room for one: of a unit without a log file its journal. */
export function shownLog(state: State): LogSource {
  const { pane, logs } = state.services;
  if (pane === logPanes.file) return "file";
  return selectedUnit(state)?.log_file === undefined ? "journal" : logs.shown;
}
