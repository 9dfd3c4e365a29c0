import { everything, type Filter } from "./filter.ts";
import { age, amount } from "./format.ts";
import type { Scroll } from "./layout.ts";
import type { ListState } from "./model.ts";
import type { Series } from "./series.ts";
import { type Talker, Talkers } from "./talkers.ts";

/** What brokers tell of themselves below this, and we read. */
export const sysPrefix = "$SYS/broker/";

/** A row with the speed of something. `counter` grows with it, `load` is its average per minute; both below `$SYS/broker/`. */
interface LoadRow {
  id: string;
  label: string;
  counter: string | null;
  load: string;
  bytes?: true;
}

export const loadRows: readonly LoadRow[] = [
  { id: "messages/received", label: "msgs received", counter: "messages/received", load: "messages/received" },
  { id: "messages/sent", label: "msgs sent", counter: "messages/sent", load: "messages/sent" },
  { id: "publish/dropped", label: "publish dropped", counter: "publish/messages/dropped", load: "publish/dropped" },
  { id: "bytes/received", label: "bytes received", counter: "bytes/received", load: "bytes/received", bytes: true },
  { id: "bytes/sent", label: "bytes sent", counter: "bytes/sent", load: "bytes/sent", bytes: true },
  { id: "connections", label: "connections", counter: null, load: "connections" },
];

/** A row with figures that stand for themselves. `bytes` = written as a size. */
interface FactRow {
  id: string;
  label: string;
  facts: readonly { label: string; topic: string; bytes?: true }[];
}

export const factRows: readonly FactRow[] = [
  {
    id: "clients",
    label: "Clients",
    facts: [
      { label: "connected", topic: "clients/connected" },
      { label: "disconnected", topic: "clients/disconnected" },
      { label: "max", topic: "clients/maximum" },
      { label: "expired", topic: "clients/expired" },
    ],
  },
  {
    id: "subscriptions",
    label: "Subs",
    facts: [
      { label: "", topic: "subscriptions/count" },
      { label: "shared", topic: "shared_subscriptions/count" },
      { label: "Retained", topic: "retained messages/count" },
      { label: "Store", topic: "store/messages/bytes", bytes: true },
    ],
  },
  {
    id: "heap",
    label: "Heap",
    facts: [
      { label: "", topic: "heap/current", bytes: true },
      { label: "max", topic: "heap/maximum", bytes: true },
    ],
  },
];

export const spans = ["1min", "5min", "15min"] as const;
/** Everything that is shown, below `$SYS/broker/`. */
export const sysTopics: readonly string[] = [
  "version",
  "uptime",
  ...factRows.flatMap(({ facts }) => facts.map(({ topic }) => topic)),
  ...loadRows.flatMap(({ counter, load }) => [...(counter === null ? [] : [counter]), ...spans.map((span) => `load/${load}/${span}`)]),
];
const names: ReadonlySet<string> = new Set(sysTopics);

export interface SysValue {
  text: string;
  number: number;
  at: number;
  /** Of which connection it is, and whether it came after another one there: the first is as old as the broker likes. */
  epoch: number;
  live: boolean;
  /** Growth a second since the value before; null until two came live. */
  rate: number | null;
}

export interface BrokerFigures {
  /** By the rest of the topic; only names that are shown. */
  values: Map<string, SysValue>;
  /** When the last one came, and the time between two. */
  heard: number | null;
  interval: number | null;
  /** The averages of one minute by the id of their row, one every ten seconds of the last quarter of an hour. */
  trends: Map<string, number[]>;
  /** When the newest of them was taken. */
  sampled: number;
  talkers: readonly Talker[];
}

/** How the rows stand: as they are listed, by name, the fastest first, or what was said last first. Figures without a speed stay above. */
export type BrokerSort = (typeof sorts)[number];
const sorts = ["kind", "name", "rate", "age"] as const;

export interface BrokerTab {
  figures: BrokerFigures;
  /** What a frozen view shows. */
  held: BrokerFigures | null;
  talkers: Talkers;
  sort: BrokerSort;
  list: ListState;
  filter: Filter;
  /** 0 the broker, 1 the links. */
  pane: number;
  links: Scroll;
}

const sampleEvery = 10_000;
/** A quarter of an hour. */
export const trendSlots = 90;
const talkersShown = 8;
/** The longest value is a version. */
const maxBytes = 64;

export function createBrokerTab(now: number): BrokerTab {
  return {
    figures: { values: new Map(), heard: null, interval: null, trends: new Map(), sampled: now, talkers: [] },
    held: null,
    talkers: new Talkers(now),
    sort: "kind",
    list: { selected: null, top: 0 },
    filter: everything,
    pane: 0,
    links: { top: 0 },
  };
}

/** What is shown: what came until the freeze, or all of it. */
export function brokerFigures({ held, figures }: BrokerTab): BrokerFigures {
  return held ?? figures;
}

/** A message that begins with `$SYS/broker/`; `epoch` counts our connections. */
export function sysReceived({ figures }: BrokerTab, topic: string, payload: Buffer, epoch: number, now: number): void {
  const name = topic.slice(sysPrefix.length);
  if (!names.has(name)) return;
  const text = payload.toString("utf8", 0, maxBytes);
  const number = Number.parseFloat(text);
  const before = figures.values.get(name);
  const live = before?.epoch === epoch;
  const passed = before === undefined ? 0 : now - before.at;
  const rate = live && before.live && passed > 0 && number >= before.number ? ((number - before.number) * 1000) / passed : null;
  figures.values.set(name, { text, number, at: now, epoch, live, rate });
  if (name === "uptime" && live) figures.interval = passed;
  figures.heard = now;
}

/** Once a second: samples the trends, and who talks most. `up` = connected to the broker. */
export function tickBroker(tab: BrokerTab, up: boolean, now: number): void {
  const { figures, talkers } = tab;
  talkers.tick(now);
  figures.talkers = talkers.top(talkersShown);
  if (now - figures.sampled < sampleEvery) return;
  figures.sampled = now;
  for (const { id, load } of loadRows) {
    const trend = figures.trends.get(id) ?? [];
    figures.trends.set(id, trend);
    trend.push(up ? (figures.values.get(`load/${load}/1min`)?.number ?? Number.NaN) : Number.NaN);
    if (trend.length > trendSlots) trend.shift();
  }
}

export interface BrokerRow {
  id: string;
  label: string;
  text: string;
  /** The topic that says most of it. */
  topic: string;
  trend: readonly number[] | null;
}

/** Sorts by the next of them; says by which. */
export function nextBrokerSort(tab: BrokerTab): BrokerSort {
  tab.sort = sorts[(sorts.indexOf(tab.sort) + 1) % sorts.length] ?? "kind";
  return tab.sort;
}

/** The averages of one minute a second, as a chart takes them; undefined until there are two. What was not known is a gap. */
export function trendSeries({ trends, sampled }: BrokerFigures, id: string): Series | undefined {
  const trend = trends.get(id) ?? [];
  const times = trend.map((_, index) => sampled - (trend.length - 1 - index) * sampleEvery);
  const known = trend.flatMap((value, index) => (Number.isNaN(value) ? [] : [index]));
  if (known.length < 2) return undefined;
  const values = known.map((index) => Math.round(((trend[index] ?? 0) * 100) / 60) / 100);
  return {
    at: known.map((index) => times[index] ?? 0),
    values,
    low: Math.min(...values),
    high: Math.max(...values),
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    lost: times.filter((_, index) => Number.isNaN(trend[index])),
  };
}

/** The rows of the table, top to bottom. What the broker does not tell reads `missing`, never 0. */
export function brokerRows(tab: BrokerTab, now: number): BrokerRow[] {
  const { filter, sort } = tab;
  const { values, interval, trends } = brokerFigures(tab);
  const fact = (topic: string, bytes?: true) => {
    const number = values.get(topic)?.number ?? Number.NaN;
    if (Number.isNaN(number)) return "missing";
    return bytes ? amount(number, "B") : String(number);
  };
  const step = stepOf(sort, values, now);
  const facts = sorted(factRows, step).map(({ id, label, facts }): BrokerRow => {
    const text = facts.map(({ label, topic, bytes }) => `${label === "" ? "" : `${label} `}${fact(topic, bytes).padStart(5)}`).join("  ");
    return { id, label, text, topic: `${sysPrefix}${facts[0]?.topic ?? ""}`, trend: null };
  });
  const loads = sorted(loadRows, step).map(({ id, label, counter, load }): BrokerRow => {
    const averages = spans.map((span) => values.get(`load/${load}/${span}`)?.number ?? Number.NaN);
    const cells = [speedNow(counter === null ? undefined : values.get(counter), counter, interval, now)];
    for (const perMinute of averages) cells.push(Number.isNaN(perMinute) ? "missing" : amount(perMinute / 60, ""));
    const text = cells.map((cell) => cell.padStart(10)).join("");
    return { id, label, text, topic: `${sysPrefix}load/${load}/1min`, trend: trends.get(id) ?? [] };
  });
  const rows = sort === "kind" ? [...facts.slice(0, 2), ...loads, ...facts.slice(2)] : [...facts, ...loads];
  return rows.filter(({ id, label, text }) => filter.test(`${label} ${id}`, () => text));
}

type AnyRow = FactRow | LoadRow;

/** What a row is sorted by, the least first. What differs little is the same, or the list would never stand still. */
function stepOf(sort: BrokerSort, values: BrokerFigures["values"], now: number): (row: AnyRow) => number | string {
  if (sort === "name") return ({ label }) => label.toLowerCase();
  if (sort === "rate") return (row) => ("load" in row ? -(values.get(`load/${row.load}/1min`)?.number ?? -1) : 0);
  if (sort === "kind") return () => 0;
  return (row) => {
    const topics =
      "load" in row ? [row.counter ?? "", ...spans.map((span) => `load/${row.load}/${span}`)] : row.facts.map(({ topic }) => topic);
    const heard = Math.max(...topics.map((topic) => values.get(topic)?.at ?? Number.NEGATIVE_INFINITY));
    return Math.round((now - heard) / 1000);
  };
}

function sorted<T extends AnyRow>(rows: readonly T[], step: (row: AnyRow) => number | string): T[] {
  const steps = new Map(rows.map((row) => [row, step(row)]));
  return rows.slice().sort((one, other) => {
    const [first, second] = [steps.get(one) ?? 0, steps.get(other) ?? 0];
    return first < second ? -1 : first > second ? 1 : 0;
  });
}

/** Growth since the value before. A broker is silent about what does not change. */
function speedNow(value: SysValue | undefined, counter: string | null, interval: number | null, now: number): string {
  if (counter === null) return "-";
  if (value === undefined) return "missing";
  if (interval !== null && now - value.at > 1.5 * interval) return "0.0";
  return value.rate === null ? "-" : amount(value.rate, "");
}

/** `up 12d04h`, from what the broker calls `1044851 seconds`. */
export function brokerUptime({ values }: BrokerFigures): string | null {
  const seconds = values.get("uptime")?.number ?? Number.NaN;
  return Number.isNaN(seconds) ? null : age(seconds * 1000);
}
