import type { Change, Hello, HostView, PinsView, PinView, ServiceView, Status, SwitchWord, TraceEntry, View } from "../agent/protocol.ts";
import { type BrokerTab, createBrokerTab } from "./broker.ts";
import type { Editor } from "./editor.ts";
import { everything, type Filter } from "./filter.ts";
import { createFleetTab, type FleetTab } from "./fleet.ts";
import { createHostTab, type HostTab } from "./host.ts";
import type { Scroll } from "./layout.ts";
import type { Message } from "./topic.ts";
import { TopicStore } from "./topics.ts";
import { createTraceTab, type TraceTab } from "./trace.ts";
import type { ValueMode } from "./value.ts";
import type { Style } from "./view/canvas.ts";
import type { Wave } from "./wave.ts";

/** Everything the screen shows. `update` is the only place that changes it, apart from a view's first visible row. */
export interface State {
  readonly started: number;
  cols: number;
  rows: number;
  readonly readOnly: boolean;
  /** Where the person asked to look, for the header until the agent says its node. */
  node: string;
  tab: TabId;
  zoom: boolean;
  frozen: { at: number; received: number } | null;
  armedUntil: number;
  overlay: Overlay | null;
  notice: { text: string; style: Style; at: number } | null;
  /** Publications of this session, newest first, to be recalled in the dialog. */
  published: Publication[];
  mqtt: MqttState;
  agent: AgentState;
  topics: TopicsTab;
  pins: PinsTab;
  broker: BrokerTab;
  host: HostTab;
  services: ServicesTab;
  trace: TraceTab;
  fleet: FleetTab;
}

export type TabId = "topics" | "pins" | "broker" | "host" | "services" | "trace" | "fleet";

/** The tabs. Numbers are final. */
export const tabs: readonly { id: TabId; label: string; panes: number }[] = [
  { id: "topics", label: "1 Topics", panes: 3 },
  { id: "pins", label: "2 Pins", panes: 3 },
  { id: "broker", label: "3 Broker", panes: 2 },
  { id: "host", label: "4 Host", panes: 2 },
  { id: "services", label: "5 Services", panes: 2 },
  { id: "trace", label: "6 Trace", panes: 3 },
  { id: "fleet", label: "7 Fleet", panes: 2 },
];

export interface LinkState {
  /** Somebody said where it is; without that its tab says which flag would. */
  wanted: boolean;
  up: boolean;
  /** When it went up or down. */
  since: number;
  problem: string | null;
}

export interface MqttState extends LinkState {
  server: string;
  version: "5" | "3.1.1" | null;
  /** Topic filters that the broker granted, and that it did not. */
  granted: string[];
  refused: string[];
  /** How long the broker took for its last answer to us, ms. */
  rtt: number | null;
}

export interface AgentState extends LinkState {
  hello: Hello | null;
  status: Status | null;
  /** Which view the agent pushes besides the pins. */
  watching: View | null;
}

/** A list with a selection that is an identity, so that inserts never move it. */
export interface ListState extends Scroll {
  selected: string | null;
}

export interface TopicsTab {
  store: TopicStore;
  list: ListState;
  /** 0 tree, 1 value, 2 history. */
  pane: number;
  value: Scroll;
  history: Scroll;
  mode: ValueMode;
  /** The lines of the value that is shown: a frame comes ten times a second, a new value seldom. */
  shown: { message: Message; previous: Message | undefined; mode: ValueMode; width: number; lines: string[] } | null;
  rate: number;
  /** For the rate: what was counted at the last tick. */
  counted: { at: number; received: number };
}

export interface PinsTab {
  data: Snapshot<PinsView> | null;
  /** Came while frozen. */
  newer: Snapshot<PinsView> | null;
  list: ListState;
  filter: Filter;
  /** 0 pins, 1 why, 2 rules. */
  pane: number;
  whyScroll: Scroll;
  rulesScroll: Scroll;
  waves: Map<string, Wave>;
  edgeRate: number;
  /** The changes of one output, as of when they were asked for. */
  why: { output: string; changes: Change[]; at: number } | null;
  asked: { output: string; at: number } | null;
}

/** What the agent said, and when it came here: ages go on by our clock, so the two clocks need not agree. */
export interface Snapshot<T> {
  data: T;
  received: number;
  /** The agent's clock at the snapshot. */
  at: number;
}

export interface ServicesTab {
  data: Snapshot<ServiceView[]> | null;
  newer: Snapshot<ServiceView[]> | null;
  list: ListState;
  filter: Filter;
  pane: number;
  detail: Scroll;
  /** CPU share by unit, from two snapshots. */
  cpu: Map<string, { ns: number; at: number; share: number | null }>;
}

export interface Publication {
  topic: string;
  payload: string;
  qos: 0 | 1 | 2;
  retain: boolean;
}

export type Overlay =
  | { kind: "filter"; field: Editor; before: string }
  | { kind: "help" | "palette"; field: Editor; index: number; top: number }
  | { kind: "publish"; topic: Editor; payload: Editor; qos: 0 | 1 | 2; retain: boolean; field: number; recalled: number }
  | { kind: "switch"; output: string; word: "ON" | "OFF" }
  | { kind: "inject"; input: string };

export interface StateOptions {
  cols: number;
  rows: number;
  now: number;
  readOnly?: boolean;
  node?: string;
  mqtt?: boolean;
  agent?: boolean;
  store?: TopicStore;
}

export function createState(options: StateOptions): State {
  const { now } = options;
  const link = (wanted = false) => ({ wanted, up: false, since: now, problem: null });
  const list = () => ({ selected: null, top: 0 });
  return {
    started: now,
    cols: options.cols,
    rows: options.rows,
    readOnly: options.readOnly ?? false,
    node: options.node ?? "",
    tab: "topics",
    zoom: false,
    frozen: null,
    armedUntil: 0,
    overlay: null,
    notice: null,
    published: [],
    mqtt: { ...link(options.mqtt), server: "", version: null, granted: [], refused: [], rtt: null },
    agent: { ...link(options.agent), hello: null, status: null, watching: null },
    topics: {
      store: options.store ?? new TopicStore(),
      list: list(),
      pane: 0,
      value: { top: 0 },
      history: { top: 0 },
      mode: "auto",
      shown: null,
      rate: 0,
      counted: { at: now, received: 0 },
    },
    pins: {
      data: null,
      newer: null,
      list: list(),
      filter: everything,
      pane: 0,
      whyScroll: { top: 0 },
      rulesScroll: { top: 0 },
      waves: new Map(),
      edgeRate: 0,
      why: null,
      asked: null,
    },
    broker: createBrokerTab(now),
    host: createHostTab(),
    services: { data: null, newer: null, list: list(), filter: everything, pane: 0, detail: { top: 0 }, cpu: new Map() },
    trace: createTraceTab(now),
    fleet: createFleetTab(),
  };
}

/** What the outside says or a person does. */
export type Action =
  | { type: "key"; key: string; text?: string }
  | { type: "paste"; text: string }
  | { type: "resize"; cols: number; rows: number }
  | { type: "tick" }
  | { type: "message"; topic: string; payload: Buffer; retain: boolean; qos: 0 | 1 | 2 }
  | { type: "mqtt-wanted"; server: string }
  | { type: "mqtt-online"; version: "5" | "3.1.1" }
  | { type: "mqtt-offline"; problem: string }
  | { type: "mqtt-granted"; filter: string }
  | { type: "mqtt-refused"; filter: string }
  | { type: "mqtt-rtt"; ms: number }
  | { type: "agent-online"; hello: Hello }
  | { type: "agent-offline"; problem: string; absent?: boolean }
  | { type: "status"; status: Status }
  | { type: "pins"; data: PinsView }
  | { type: "services"; data: ServiceView[] }
  | { type: "host"; data: HostView }
  | { type: "trace"; entries: TraceEntry[] }
  /** A file takes the packets from now on; null = no more. */
  | { type: "recording"; path: string | null }
  | { type: "why"; output: string; changes: Change[] }
  | { type: "said"; text: string; ok: boolean };

/** What `update` wants done; `tui/main.ts` does it. */
export type Effect =
  | { type: "publish"; publication: Publication }
  | { type: "set"; output: string; state: SwitchWord }
  | { type: "press"; input: string; forMs: number }
  | { type: "why"; output: string }
  /** Asks for the packets after this number, `wait` ms from now. */
  | { type: "trace"; after: number; wait: number }
  | { type: "record-start" }
  | { type: "record"; entries: readonly TraceEntry[] }
  | { type: "record-stop" }
  | { type: "watch"; views: readonly View[] }
  /** Asks the broker once more for what it keeps under these topic filters. */
  | { type: "refresh"; filters: readonly string[] }
  | { type: "copy"; text: string }
  | { type: "repaint" }
  | { type: "suspend" }
  | { type: "quit" };

/** The agent's clock now, by our clock. */
export function agentNow<T>(snapshot: Snapshot<T>, now: number): number {
  return snapshot.at + (now - snapshot.received);
}

/** What a frozen view takes for now. */
export function viewNow(state: State, now: number): number {
  return state.frozen?.at ?? now;
}

/** May this terminal change anything through the agent? */
export function mayOperate(state: State): boolean {
  return !state.readOnly && state.agent.hello?.operate !== false;
}

export function visiblePins(state: State): PinView[] {
  return (state.pins.data?.data.pins ?? []).filter((pin) => state.pins.filter.test(pin.id, () => pin.state));
}

export function visibleServices(state: State): ServiceView[] {
  return (state.services.data?.data ?? []).filter((unit) => state.services.filter.test(unit.unit, () => `${unit.active} ${unit.sub}`));
}
