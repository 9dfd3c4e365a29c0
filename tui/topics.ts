import { everything, type Filter } from "./filter.ts";
import { Hidden } from "./hidden.ts";
import { insert, measure, ordered, type Sort } from "./order.ts";
import { type Bounds, bounds, node, pace, type Retained, type Seen, type TopicNode } from "./topic.ts";

/** When all bytes are used, a value keeps this much. */
const scarceBytes = 128;
/** How much of a payload a filter looks at: it looks at all of them. */
const searchedBytes = 1024;

/**
 * The tree of topics. A message changes its node in place and allocates nothing; the list of visible rows is
 * rebuilt only when the structure, a fold or the filter changed, and only when somebody looks.
 */
export class TopicStore {
  readonly root: TopicNode = node("", "", -1, null, 0);
  /** Its children are the pinned topics and branches. */
  readonly #pins: TopicNode = node("", "", -1, null, 0);
  #pinned: readonly string[] = [];
  filter: Filter = everything;
  sort: Sort = "name";
  received = 0;
  topics = 0;
  bytes = 0;
  /** In all histories. */
  messages = 0;
  /** Topics that the filter lets through. */
  matched = 0;
  epoch = 0;
  readonly #bounds: Bounds;
  readonly #nodes = new Map<string, TopicNode>();
  readonly #all: TopicNode[] = [];
  readonly #hidden = new Hidden();
  #names = 0;
  #cursor = 0;
  #structure = 1;
  #built = 0;
  #stamp = 0;
  #rows: TopicNode[] = [];
  #frozen: { at: number; stamp: number } | null = null;
  #freezes = 0;
  #open = false;
  #measured = 0;

  constructor(limits: Partial<Bounds> = {}) {
    this.#bounds = { ...bounds, ...limits };
  }

  /** Topics that were seen but not kept, because a bound was reached; counts up to 65,536. */
  get hidden(): number {
    return this.#hidden.count;
  }

  node(path: string): TopicNode | undefined {
    return this.#nodes.get(path);
  }

  /** The node of the topic, undefined when a bound was reached and it is not kept. */
  receive(topic: string, payload: Buffer, retained: Retained, qos: 0 | 1 | 2, at: number): TopicNode | undefined {
    this.received += 1;
    const found = this.#nodes.get(topic) ?? this.#grow(topic, at);
    if (found === undefined || (found.count === 0 && !this.#admit(found))) return undefined;
    if (this.#frozen !== null && found.held?.stamp !== this.#frozen.stamp && found.born <= this.#frozen.at) {
      const { last, history, count, interval, jitter, kept } = found;
      found.held = { last, history: history.copy(), count, interval, jitter, kept, stamp: this.#frozen.stamp };
    }
    found.kept = retained === "yes" && found.epoch !== this.epoch;
    pace(found, at, this.epoch);
    const keep = Math.min(payload.length, this.bytes >= this.#bounds.bytes ? scarceBytes : this.#bounds.messageBytes);
    found.count += 1;
    found.history.push(at, this.received, payload, keep, retained, qos);
    this.bytes += keep;
    this.messages += 1;
    for (let each: TopicNode | null = found; each !== null; each = each.parent) {
      each.heard += 1;
      if (this.#frozen === null) each.newest = at;
    }
    this.#trim(found, at, this.#bounds.history, this.#bounds.topicBytes);
    if (this.#full) this.#sweep(at);
    return found;
  }

  /** Visible nodes from top to bottom. The array is reused: do not keep it. */
  rows(): readonly TopicNode[] {
    if (this.#built === this.#structure) return this.#rows;
    this.#built = this.#structure;
    this.#stamp += 1;
    this.#rows.length = 0;
    this.matched = 0;
    this.#walk(this.#pins);
    this.#walk(this.root);
    return this.#rows;
  }

  /** Where a node is in `rows()`; -1 when it is folded away or filtered out. */
  rowOf(path: string): number {
    this.rows();
    const found = this.#nodes.get(path);
    return found !== undefined && found.stamp === this.#stamp ? found.row : -1;
  }

  /** Call when a fold, the filter or (for a payload filter) the values changed. */
  touch(): void {
    this.#structure += 1;
  }

  /** These come first, in this order; those that are still to come too. */
  pin(paths: readonly string[]): void {
    this.#pinned = paths;
    this.#pinAll();
    this.touch();
  }

  fold(branch: TopicNode, open: boolean): void {
    if (branch.children.length === 0 || branch.open === open) return;
    branch.open = open;
    this.touch();
  }

  /** Also the branches that are still to come. */
  foldAll(open: boolean): void {
    this.#open = open;
    for (const each of this.#all) if (each.children.length > 0) each.open = open;
    this.touch();
  }

  /** The broker was asked once more for what it keeps of some topics: the next message of each may be old again. */
  asked(of: (topic: string) => boolean): void {
    for (const found of this.#nodes.values()) if (of(found.path)) found.epoch = -1;
  }

  /** The history of a branch becomes its last values. */
  forget(branch: TopicNode): void {
    this.#trim(branch, 0, 1, 0);
    for (const child of branch.children) this.forget(child);
  }

  freeze(at: number): void {
    this.#freezes += 1;
    this.#frozen = { at, stamp: this.#freezes };
  }

  thaw(): void {
    this.#frozen = null;
    for (const node of this.#all) {
      const at = node.history.newestAt || 0;
      for (let each: TopicNode | null = node; each !== null; each = each.parent) each.newest = Math.max(each.newest, at);
    }
    this.touch();
  }

  /** What to show of a node: its newest values, or those of the moment of the freeze. */
  view(of: TopicNode): Seen {
    return this.#frozen !== null && of.held?.stamp === this.#frozen.stamp ? of.held : of;
  }

  /** Was it there when the view was frozen? */
  isShown(of: TopicNode): boolean {
    return this.#frozen === null || of.born <= this.#frozen.at;
  }

  /** Does the filter let a topic through? About names that is asked once. */
  lets(of: TopicNode): boolean {
    const { filter } = this;
    if (filter.live) return filter.test(of.path, () => this.#payload(of));
    if (of.judged?.filter !== filter) of.judged = { filter, lets: filter.test(of.path, () => "") };
    return of.judged.lets;
  }

  /** Once a second: counts rates, and sorts by them or by age. */
  rank(now: number): void {
    if (this.#frozen !== null) return;
    if (now > this.#measured) measure(this.#all, this.#measured === 0 ? Number.POSITIVE_INFINITY : now - this.#measured);
    this.#measured = now;
    if (this.sort !== "name") this.touch();
  }

  /** The old leaves histories slowly, a few topics a call; once a second is enough. */
  expire(now: number): void {
    for (let step = Math.min(500, this.#all.length); step > 0; step -= 1) {
      const each = this.#next();
      if (each !== undefined) this.#trim(each, now, this.#bounds.history, this.#bounds.topicBytes);
    }
  }

  #grow(topic: string, at: number): TopicNode | undefined {
    const levels = topic.split("/");
    const { depth, nodes, name, names, topics } = this.#bounds;
    if (levels.length > depth) levels.push(levels.splice(depth - 1).join("/"));
    const full = this.topics >= topics || this.#all.length + levels.length > nodes || this.#names + topic.length > names;
    if (full || topic.length > name) {
      this.#hidden.add(topic);
      return undefined;
    }
    let parent = this.root;
    let path = "";
    for (const [level, part] of levels.entries()) {
      path = level === 0 ? part : `${path}/${part}`;
      const known = this.#nodes.get(path);
      parent = known ?? this.#add(path, part, level, parent, at);
    }
    return parent;
  }

  #add(path: string, name: string, depth: number, parent: TopicNode, at: number): TopicNode {
    const added = node(path, name, depth, parent, at);
    added.open = this.#open;
    insert(parent.children, added);
    this.#nodes.set(path, added);
    this.#all.push(added);
    this.#names += path.length;
    if (this.#pinned.includes(path)) this.#pinAll();
    this.#changed();
    return added;
  }

  #pinAll(): void {
    for (const each of this.#pins.children.splice(0)) each.pinned = false;
    for (const path of this.#pinned) {
      const found = this.#nodes.get(path);
      if (found === undefined) continue;
      found.pinned = true;
      this.#pins.children.push(found);
    }
  }

  /** A node gets its first message; a former branch counts as one more topic. */
  #admit(of: TopicNode): boolean {
    if (this.topics >= this.#bounds.topics) {
      this.#hidden.add(of.path);
      return false;
    }
    this.topics += 1;
    for (let each: TopicNode | null = of; each !== null; each = each.parent) each.topics += 1;
    this.#changed();
    return true;
  }

  /** While the view is frozen new topics wait for the thaw. */
  #changed(): void {
    if (this.#frozen === null) this.#structure += 1;
  }

  #trim(of: TopicNode, now: number, most: number, mostBytes: number): void {
    const { history } = of;
    this.bytes -= history.bytes;
    this.messages -= history.trim(most, mostBytes, now - this.#bounds.age);
    this.bytes += history.bytes;
  }

  get #full(): boolean {
    return this.bytes > this.#bounds.bytes || this.messages > this.#bounds.messages;
  }

  /**
   * Over the total: histories give up an eighth in turn until it fits or each topic has only its last value. Half of one would make room that is
   * needed again soon: all of them together would take a third more.
   */
  #sweep(now: number): void {
    for (let step = 0; step < 64 && this.#full; step += 1) {
      const each = this.#next();
      if (each !== undefined) this.#trim(each, now, fewer(each.history.length), this.#bounds.topicBytes);
    }
  }

  #next(): TopicNode | undefined {
    this.#cursor = (this.#cursor + 1) % Math.max(1, this.#all.length);
    return this.#all[this.#cursor];
  }

  /** Adds the visible nodes below a branch; true when there was one. With a filter only matches and their branches are visible. */
  #walk(branch: TopicNode): boolean {
    let any = false;
    const filtered = this.filter.text !== "" && this.filter.problem === null;
    for (const child of ordered(branch, this.sort, this.#measured)) {
      if (!this.isShown(child) || (child.pinned && branch !== this.#pins)) continue;
      const at = this.#rows.length;
      this.#rows.push(child);
      const self = child.count > 0 && (!filtered || this.lets(child));
      if (self) this.matched += 1;
      const below = (filtered || child.open) && this.#walk(child);
      if (filtered && !self && !below) {
        this.#rows.length = at;
        continue;
      }
      child.row = at;
      child.stamp = this.#stamp;
      any = true;
    }
    return any;
  }

  #payload(of: TopicNode): string {
    const { last } = this.view(of);
    return last === null ? "" : Buffer.from(last.bytes.slice(0, searchedBytes), "latin1").toString("utf8");
  }
}

function fewer(length: number): number {
  return Math.max(1, length - Math.max(1, length >> 3));
}
