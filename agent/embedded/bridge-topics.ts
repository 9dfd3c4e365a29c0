import { isTopic, matchesFilter } from "./topic-filter.ts";

export interface BridgedTopic {
  filter: string;
  direction: "in" | "out" | "both";
  /** In front of the filter at the central broker, and here. */
  prefix: string;
  local_prefix: string;
  qos: 0 | 1;
}

/** Where a message goes on the other side. */
export interface Passage {
  topic: string;
  qos: 0 | 1;
}

/** What an entry means on one side: which topics fit, how much of them is cut off, and what comes in front instead. */
interface Way {
  filter: string;
  cut: number;
  front: string;
  qos: 0 | 1;
}

/** Which topics pass the bridge, and what each is called on the other side. The first entry that fits decides. */
export class BridgeTopics {
  readonly #out: readonly Way[];
  readonly #in: readonly Way[];
  /** Of `#in`, by the topics of this broker. */
  readonly #here: readonly Way[];

  constructor(topics: readonly BridgedTopic[]) {
    const ways = (direction: "in" | "out", from: "prefix" | "local_prefix", to: "prefix" | "local_prefix"): Way[] =>
      topics
        .filter((one) => one.direction === direction || one.direction === "both")
        .map((one) => ({ filter: one[from] + one.filter, cut: one[from].length, front: one[to], qos: one.qos }));
    this.#out = ways("out", "local_prefix", "prefix");
    this.#in = ways("in", "prefix", "local_prefix");
    this.#here = ways("in", "local_prefix", "prefix");
  }

  /** Filters of this broker. */
  get outgoing(): { topic: string; qos: 0 | 1 }[] {
    return filtersOf(this.#out);
  }
  /** Filters of the central broker. */
  get incoming(): { topic: string; qos: 0 | 1 }[] {
    return filtersOf(this.#in);
  }

  out(topic: string): Passage | undefined {
    return passage(this.#out, topic);
  }
  in(topic: string): Passage | undefined {
    return passage(this.#in, topic);
  }
  /** Whether messages that have this topic here come in. */
  comesIn(topic: string): boolean {
    return passage(this.#here, topic) !== undefined;
  }
}

function passage(ways: readonly Way[], topic: string): Passage | undefined {
  const found = ways.find(({ filter, cut }) => topic.length > cut && matchesFilter(filter, topic));
  const other = found && found.front + topic.slice(found.cut);
  // What begins with $ belongs to one broker.
  return found && other !== undefined && isTopic(other) && !other.startsWith("$") ? { topic: other, qos: found.qos } : undefined;
}

/** Each once. */
function filtersOf(ways: readonly Way[]): { topic: string; qos: 0 | 1 }[] {
  const firsts = ways.filter(({ filter }, index) => ways.findIndex((other) => other.filter === filter) === index);
  return firsts.map(({ filter, qos }) => ({ topic: filter, qos }));
}
