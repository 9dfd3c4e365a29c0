import type { ChipView, PinDetail, PinView, SensorEntry } from "../agent/protocol.ts";
import type { Effect } from "./effect.ts";
import { layout, type Scroll } from "./layout.ts";
import { type PinsTab, type State, visiblePins } from "./model.ts";
import { selectedIndex } from "./rows.ts";
import { agentNow, type Snapshot } from "./snapshot.ts";

/** What the tab Pins knows besides the view of all pins. */
export interface PinMore {
  /** The selected pin in more detail, of the last answer. */
  detail: Snapshot<PinDetail> | null;
  /** Every line of the board; null until the agent has said so. */
  chips: ChipView[] | null;
  /** With how many edges the board had seen by then. */
  asked: { id: string; at: number; edges: number } | null;
  chipsAsked: number | null;
  edges: Scroll;
  controllers: Scroll;
  board: Scroll;
}

/** The panes of the tab, as `Tab` goes through them. */
export const pinPanes = { table: 0, why: 1, rules: 2, edges: 3, controllers: 4, board: 5 } as const;
const detailEvery = 2000;
const edgesEvery = 400;
const chipsEvery = 10_000;

export function createPinMore(): PinMore {
  return { detail: null, chips: null, asked: null, chipsAsked: null, edges: { top: 0 }, controllers: { top: 0 }, board: { top: 0 } };
}

/** The selected row of the tab. */
export function selectedRow(state: State): PinView | SensorEntry | undefined {
  const visible = visiblePins(state);
  return visible[selectedIndex(state.pins.list, visible)];
}

/** The selected pin; undefined when a sensor is selected. */
export function selectedPin(state: State): PinView | undefined {
  const row = selectedRow(state);
  return row?.kind === "sensor" ? undefined : row;
}

/** What is known in detail of a pin; undefined when it is another one's, or from before the link was lost. */
export function detailOf<K extends PinView["kind"]>(state: State, pin: PinView & { kind: K }): (PinDetail & { kind: K }) | undefined {
  const detail = state.pins.more.detail?.data;
  return detail?.id === pin.id && detail.kind === pin.kind ? (detail as PinDetail & { kind: K }) : undefined;
}

/** On a wide screen the edges stand beside the causes. */
export function isWide(cols: number): boolean {
  return cols >= 130;
}

/**
 * Asks for what the panes show of the selected pin: its edges soon after new ones while they are on the screen, the rest seldom, and in a frozen
 * view nothing that is known.
 */
export function askPin(state: State, now: number): readonly Effect[] {
  const { agent, cols, rows, zoom, frozen } = state;
  const { more, pane, data } = state.pins;
  if (state.tab !== "pins" || !agent.up) return [];
  const effects: Effect[] = [];
  const pin = selectedPin(state);
  const held = frozen !== null && pin !== undefined && detailOf(state, pin) !== undefined;
  if (pin !== undefined && !held) {
    const shown = pane === pinPanes.edges || (isWide(cols) && !layout(cols, rows, zoom).single);
    const { asked } = more;
    const edges = data?.data.edges ?? 0;
    const moved = edges !== asked?.edges || (pin.kind === "input" && detailOf(state, pin)?.edges.edges[0]?.accepted === null);
    const every = pin.kind === "input" && shown && moved ? edgesEvery : detailEvery;
    if (asked === null || asked.id !== pin.id || asked.at < agent.since || now - asked.at >= every) {
      more.asked = { id: pin.id, at: now, edges };
      effects.push({ type: "pin", id: pin.id });
    }
  }
  if (frozen !== null) return effects;
  const fresh = more.chipsAsked !== null && more.chipsAsked >= agent.since;
  if (!fresh || ((pane === pinPanes.board || isWide(cols)) && now - (more.chipsAsked ?? 0) >= chipsEvery)) {
    more.chipsAsked = now;
    effects.push({ type: "lines" });
  }
  return effects;
}

/** The picture of the board covers the panes, so that leaving it is no quitting. */
export function coversPanes({ tab, pins }: State): boolean {
  return tab === "pins" && pins.pane === pinPanes.board;
}

export function pinReceived(state: State, data: PinDetail, now: number): void {
  const { data: pins, more } = state.pins;
  // Of another pin than the one that was shown at the freeze nothing is frozen.
  if (state.frozen === null || more.detail?.data.id !== data.id) more.detail = { data, received: now, at: agentNow(pins, now) };
}

/** What moves up and down in a pane of the tab. */
export function pinScroll({ pane, whyScroll, rulesScroll, more }: PinsTab): Scroll {
  if (pane === pinPanes.edges) return more.edges;
  if (pane === pinPanes.controllers) return more.controllers;
  if (pane === pinPanes.board) return more.board;
  return pane === pinPanes.why ? whyScroll : rulesScroll;
}
