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
 * branch is chosen; from then on a message takes the entry of the oldest one.
 */
export class Stream {
  branch: TopicNode | null = null;
  /** Messages of the branch that came while it was frozen. */
  held = 0;
  /** Oldest first. */
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #frozen = false;

  get length(): number {
    return this.#entries.length;
  }

  /** The newest has the index 0. */
  at(index: number): Entry | undefined {
    return this.#entries[this.#entries.length - 1 - index];
  }

  /** Where a message is, -1 when it is gone. */
  indexOf(message: Message | null): number {
    for (let index = 0; index < this.length; index += 1) if (this.at(index)?.message.number === message?.number) return index;
    return -1;
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
    this.#entries.length = 0;
    this.#bytes = 0;
    if (branch !== null) for (const { node, message } of newestOf(branch, store)) this.#add(node, message);
  }

  /** A message came for this topic. */
  heard(node: TopicNode | undefined, frozen: boolean): void {
    if (node === undefined || this.branch === null || !isWithin(node, this.branch)) return;
    if (frozen) {
      this.held += 1;
      return;
    }
    const { last } = node;
    if (last !== null) this.#add(node, last);
  }

  /** An entry that has to go takes the new message. */
  #add(node: TopicNode, message: Message): void {
    this.#bytes += message.bytes.length;
    let entry: Entry | undefined;
    while (this.#entries.length >= maxStreamed || (this.#bytes > maxBytes && this.#entries.length > 0)) {
      entry = this.#entries.shift();
      this.#bytes -= entry?.message.bytes.length ?? 0;
    }
    entry ??= { node, message };
    entry.node = node;
    entry.message = message;
    this.#entries.push(entry);
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
