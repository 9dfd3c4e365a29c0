import type { Effect } from "./effect.ts";
import type { State } from "./model.ts";
import { holdLogs, releaseLogs } from "./service-log.ts";
import { release } from "./snapshot.ts";
import { askWhy } from "./visit.ts";

/** Stops the view while the data keeps arriving, or lets it go on. */
export function freeze(state: State, now: number): readonly Effect[] {
  const { store } = state.topics;
  if (state.frozen === null) {
    state.frozen = { at: now, received: store.received };
    store.freeze(now);
    // What is frozen is what one wants to read there.
    state.notice = null;
    state.trace.held = state.trace.entries.slice();
    holdLogs(state);
    state.fleet.held = structuredClone(state.fleet.nodes);
    state.broker.held = structuredClone(state.broker.figures);
    state.pins.heldTrends = structuredClone(state.pins.trends);
    return [];
  }
  state.frozen = null;
  store.thaw();
  state.broker.held = null;
  state.pins.heldTrends = null;
  state.fleet.held = null;
  state.trace.held = null;
  releaseLogs(state);
  release(state.pins);
  release(state.host);
  release(state.services);
  return askWhy(state, now);
}
