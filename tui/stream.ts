import { History } from "./history.ts";
import type { Message, TopicNode } from "./topic.ts";
import type { TopicStore } from "./topics.ts";

export interface Entry {
  node: TopicNode;
  message: Message;
}

/** How many messages of a branch are kept in one row. */
export const maxStreamed = 500;
/** What their payloads may hold, beside those of the histories. */
const maxBytes = 4_000_000;

/**
 * The messages of all topics in one branch, in the order in which they came. The histories are looked through once, when the
 * branch is chosen; from then on each message is copied as bytes, and becomes an object only when it is drawn.
 */
export class Stream {
  branch: TopicNode | null = null;
  /** Messages of the branch that came while it was frozen. */
  held = 0;
  /** Of each message in the log its topic; oldest first. */
  readonly #nodes: TopicNode[] = [];
  #log = new History();
  #frozen = false;

  get length(): number {
    return this.#log.length;
  }

  /** The newest has the index 0. */
  at(index: number): Entry | undefined {
    const place = this.length - 1 - index;
    const [message, node] = [this.#log.at(place), this.#nodes[place]];
    return message === undefined || node === undefined ? undefined : { node, message };
  }

  /** Where a message is, -1 when it is gone. */
  indexOf(message: Message | null): number {
    const place = message === null ? -1 : this.#log.indexOf(message.number);
    return place < 0 ? -1 : this.length - 1 - place;
  }

  /** The branch that is looked at from now on, with what the store kept of it; null = none. */
  watch(branch: TopicNode | null, store: TopicStore, frozen: boolean): void {
    if (branch === this.branch && frozen === this.#frozen) return;
    // What is there is what shall be frozen.
    const kept = branch === this.branch && frozen;
    this.branch = branch;
    this.#frozen = frozen;
    if (kept) return;
    this.held = 0;
    this.#nodes.length = 0;
    this.#log = new History();
    if (branch === null) return;
    for (const { node, message } of newestOf(branch, store)) {
      this.#log.add(message);
      this.#added(node);
    }
  }

  /** A message came for this topic. */
  heard(node: TopicNode | undefined, frozen: boolean): void {
    if (node === undefined || this.branch === null || !isWithin(node, this.branch)) return;
    if (frozen) this.held += 1;
    else if (this.#log.addNewest(node.history)) this.#added(node);
  }

  #added(node: TopicNode): void {
    this.#nodes.push(node);
    for (let gone = this.#log.trim(maxStreamed, maxBytes, 0); gone > 0; gone -= 1) this.#nodes.shift();
  }

  /** After the histories were cleared. */
  refresh(): void {
    this.branch = null;
  }
}

function isWithin(node: TopicNode, branch: TopicNode): boolean {
  let at: TopicNode | null = node;
  while (at !== null && at.depth > branch.depth) at = at.parent;
  return at === branch;
}

/** The newest messages below a branch, oldest first. They can only be in the histories of as many topics: those are merged. */
function newestOf(branch: TopicNode, store: TopicStore): Entry[] {
  const nodes: TopicNode[] = [];
  const numbers: number[] = [];
  const collect = (node: TopicNode) => {
    const { last } = store.view(node);
    if (last !== null && store.isShown(node)) {
      nodes.push(node);
      numbers.push(last.number);
    }
    for (const child of node.children) collect(child);
  };
  collect(branch);
  const oldest = Float64Array.from(numbers).sort().at(-maxStreamed) ?? 0;
  const among = nodes.filter((_, index) => (numbers[index] ?? 0) >= oldest);
  const sources = among.map((node) => ({ node, history: store.view(node).history.messages(maxStreamed) }));
  const heads = Float64Array.from(sources, ({ history }) => history.at(-1)?.number ?? 0);
  const newest: Entry[] = [];
  while (newest.length < maxStreamed) {
    let best = -1;
    for (let index = 0; index < heads.length; index += 1) if ((heads[index] ?? 0) > (heads[best] ?? 0)) best = index;
    const source = sources[best];
    const message = source?.history.pop();
    if (source === undefined || message === undefined) break;
    newest.push({ node: source.node, message });
    heads[best] = source.history.at(-1)?.number ?? 0;
  }
  return newest.reverse();
}
