/** `unknown` because MQTT 3.1.1, and 5 without retain-as-published, deliver live messages without the flag. */
export type Retained = "yes" | "no" | "unknown";

export interface Message {
  readonly at: number;
  /** One character per byte (latin1): a Buffer slice would keep the whole network chunk alive. */
  readonly bytes: string;
  /** Bytes of the payload as received; `bytes` may hold fewer. */
  readonly size: number;
  readonly retained: Retained;
  readonly qos: 0 | 1 | 2;
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
  /** Messages of this very topic; 0 for a mere branch. */
  count: number;
  /** Topics in the branch, itself included. */
  topics: number;
  last: Message | null;
  /** Oldest first; the newest is `last`. */
  history: Message[];
  /** Mean time between messages and how much it varies; 0 until known. */
  interval: number;
  jitter: number;
  /** Of which connection the last message was. */
  epoch: number;
  /** What a frozen view shows instead. */
  held: { last: Message | null; history: Message[]; count: number; stamp: number } | null;
  row: number;
  stamp: number;
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
  history: number;
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
  history: 32,
  age: 3_600_000,
};

/** A usual interval is known and three of them went by without a message. */
export function stale(of: TopicNode, last: Message, now: number): boolean {
  const usual = of.count >= 4 && of.interval > 0 && of.jitter <= of.interval / 2;
  return usual && now - last.at > Math.max(3 * of.interval, 1000);
}

export function node(path: string, name: string, depth: number, parent: TopicNode | null, born: number): TopicNode {
  const empty = {
    open: false,
    count: 0,
    topics: 0,
    last: null,
    history: [],
    interval: 0,
    jitter: 0,
    epoch: -1,
    held: null,
    row: -1,
    stamp: 0,
  };
  return { path, name, depth, parent, children: [], born, ...empty };
}
