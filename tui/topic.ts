import type { Filter } from "./filter.ts";
import { History } from "./history.ts";

/** `unknown` because MQTT 3.1.1, and 5 without retain-as-published, deliver live messages without the flag. */
export type Retained = "yes" | "no" | "unknown";

export interface Message {
  readonly at: number;
  /** Counts all messages: of two at the same moment it says which one came first, and whether two are the same. */
  readonly number: number;
  /** One character per byte (latin1): a Buffer slice would keep the whole network chunk alive. */
  readonly bytes: string;
  /** Bytes of the payload as received; `bytes` may hold fewer. */
  readonly size: number;
  readonly retained: Retained;
  readonly qos: 0 | 1 | 2;
}

/** What is shown of a topic. */
export interface Seen {
  last: Message | null;
  history: History;
  count: number;
  interval: number;
  jitter: number;
  /** The last message is one that the broker may have kept for long: it came retained, as the first of its connection. */
  kept: boolean;
}

export interface TopicNode {
  /** The whole topic, or the branch. */
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  readonly parent: TopicNode | null;
  readonly children: TopicNode[];
  readonly born: number;
  open: boolean;
  /** It stands on top of the tree and not in its branch. */
  pinned: boolean;
  /** Messages of this very topic; 0 for a mere branch. */
  count: number;
  /** Topics in the branch, itself included. */
  topics: number;
  /** The newest of the history, made when it is asked for: there are thousands a second. */
  readonly last: Message | null;
  history: History;
  /** Mean time between messages and how much it varies; 0 until known. */
  interval: number;
  jitter: number;
  kept: boolean;
  /** Of which connection the last message was. */
  epoch: number;
  /** What a frozen view shows instead. */
  held: (Seen & { stamp: number }) | null;
  row: number;
  stamp: number;
  /** Of all messages in the branch, itself included: how many, and when the newest came. */
  heard: number;
  newest: number;
  /** Messages a second in the branch, and what that was counted from; while the tree is sorted by it. */
  rate: number;
  counted: number;
  /** What the filter said of the topic. */
  judged: { filter: Filter; lets: boolean } | null;
}

export interface Bounds {
  topics: number;
  nodes: number;
  /** Characters of all topic names. */
  names: number;
  /** Characters of one topic name. */
  name: number;
  depth: number;
  /** Payload bytes in all histories. */
  bytes: number;
  topicBytes: number;
  messageBytes: number;
  /** Messages in one history, and in all of them. */
  history: number;
  messages: number;
  age: number;
}

export const bounds: Bounds = {
  topics: 20_000,
  nodes: 40_000,
  names: 8_000_000,
  name: 1024,
  depth: 32,
  bytes: 16_000_000,
  topicBytes: 128_000,
  messageBytes: 64_000,
  history: 500,
  messages: 320_000,
  age: 3_600_000,
};

/** A usual interval is known and three of them went by without a message. */
export function stale(of: Seen, last: Message, now: number): boolean {
  const usual = of.count >= 4 && of.interval > 0 && of.jitter <= of.interval / 2;
  return usual && now - last.at > Math.max(3 * of.interval, 1000);
}

/** A message comes at `at`, in the connection `epoch`: learns how far apart they are. The first one after a reconnect says nothing of that. */
export function pace(of: TopicNode, at: number, epoch: number): void {
  if (of.history.length > 0 && of.epoch === epoch) {
    const gap = at - of.history.newestAt;
    if (of.interval === 0) of.interval = gap;
    else {
      of.jitter += (Math.abs(gap - of.interval) - of.jitter) / 4;
      of.interval += (gap - of.interval) / 8;
    }
  }
  of.epoch = epoch;
}

export function node(path: string, name: string, depth: number, parent: TopicNode | null, born: number): TopicNode {
  return new Branch(path, name, depth, parent, born);
}

class Branch implements TopicNode {
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  readonly parent: TopicNode | null;
  readonly children: TopicNode[] = [];
  readonly born: number;
  open = false;
  pinned = false;
  count = 0;
  topics = 0;
  readonly history = new History();
  interval = 0;
  jitter = 0;
  kept = false;
  epoch = -1;
  held: TopicNode["held"] = null;
  row = -1;
  stamp = 0;
  heard = 0;
  newest = 0;
  rate = 0;
  counted = 0;
  judged: TopicNode["judged"] = null;

  constructor(path: string, name: string, depth: number, parent: TopicNode | null, born: number) {
    this.path = path;
    this.name = name;
    this.depth = depth;
    this.parent = parent;
    this.born = born;
  }

  get last(): Message | null {
    return this.history.newest;
  }
}
