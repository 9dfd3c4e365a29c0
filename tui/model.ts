import type { Change, Hello, PinsView, PinView, SensorEntry, ServiceView, Status, View } from "../agent/protocol.ts";
import type { ScreenFacts } from "./action.ts";
import { type BrokerTab, createBrokerTab } from "./broker.ts";
import { createDetail, type Detail } from "./detail.ts";
import { everything, type Filter } from "./filter.ts";
import { createFleetTab, type FleetTab } from "./fleet.ts";
import { createHostTab, type HostTab } from "./host.ts";
import { defaultSettings, type Settings } from "./kept.ts";
import type { Scroll } from "./layout.ts";
import type { Overlay } from "./overlay.ts";
import { createPinMore, type PinMore } from "./pin.ts";
import type { PayloadFormat } from "./publication.ts";
import { createReplay, type ReplayState } from "./replay.ts";
import type { Clearing } from "./retained.ts";
import { sensorWords } from "./sensor.ts";
import { createServiceLogs, type ServiceLogs } from "./service-log.ts";
import type { Shown } from "./snapshot.ts";
import { TopicStore } from "./topics.ts";
import { createTraceTab, type TraceTab } from "./trace.ts";
import type { Trend } from "./trend.ts";
import type { Style } from "./view/canvas.ts";
import type { Wave } from "./wave.ts";

/** Everything the screen shows. `update` is the only place that changes it, apart from a view's first visible row. */
export interface State {
  readonly started: number;
  cols: number;
  rows: number;
  screen: ScreenFacts;
  readonly readOnly: boolean;
  /** Where the person asked to look, for the header until the agent says its node. */
  node: string;
  tab: TabId;
  zoom: boolean;
  mouse: boolean;
  frozen: { at: number; received: number } | null;
  armedUntil: number;
  overlay: Overlay | null;
  notice: { text: string; style: Style; at: number } | null;
  /** Publications of this session, newest first, to be recalled in the dialog. */
  published: Publication[];
  /** Of the settings file; pins and presets change here and there at once. */
  kept: Settings;
  /** Retained messages that are being cleared. */
  clearing: Clearing | null;
  mqtt: MqttState;
  agent: AgentState;
  topics: TopicsTab;
  pins: PinsTab;
  broker: BrokerTab;
  host: HostTab;
  services: ServicesTab;
  trace: TraceTab;
  fleet: FleetTab;
  /** A file takes the messages of the broker. */
  recording: { path: string; messages: number } | null;
  /** What is played in place of a broker. */
  replay: ReplayState | null;
}

export type TabId = "topics" | "pins" | "broker" | "host" | "services" | "trace" | "fleet";

/** The tabs. Numbers are final. */
export const tabs: readonly { id: TabId; label: string; panes: number }[] = [
  { id: "topics", label: "1 Topics", panes: 3 },
  { id: "pins", label: "2 Pins", panes: 6 },
  { id: "broker", label: "3 Broker", panes: 2 },
  { id: "host", label: "4 Host", panes: 2 },
  { id: "services", label: "5 Services", panes: 4 },
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
  /** Which views the agent pushes. */
  watching: readonly View[];
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
  detail: Detail;
  /** When the connection was lost, oldest first. */
  lost: number[];
  rate: number;
  /** For the rate: what was counted at the last tick. */
  counted: { at: number; received: number };
}

export interface PinsTab extends Shown<PinsView> {
  list: ListState;
  filter: Filter;
  /** See `pinPanes`. */
  pane: number;
  whyScroll: Scroll;
  rulesScroll: Scroll;
  waves: Map<string, Wave>;
  /** Of the sensors, by `trendKey`. */
  trends: Map<string, Trend>;
  /** What a frozen view shows of them. */
  heldTrends: ReadonlyMap<string, Trend> | null;
  edgeRate: number;
  /** The changes of one output, as of when they were asked for. */
  why: { output: string; changes: Change[]; at: number } | null;
  asked: { output: string; at: number } | null;
  more: PinMore;
}

export interface ServicesTab extends Shown<ServiceView[]> {
  list: ListState;
  filter: Filter;
  /** 0 units, 1 the selected unit, 2 its journal, 3 its log file. */
  pane: number;
  detail: Scroll;
  manager: "all" | "system" | "user";
  logs: ServiceLogs;
  /** CPU share by unit, from two snapshots. */
  cpu: Map<string, { ns: number; at: number; share: number | null }>;
}

export interface Publication {
  topic: string;
  payload: string;
  /** What the payload was typed as: `hex` is digits for bytes. Text unless said. */
  format?: PayloadFormat;
  qos: 0 | 1 | 2;
  retain: boolean;
}

export interface StateOptions {
  cols: number;
  rows: number;
  now: number;
  readOnly?: boolean;
  node?: string;
  /** As whom ssh logs in elsewhere, as long as nothing else was said. */
  user?: string;
  /** The name of a recording. */
  replay?: string | undefined;
  mqtt?: boolean;
  agent?: boolean;
  store?: TopicStore;
  settings?: Settings;
}

export function createState(options: StateOptions): State {
  const { now } = options;
  const link = (wanted = false) => ({ wanted, up: false, since: now, problem: null });
  const list = () => ({ selected: null, top: 0 });
  const kept = options.settings ?? defaultSettings;
  const store = options.store ?? new TopicStore();
  store.pin(kept.pins);
  return {
    started: now,
    cols: options.cols,
    rows: options.rows,
    screen: { perSecond: null, sshMs: null },
    readOnly: options.readOnly ?? false,
    node: options.node ?? "",
    tab: kept.tabs[0] ?? "topics",
    zoom: false,
    mouse: false,
    frozen: null,
    armedUntil: 0,
    overlay: null,
    notice: null,
    published: [],
    kept,
    clearing: null,
    mqtt: { ...link(options.mqtt), server: "", version: null, granted: [], refused: [], rtt: null },
    agent: { ...link(options.agent), hello: null, status: null, watching: [] },
    topics: {
      store,
      list: list(),
      pane: 0,
      detail: createDetail(),
      lost: [],
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
      trends: new Map(),
      heldTrends: null,
      edgeRate: 0,
      why: null,
      asked: null,
      more: createPinMore(),
    },
    broker: createBrokerTab(now),
    host: createHostTab(),
    services: {
      data: null,
      newer: null,
      list: list(),
      filter: everything,
      pane: 0,
      detail: { top: 0 },
      manager: "all",
      logs: createServiceLogs(),
      cpu: new Map(),
    },
    trace: createTraceTab(now),
    fleet: createFleetTab(options.user),
    recording: null,
    replay: options.replay === undefined ? null : createReplay(options.replay),
  };
}

/** What a frozen view takes for now. */
export function viewNow(state: State, now: number): number {
  return state.frozen?.at ?? now;
}

/** For how many seconds the outputs are still armed; 0 = they are not. */
export function armedFor({ armedUntil }: State, now: number): number {
  return Math.max(0, Math.ceil((armedUntil - now) / 1000));
}

/** May this terminal change anything through the agent? */
export function mayOperate(state: State): boolean {
  return !state.readOnly && state.agent.hello?.operate !== false;
}

/** The rows of the tab Pins: the pins, then the sensors. Their ids are of one space. */
export function visiblePins({ pins: { data, filter } }: State): (PinView | SensorEntry)[] {
  const { pins = [], sensors = [] } = data?.data ?? {};
  return [
    ...pins.filter((pin) => filter.test(pin.id, () => pin.state)),
    ...sensors.filter((sensor) => filter.test(sensor.id, () => sensorWords(sensor))),
  ];
}

export function visibleServices({ services: { data, filter, manager } }: State): ServiceView[] {
  return (data?.data ?? []).filter((unit) => {
    const shown = manager === "all" || (manager === "user") === (unit.user ?? false);
    return shown && filter.test(unit.unit, () => `${unit.active} ${unit.sub}`);
  });
}
