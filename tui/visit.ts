import type { View } from "../agent/protocol.ts";
import { type Effect, none } from "./effect.ts";
import { type State, type TabId, tabs } from "./model.ts";
import { askPin, selectedPin } from "./pin.ts";
import { askTrace } from "./trace.ts";
import { showsPi } from "./whole.ts";

const whyEvery = 2000;

/** To another tab, and what must be asked for it. */
export function go(state: State, to: TabId, now: number, zoom = false): readonly Effect[] {
  state.tab = to;
  state.zoom = zoom;
  return [...watch(state), ...askWhy(state, now), ...askTrace(state, now)];
}

/** The tabs of the header: those of the settings, and the one that is shown. */
export function shownTabs({ kept, tab }: Pick<State, "kept" | "tab">): typeof tabs {
  return kept.tabs.length === 0 ? tabs : tabs.filter(({ id }) => id === tab || kept.tabs.includes(id));
}

/** The tab after or before the one that is shown, in a circle. */
export function neighbour(state: State, step: number): TabId {
  const shown = shownTabs(state);
  const index = shown.findIndex(({ id }) => id === state.tab);
  return shown[(index + step + shown.length) % shown.length]?.id ?? state.tab;
}

/**
 * Asks for what the tab Pins shows of the selected pin, and for its causes when they may have changed; at most every two seconds. Frozen causes
 * stay; those of a pin that was not selected at the freeze are asked for once.
 */
export function askWhy(state: State, now: number): readonly Effect[] {
  return [...askPin(state, now), ...askCauses(state, now)];
}

function askCauses(state: State, now: number): readonly Effect[] {
  const { pins, agent } = state;
  if (state.tab !== "pins" || !agent.up) return none;
  const pin = selectedPin(state);
  if (pin === undefined || (pin.kind === "input" && !pin.counter)) return none;
  if (state.frozen !== null && pins.why?.output === pin.id) return none;
  if (pins.asked !== null && pins.asked.output === pin.id && now - pins.asked.at < whyEvery) return none;
  pins.asked = { output: pin.id, at: now };
  return [{ type: "why", output: pin.id }];
}

const viewsOf: Partial<Record<TabId, readonly View[]>> = {
  broker: ["pins", "host"],
  host: ["pins", "host"],
  trace: ["pins", "host"],
  services: ["pins", "services"],
};

/** Asks the agent to push what the screen shows, and the pins always: a wave has no holes. */
export function watch(state: State, fresh = false): readonly Effect[] {
  const { agent, tab } = state;
  const views: readonly View[] = showsPi(state) ? ["pins", "host", "services"] : (viewsOf[tab] ?? ["pins"]);
  if (!agent.up || (views.join() === agent.watching.join() && !fresh)) return none;
  agent.watching = views;
  return [{ type: "watch", views }];
}
