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

/** Which topics pass the bridge, and what each is called on the other side. The first entry that fits decides. */
export class BridgeTopics {
  readonly #out: readonly BridgedTopic[];
  readonly #in: readonly BridgedTopic[];

  constructor(topics: readonly BridgedTopic[]) {
    this.#out = topics.filter(({ direction }) => direction !== "in");
    this.#in = topics.filter(({ direction }) => direction !== "out");
  }

  /** Filters of this broker. */
  get outgoing(): { topic: string; qos: 0 | 1 }[] {
    return distinct(this.#out.map(({ local_prefix, filter, qos }) => ({ topic: local_prefix + filter, qos })));
  }
  /** Filters of the central broker. */
  get incoming(): { topic: string; qos: 0 | 1 }[] {
    return distinct(this.#in.map(({ prefix, filter, qos }) => ({ topic: prefix + filter, qos })));
  }

  out(topic: string): Passage | undefined {
    return passage(this.#out, topic, "local_prefix", "prefix");
  }
  in(topic: string): Passage | undefined {
    return passage(this.#in, topic, "prefix", "local_prefix");
  }
  /** Whether messages that have this topic here come in. */
  comesIn(topic: string): boolean {
    return passage(this.#in, topic, "local_prefix", "prefix") !== undefined;
  }
}

function passage(topics: readonly BridgedTopic[], topic: string, here: "prefix" | "local_prefix", there: "prefix" | "local_prefix") {
  const found = topics.find((one) => topic.length > one[here].length && matchesFilter(one[here] + one.filter, topic));
  const other = found && found[there] + topic.slice(found[here].length);
  // What begins with $ belongs to one broker.
  return found && other !== undefined && isTopic(other) && !other.startsWith("$") ? { topic: other, qos: found.qos } : undefined;
}

function distinct(filters: { topic: string; qos: 0 | 1 }[]): { topic: string; qos: 0 | 1 }[] {
  return filters.filter(({ topic }, index) => filters.findIndex((other) => other.topic === topic) === index);
}
