import type { TopicNode } from "./topic.ts";

export interface Talker {
  /** One topic level or two. */
  name: string;
  /** Messages a second, and the share of all. */
  rate: number;
  share: number;
}

interface Talk {
  node: TopicNode;
  recent: number;
  rate: number;
}

/** Averaged as the load of a machine is, over so many ms. */
const span = 60_000;
/** Slower than this nobody talks. */
const silence = 1 / 600;
/** A branch is named by its child when that one makes so much of it. */
const most = 0.6;

/** Who publishes most, by the first two levels of the topic, counted from the messages that came here. Bounded like the tree of topics. */
export class Talkers {
  readonly #talks = new Map<TopicNode, Talk>();
  #others = { recent: 0, rate: 0 };
  #at: number;

  constructor(now: number) {
    this.#at = now;
  }

  /** One message; `undefined` = on a topic that is not kept. */
  heard(node: TopicNode | undefined): void {
    let at = node;
    while (at !== undefined && at.parent !== null && at.depth > 1) at = at.parent;
    if (at === undefined) this.#others.recent += 1;
    else {
      this.#count(at);
      if (at.depth === 1 && at.parent !== null) this.#count(at.parent);
    }
  }

  /** Once a second or so. */
  tick(now: number): void {
    const passed = now - this.#at;
    if (passed <= 0) return;
    this.#at = now;
    const keep = Math.exp(-passed / span);
    const average = (of: { recent: number; rate: number }) => {
      of.rate = of.rate * keep + ((of.recent * 1000) / passed) * (1 - keep);
      of.recent = 0;
    };
    average(this.#others);
    for (const talk of this.#talks.values()) {
      average(talk);
      if (talk.rate < silence) this.#talks.delete(talk.node);
    }
  }

  /** The loudest, loudest first. What the broker says of itself is left out. */
  top(count: number): Talker[] {
    const named = new Map<TopicNode, { name: string; rate: number }>();
    const main = new Map<TopicNode, Talk>();
    let total = this.#others.rate;
    for (const talk of this.#talks.values()) {
      const { node, rate } = talk;
      if (node.path.startsWith("$")) continue;
      if (node.depth === 0) {
        total += rate;
        named.set(node, { name: node.path, rate });
      } else if (node.parent !== null && rate > (main.get(node.parent)?.rate ?? 0)) main.set(node.parent, talk);
    }
    for (const [parent, { node, rate }] of main) {
      const whole = named.get(parent);
      if (whole !== undefined && rate >= whole.rate * most) named.set(parent, { name: node.path, rate });
    }
    const talkers = [...named.values()];
    if (this.#others.rate >= silence) talkers.push({ name: "(topics not shown)", rate: this.#others.rate });
    return talkers
      .sort((one, other) => other.rate - one.rate)
      .slice(0, count)
      .map(({ name, rate }) => ({ name, rate, share: rate / total }));
  }

  #count(node: TopicNode): void {
    const talk = this.#talks.get(node);
    if (talk === undefined) this.#talks.set(node, { node, recent: 1, rate: 0 });
    else talk.recent += 1;
  }
}
