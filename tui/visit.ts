import type { View } from "../agent/protocol.ts";
import { type Effect, type State, type TabId, tabs, visiblePins } from "./model.ts";
import { selectedIndex } from "./rows.ts";
import { askTrace } from "./trace.ts";

const none: readonly Effect[] = [];
const whyEvery = 2000;

/** To another tab, and what must be asked for it. */
export function go(state: State, to: TabId, now: number): readonly Effect[] {
  state.tab = to;
  state.zoom = false;
  return [...watch(state), ...askWhy(state, now), ...askTrace(state, now)];
}

/** The tab after or before one, in a circle. */
export function neighbour(of: TabId, step: number): TabId {
  const index = tabs.findIndex(({ id }) => id === of);
  return tabs[(index + step + tabs.length) % tabs.length]?.id ?? of;
}

/** Asks for the causes of the selected output when they may have changed; at most every two seconds. */
export function askWhy(state: State, now: number): readonly Effect[] {
  const { pins, agent } = state;
  if (state.tab !== "pins" || !agent.up || state.frozen !== null) return none;
  const visible = visiblePins(state);
  const pin = visible[selectedIndex(pins.list, visible)];
  if (pin === undefined || pin.kind !== "output") return none;
  if (pins.asked !== null && pins.asked.output === pin.id && now - pins.asked.at < whyEvery) return none;
  pins.asked = { output: pin.id, at: now };
  return [{ type: "why", output: pin.id }];
}

const viewOf: Partial<Record<TabId, View>> = { broker: "host", host: "host", trace: "host", services: "services" };

/** Asks the agent to push what the tab shows, and the pins always: a wave has no holes. */
export function watch(state: State, fresh = false): readonly Effect[] {
  const { agent } = state;
  const view = viewOf[state.tab] ?? null;
  if (!agent.up || (view === agent.watching && !fresh)) return none;
  agent.watching = view;
  return [{ type: "watch", views: view === null ? ["pins"] : ["pins", view] }];
}
