import type { PinsView, PinView, SensorEntry } from "../agent/protocol.ts";
import type { Effect } from "./effect.ts";
import { instant } from "./format.ts";
import { type State, visiblePins } from "./model.ts";
import { selectedTopic, setFilterOf } from "./moves.ts";
import { pinPanes } from "./pin.ts";
import { selectedIndex } from "./rows.ts";
import { go } from "./visit.ts";

/**
 * To the causes from anywhere, over the whole screen: those of the selected row, or of what the selected topic is about, or else of
 * the output that changed last.
 */
export function showWhy(state: State, now: number): readonly Effect[] {
  const data = state.pins.data?.data;
  const wanted = state.tab === "pins" || data === undefined ? undefined : (topicPin(state, data) ?? changedLast(data.pins));
  if (wanted !== undefined) {
    state.pins.list.selected = wanted.id;
    if (!visiblePins(state).some(({ id }) => id === wanted.id)) setFilterOf(state, "pins", "");
  }
  state.pins.pane = pinPanes.why;
  state.pins.whyScroll.top = 0;
  return go(state, "pins", now, true);
}

/** The pin after or before the selected one, whichever pane is focused. */
export function otherPin(state: State, step: 1 | -1, now: number): readonly Effect[] {
  const visible = visiblePins(state);
  const index = selectedIndex(state.pins.list, visible);
  const next = visible[(index + step + visible.length) % Math.max(1, visible.length)];
  if (next === undefined) return [];
  state.pins.list.selected = next.id;
  state.pins.whyScroll.top = 0;
  return go(state, "pins", now, state.zoom);
}

function topicPin(state: State, { pins, sensors = [] }: PinsView): PinView | SensorEntry | undefined {
  const path = selectedTopic(state)?.path ?? "";
  const base = state.agent.hello?.base;
  if (state.tab !== "topics" || base === undefined || !path.startsWith(`${base}/`)) return undefined;
  const [kind, id] = path.slice(base.length + 1).split("/");
  if (kind === "sensor") return sensors.find((sensor) => sensor.id === id);
  return pins.find(
    (pin) => pin.id === id && (kind === "out" || kind === "pwm" ? pin.kind === "output" : kind === "in" || kind === "counter"),
  );
}

function changedLast(pins: readonly PinView[]): PinView | undefined {
  const outputs = pins.filter((pin) => pin.kind === "output" && pin.since !== null);
  return outputs.sort((one, other) => instant(other.since) - instant(one.since))[0];
}
