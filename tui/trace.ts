import type { HostView, TraceEntry } from "../agent/protocol.ts";
import type { Effect } from "./effect.ts";
import { everything, type Filter } from "./filter.ts";
import { instant } from "./format.ts";
import type { Scroll } from "./layout.ts";
import type { ListState, State } from "./model.ts";
import { factText } from "./packet.ts";
import { type BytesState, createBytes } from "./packet-bytes.ts";
import type { PayloadsSeen } from "./packet-payload.ts";
import type { Message } from "./topic.ts";
import { showsPi } from "./whole.ts";

export interface TraceTab {
  /** Oldest first. */
  entries: TraceEntry[];
  /** What a frozen view shows. */
  held: TraceEntry[] | null;
  /** The number of the newest packet, and how many were never here. */
  last: number;
  missed: number;
  /** The next answer is about another connection to the agent: it replaces all that is here. */
  fresh: boolean;
  /** When the question was asked that is still open. */
  asked: number | null;
  rate: number;
  counted: { at: number; last: number };
  /** The selection is the newest packet. */
  follow: boolean;
  list: ListState;
  filter: Filter;
  /** 0 packets, 1 outbox, 2 the selected packet. */
  pane: number;
  outbox: Scroll;
  packet: Scroll;
  mode: "auto" | "hex";
  bytes: BytesState;
  payloads: PayloadsSeen;
  /** What the outbox lost while somebody looked, newest first. */
  losses: { at: number; text: string }[];
  recording: { path: string; packets: number } | null;
}

/** As many as the agent keeps. */
const maxPackets = 1000;
const askEvery = 300;
const askSeldom = 1000;
/** An unanswered question ends the link before that. */
const patience = 10_000;
const maxLosses = 100;

export function createTraceTab(now: number): TraceTab {
  return {
    entries: [],
    held: null,
    last: 0,
    missed: 0,
    fresh: true,
    asked: null,
    rate: 0,
    counted: { at: now, last: 0 },
    follow: true,
    list: { selected: null, top: 0 },
    filter: everything,
    pane: 0,
    outbox: { top: 0 },
    packet: { top: 0 },
    mode: "auto",
    bytes: createBytes(),
    payloads: new Map(),
    losses: [],
    recording: null,
  };
}

/** Asks for the packets while somebody looks at them or records them; less often where only the last few are shown. */
export function askTrace(state: State, now: number, again = false): readonly Effect[] {
  const { trace, agent, tab } = state;
  const all = tab === "trace" || trace.recording !== null;
  if (!agent.up || (!all && !showsPi(state))) return [];
  if (trace.asked !== null && now - trace.asked < patience) return [];
  trace.asked = now;
  return [{ type: "trace", after: trace.fresh ? 0 : trace.last, wait: again ? (all ? askEvery : askSeldom) : 0 }];
}

export function traceReceived(state: State, answer: readonly TraceEntry[], now: number): readonly Effect[] {
  const { trace } = state;
  trace.asked = null;
  const other = trace.fresh && !goesOn(trace, answer);
  const entries = trace.fresh && !other ? answer.filter(({ number }) => number > trace.last) : answer;
  trace.fresh = false;
  const last = entries.at(-1)?.number;
  if (other) {
    trace.entries = [];
    trace.bytes.known.clear();
    trace.payloads.clear();
    trace.missed = 0;
    trace.last = last ?? 0;
    trace.counted = { at: now, last: trace.last };
  } else if (entries.length > 0) trace.missed += Math.max(0, (entries[0]?.number ?? 0) - trace.last - 1);
  trace.entries.push(...entries.slice(-maxPackets));
  trace.entries.splice(0, trace.entries.length - maxPackets);
  trace.last = last ?? trace.last;
  measure(trace, now, 900);
  const recorded: Effect[] = [];
  if (trace.recording !== null && entries.length > 0) {
    trace.recording.packets += entries.length;
    recorded.push({ type: "record", entries });
  }
  return [...recorded, ...askTrace(state, now, true)];
}

/** After a new connection: is it the same run of the agent? Its packets would else come twice into a recording. */
function goesOn({ entries }: TraceTab, answer: readonly TraceEntry[]): boolean {
  const known = entries.at(-1);
  if (known === undefined) return false;
  const again = answer.find(({ number }) => number === known.number);
  // The agent tells a moment in its wall clock, which is slewed.
  return again?.type === known.type && Math.abs(instant(again.at) - instant(known.at)) < 1000;
}

export function tickTrace(state: State, now: number): readonly Effect[] {
  measure(state.trace, now, longestMeasure);
  return askTrace(state, now);
}

/** An answer brings the packets of a second or less: counted from one to the next there is no second without any. */
function measure(trace: TraceTab, now: number, least: number): void {
  const passed = now - trace.counted.at;
  if (passed < least) return;
  trace.rate = (Math.max(0, trace.last - trace.counted.last) * 1000) / passed;
  trace.counted = { at: now, last: trace.last };
}

const longestMeasure = 2500;

/** Another connection to an agent, whose packets may count from 1 again. */
export function newAgent({ trace }: State): void {
  trace.fresh = true;
  trace.asked = null;
  trace.bytes.asked = null;
}

/** Turns a growth of the agent's own counters into lines. */
export function countLosses(tab: TraceTab, before: HostView | undefined, view: HostView): void {
  for (const [below, what] of Object.entries({ outbox: "events", "outbox/telemetry": "readings" }))
    for (const [reason, words] of Object.entries(lossWords)) {
      const name = `${below}/dropped/${reason}`;
      const lost = Number(view.values[name]) - Number(before?.values[name]);
      if (lost > 0)
        tab.losses.unshift({ at: instant(view.at), text: `${lost} ${reason === "unsent" ? "messages" : what} dropped: ${words}` });
    }
  tab.losses.splice(maxLosses);
}

export const lossWords: Readonly<Record<string, string>> = {
  expired: "older than their time to live",
  full: "too many waited",
  refused: "refused by the broker",
  unsent: "not kept while the broker was away",
};

/** The packets that the filter lets through, of now or of the freeze. `PUB` finds types, `plant/#` topics. */
export function visiblePackets({ held, entries, filter }: TraceTab): readonly TraceEntry[] {
  const all = held ?? entries;
  if (filter.text === "" || filter.problem !== null) return all;
  const pattern = /(^|\/)[+#](\/|$)/.test(filter.text);
  return all.filter((entry) => filter.test(pattern ? (entry.topic ?? "") : `${entry.type} ${entry.topic ?? ""}`, () => factText(entry)));
}

/** Where the selection is: at the newest while following. */
export function packetIndex(tab: TraceTab, packets: readonly TraceEntry[]): number {
  if (tab.follow) return packets.length - 1;
  const wanted = Number(tab.list.selected);
  const index = packets.findIndex(({ number }) => number >= wanted);
  // It is filtered away, or has left the ring: the next one that is there.
  return index >= 0 ? index : packets.length - 1;
}

export function selectedPacket(tab: TraceTab): TraceEntry | undefined {
  const packets = visiblePackets(tab);
  return packets[packetIndex(tab, packets)];
}

/** The agent keeps no payloads: what this terminal received on the topic at that time, when it has the same length. It may be among its newest `most`. */
export function payloadOf(state: State, { topic, size, at }: TraceEntry, most?: number): Message | undefined {
  const node = topic === undefined ? undefined : state.topics.store.node(topic);
  if (node === undefined || size === undefined) return undefined;
  const { data } = state.pins;
  // The agent's clock and ours need not agree.
  const ours = instant(at) + (data === null ? 0 : data.received - data.at);
  const near = node.history.messages(most).filter((message) => message.size === size && Math.abs(message.at - ours) < sameMoment);
  return near.sort((one, other) => Math.abs(one.at - ours) - Math.abs(other.at - ours))[0];
}

const sameMoment = 3000;
