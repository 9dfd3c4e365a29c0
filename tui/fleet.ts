import { everything, type Filter } from "./filter.ts";
import type { Scroll } from "./layout.ts";
import type { ListState, MqttState } from "./model.ts";

/** Another pinbus, as it tells of itself on the bus; all of it is a stranger's word. */
export interface FleetNode {
  /** `pinbus/garage`. */
  base: string;
  status: "online" | "offline" | null;
  /** When the status changed, as we saw it; null = before we came. */
  changed: number | null;
  info: FleetInfo | null;
  health: { health: string; problems: string[] } | null;
  /** Of `P/$SYS/`, by name; only what is shown. */
  values: Map<string, string>;
  /** When something came that was not kept by the broker for us, and the time between two uptimes. */
  heard: number | null;
  interval: number | null;
  /** By the rest of the topic the connection of its last message: the first of each is as old as the broker likes. */
  epochs: Map<string, number>;
  uptimeAt: number;
}

interface FleetInfo {
  version: string;
  started: string;
  driver: string;
  hostname: string;
  model: string;
  os: string;
  inputs: number;
  outputs: number;
  sensors: number;
}

export type FleetState = "up" | "late" | "DOWN" | "unknown";
type Nodes = Map<string, FleetNode>;
const sorts = ["name", "state", "rate"] as const;

export interface FleetTab {
  nodes: Nodes;
  /** What a frozen view shows. */
  held: Nodes | null;
  sort: (typeof sorts)[number];
  list: ListState;
  filter: Filter;
  /** Where ssh went for a node in this session, by its base, and as whom it goes elsewhere. */
  destinations: Map<string, string>;
  user: string;
  /** 0 nodes, 1 the selected one. */
  pane: number;
  detail: Scroll;
}

/** What a broker keeps of a node, besides its figures. */
const kept = ["status", "info", "health"] as const;
/** Whoever may publish can invent nodes. */
export const maxNodes = 500;
const maxJson = 64 * 1024;
const maxText = 100;
const maxProblems = 20;
/** A node is late when it was silent for three times its interval; until that is known, for this. */
const patience = 180_000;
const names: ReadonlySet<string> = new Set([
  "uptime",
  "host/temperature",
  "host/load/1min",
  "host/memory/used",
  "host/memory/total",
  "host/disk/used",
  "host/disk/free",
  "load/messages/sent/1min",
  "load/messages/received/1min",
  "outbox/depth",
  "reconnects",
]);

export function createFleetTab(user = ""): FleetTab {
  const list = { selected: null, top: 0 };
  return {
    nodes: new Map(),
    held: null,
    sort: "name",
    list,
    filter: everything,
    destinations: new Map(),
    user,
    pane: 0,
    detail: { top: 0 },
  };
}

/** Any message; those that are no node's cost four looks at the topic. `epoch` counts our connections. */
export function fleetReceived({ nodes }: FleetTab, topic: string, payload: Buffer, epoch: number, now: number): void {
  for (const name of kept) {
    if (!topic.endsWith(name) || topic.charCodeAt(topic.length - name.length - 1) !== slash) continue;
    told(nodes, topic.slice(0, -name.length - 1), name, payload, epoch, now);
    return;
  }
  const sys = topic.indexOf("/$SYS/");
  if (sys <= 0) return;
  const node = nodes.get(topic.slice(0, sys));
  const name = topic.slice(sys + 6);
  if (node === undefined || !names.has(name)) return;
  const live = node.epochs.get(name) === epoch;
  if (name === "uptime") {
    if (live) node.interval = now - node.uptimeAt;
    node.uptimeAt = now;
  }
  heard(node, name, live, epoch, now);
  node.values.set(name, payload.toString("utf8", 0, maxText));
}

const slash = 0x2f;

function told(nodes: Nodes, base: string, name: "status" | "info" | "health", payload: Buffer, epoch: number, now: number): void {
  if (base === "" || base.length > 256) return;
  if (payload.length === 0) {
    // Who clears the description of a node has taken it out of service.
    if (name === "info") nodes.delete(base);
    return;
  }
  const known = nodes.get(base);
  const status = name === "status" ? statusOf(payload) : null;
  const info = name === "info" ? infoOf(payload) : null;
  const health = name === "health" ? healthOf(payload) : null;
  if (status === null && info === null && health === null) return;
  const node = known ?? added(nodes, base);
  if (node === undefined) return;
  const live = node.epochs.get(name) === epoch;
  heard(node, name, live, epoch, now);
  if (info !== null) node.info = info;
  if (health !== null) node.health = health;
  if (status === null || status === node.status) return;
  node.changed = live ? now : null;
  node.status = status;
}

function heard(node: FleetNode, name: string, live: boolean, epoch: number, now: number): void {
  node.epochs.set(name, epoch);
  if (live) node.heard = now;
}

function added(nodes: Nodes, base: string): FleetNode | undefined {
  if (nodes.size >= maxNodes) {
    // Other devices publish a `status` too: one that has not said what it is gives way.
    const stranger = strangerOf(nodes);
    if (stranger === undefined) return undefined;
    nodes.delete(stranger);
  }
  const node: FleetNode = {
    base,
    status: null,
    changed: null,
    info: null,
    health: null,
    values: new Map(),
    heard: null,
    interval: null,
    epochs: new Map(),
    uptimeAt: 0,
  };
  nodes.set(base, node);
  return node;
}

function strangerOf(nodes: Nodes): string | undefined {
  for (const { base, info } of nodes.values()) if (info === null) return base;
  return undefined;
}

function statusOf(payload: Buffer): "online" | "offline" | null {
  if (payload.length > 7) return null;
  const text = payload.toString("latin1");
  return text === "online" || text === "offline" ? text : null;
}

function objectOf(payload: Buffer): Record<string, unknown> | null {
  if (payload.length > maxJson || payload[0] !== 0x7b) return null;
  try {
    return JSON.parse(payload.toString("utf8")) as Record<string, unknown>;
  } catch {
    return null;
  }
}

const short = (value: unknown) => (typeof value === "string" ? value.slice(0, maxText) : "");
const count = (value: unknown) => (Array.isArray(value) ? value.length : 0);

/** What only a pinbus says. */
function infoOf(payload: Buffer): FleetInfo | null {
  const { version, started, driver, machine, inputs, outputs, sensors } = objectOf(payload) ?? {};
  if (typeof version !== "string" || typeof started !== "string" || typeof driver !== "string") return null;
  const { hostname, model, os } = (typeof machine === "object" && machine !== null ? machine : {}) as Record<string, unknown>;
  return {
    ...{ version: short(version), started: short(started), driver: short(driver) },
    // Cut, it would be another one.
    ...{ hostname: short(hostname) === hostname ? hostname : "", model: short(model), os: short(os) },
    ...{ inputs: count(inputs), outputs: count(outputs), sensors: count(sensors) },
  };
}

function healthOf(payload: Buffer): FleetNode["health"] {
  const { health, problems } = objectOf(payload) ?? {};
  if (typeof health !== "string" || !Array.isArray(problems)) return null;
  const sentences = problems.filter((problem) => typeof problem === "string").slice(0, maxProblems);
  return { health: short(health), problems: sentences.map((problem) => problem.slice(0, 4 * maxText)) };
}

/** `up`, `late` (silent for too long), `DOWN` (its will said so). */
export function stateOf({ status, heard, interval }: FleetNode, mqtt: MqttState, now: number): FleetState {
  if (status === "offline") return "DOWN";
  if (status === null) return "unknown";
  // Without a connection of our own nobody tells us.
  const until = mqtt.up ? now : mqtt.since;
  const last = Math.max(heard ?? 0, mqtt.up ? mqtt.since : 0);
  return last > 0 && until - last > (interval === null ? patience : 3 * interval) ? "late" : "up";
}

/** Messages a second, both ways, as the node counts them. */
export function rateOf({ values }: FleetNode): number {
  const [sent, received] = ["sent", "received"].map((way) => Number(values.get(`load/messages/${way}/1min`) ?? Number.NaN));
  return ((sent ?? Number.NaN) + (received ?? Number.NaN)) / 60;
}

/** The nodes that have said that they are a pinbus, sorted. */
export function visibleNodes({ held, nodes, filter, sort }: FleetTab, mqtt: MqttState, now: number): FleetNode[] {
  const shown = [...(held ?? nodes).values()].filter(({ base, info, health }) => {
    return info !== null && filter.test(base, () => (health === null ? "" : `${health.health} ${health.problems.join(" ")}`));
  });
  const order: readonly FleetState[] = ["DOWN", "late", "unknown", "up"];
  const rank = (node: FleetNode) => order.indexOf(stateOf(node, mqtt, now));
  const rate = (node: FleetNode) => rateOf(node) || 0;
  const byName = (one: FleetNode, other: FleetNode) => (one.base < other.base ? -1 : 1);
  return shown.sort((one, other) => {
    if (sort === "state") return rank(one) - rank(other) || byName(one, other);
    return sort === "rate" ? rate(other) - rate(one) || byName(one, other) : byName(one, other);
  });
}

export function nextSort(tab: FleetTab): string {
  tab.sort = sorts[(sorts.indexOf(tab.sort) + 1) % sorts.length] ?? "name";
  return tab.sort;
}

/** Topic filters under which a broker keeps what nodes tell of themselves; from now on what comes first is old again. */
export function refreshFilters({ nodes }: FleetTab): string[] {
  const prefixes = new Set(["pinbus"]);
  for (const { base, info, epochs } of nodes.values()) {
    for (const name of kept) epochs.delete(name);
    const prefix = base.slice(0, Math.max(0, base.lastIndexOf("/")));
    if (info !== null && prefix !== "" && !/[+#]/.test(prefix) && prefixes.size < maxPrefixes) prefixes.add(prefix);
  }
  return [...prefixes].flatMap((prefix) => kept.map((name) => `${prefix}/+/${name}`));
}

const maxPrefixes = 8;
