import type {
  Change,
  ChipView,
  Hello,
  HostView,
  LogView,
  PinDetail,
  PinsView,
  PinView,
  ServiceVerb,
  ServiceView,
  SimStep,
  Status,
  SwitchWord,
  TraceEntry,
  View,
} from "../agent/protocol.ts";
import { type BrokerTab, createBrokerTab } from "./broker.ts";
import { createDetail, type Detail } from "./detail.ts";
import type { Editor } from "./editor.ts";
import { everything, type Filter } from "./filter.ts";
import { createFleetTab, type FleetTab } from "./fleet.ts";
import { createHostTab, type HostTab } from "./host.ts";
import { defaultSettings, type KeptEffect, type Settings } from "./kept.ts";
import type { Scroll } from "./layout.ts";
import { createPinMore, type PinMore } from "./pin.ts";
import type { PayloadFormat } from "./publication.ts";
import type { PublishOverlay } from "./publish.ts";
import { createReplay, type ReplayState } from "./replay.ts";
import type { Clearing, ClearOverlay, RetainedEvent } from "./retained.ts";
import { createServiceLogs, type ServiceLogs } from "./service-log.ts";
import { TopicStore } from "./topics.ts";
import { createTraceTab, type TraceTab } from "./trace.ts";
import type { Decoder } from "./value.ts";
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
  { id: "pins", label: "2 Pins", panes: 5 },
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
  detail: Detail;
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
  /** See `pinPanes`. */
  pane: number;
  whyScroll: Scroll;
  rulesScroll: Scroll;
  waves: Map<string, Wave>;
  edgeRate: number;
  /** The changes of one output, as of when they were asked for. */
  why: { output: string; changes: Change[]; at: number } | null;
  asked: { output: string; at: number } | null;
  more: PinMore;
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

export type Overlay =
  | { kind: "filter"; field: Editor; before: string }
  | { kind: "help" | "palette"; field: Editor; index: number; top: number }
  | (PublishOverlay | ClearOverlay)
  | { kind: "switch"; output: string; word: "ON" | "OFF" }
  | { kind: "service"; unit: string }
  | { kind: "inject"; input: string }
  | { kind: "inject-message"; field: Editor }
  /** `forced` = it cannot be more than a look. */
  | { kind: "attach"; base: string; field: Editor; readOnly: boolean; forced: boolean; problem: string | null };

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
    agent: { ...link(options.agent), hello: null, status: null, watching: null },
    topics: {
      store,
      list: list(),
      pane: 0,
      detail: createDetail(),
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

/** What the outside says or a person does. */
export type Action =
  | { type: "key"; key: string; text?: string }
  | { type: "paste"; text: string }
  | { type: "resize"; cols: number; rows: number }
  | { type: "tick" }
  | { type: "message"; topic: string; payload: Buffer; retain: boolean | null; qos: 0 | 1 | 2 }
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
  | { type: "service-log"; answer: LogView }
  | { type: "service-log-refused"; from: LogView["from"]; unit: string; problem: string }
  | { type: "host"; data: HostView }
  | { type: "trace"; entries: TraceEntry[] }
  /** A file takes the packets from now on; null = no more. */
  | { type: "recording"; path: string | null }
  /** The same of the messages of the broker. */
  | { type: "message-file"; path: string | null }
  | ({ type: "replayed" } & Pick<ReplayState, "line" | "share" | "bad" | "next" | "ended">)
  | { type: "why"; output: string; changes: Change[] }
  | { type: "retained"; event: RetainedEvent }
  | { type: "pin"; detail: PinDetail }
  | { type: "lines"; chips: ChipView[] }
  | { type: "decoders"; decoders: readonly Decoder[] }
  | { type: "said"; text: string; ok: boolean };

/** What `update` wants done; `tui/main.ts` does it. */
export type Effect =
  | { type: "publish"; publication: Publication }
  | { type: "set"; output: string; state: SwitchWord }
  | { type: "press"; input: string; forMs: number }
  /** What the world does to the simulated board at once. */
  | { type: "play"; step: SimStep; done: string }
  | { type: "why"; output: string }
  | { type: "pin"; id: string }
  | { type: "lines" }
  /** Asks for the packets after this number, `wait` ms from now. */
  | { type: "trace"; after: number; wait: number }
  /** Asks for what came to a log after this line, `wait` ms from now. */
  | { type: "service-log"; unit: string; from: LogView["from"]; run: number; after: number; wait: number }
  | { type: "control-service"; unit: string; verb: ServiceVerb }
  | { type: "record-start" }
  | { type: "record"; entries: readonly TraceEntry[] }
  | { type: "record-stop" }
  | { type: "record-messages"; on: boolean }
  | { type: "replay"; speed: number; paused: boolean; step: boolean }
  | { type: "watch"; views: readonly View[] }
  /** Asks the broker once more for what it keeps under these topic filters. */
  | { type: "refresh"; filters: readonly string[] }
  | KeptEffect
  /** Looks at another node over ssh, and comes back. */
  | { type: "attach"; destination: string; readOnly: boolean }
  | { type: "copy"; text: string }
  | { type: "repaint" }
  | { type: "suspend" }
  /** `all` = where the person came from, too. */
  | { type: "quit"; all?: true };

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

export function visibleServices({ services: { data, filter, manager } }: State): ServiceView[] {
  return (data?.data ?? []).filter((unit) => {
    const shown = manager === "all" || (manager === "user") === (unit.user ?? false);
    return shown && filter.test(unit.unit, () => `${unit.active} ${unit.sub}`);
  });
}
