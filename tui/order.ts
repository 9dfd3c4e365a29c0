import type { TopicNode } from "./topic.ts";

/** How the topics of one branch are sorted: by name, the most messages a second first, or the latest message first. */
export type Sort = "name" | "rate" | "age";

const sorts: readonly Sort[] = ["name", "rate", "age"];
/** The rate is a mean of about so long, ms. */
const memory = 10_000;

/** Sorts a tree by the next of them; says by which. */
export function sortNext(tree: { sort: Sort; touch(): void }): Sort {
  tree.sort = sorts[(sorts.indexOf(tree.sort) + 1) % sorts.length] ?? "name";
  tree.touch();
  return tree.sort;
}

/** Counts once a second how many messages came below each node. */
export function measure(nodes: readonly TopicNode[], passed: number): void {
  const weight = Math.min(1, passed / memory);
  for (const node of nodes) {
    const now = ((node.heard - node.counted) * 1000) / passed;
    // From the first second on, not from 0.
    node.rate += (now - node.rate) * (node.rate === 0 ? 1 : weight);
    node.counted = node.heard;
  }
}

/** The children of a branch in their order. What differs little is sorted by name, or the list would never stand still. */
export function ordered(branch: TopicNode, sort: Sort, now: number): readonly TopicNode[] {
  if (sort === "name" || branch.children.length < 2) return branch.children;
  const step = sort === "rate" ? (node: TopicNode) => -level(node.rate) : (node: TopicNode) => level((now - node.newest) / 1000);
  const steps = new Map(branch.children.map((node) => [node, step(node)]));
  // The sort is stable, and the children are in the order of their names.
  return branch.children.slice().sort((one, other) => (steps.get(one) ?? 0) - (steps.get(other) ?? 0));
}

function level(value: number): number {
  return Math.round(2 * Math.log2(Math.max(value, 0) + 0.05));
}

/** Puts a node among its siblings, which stand in the order of their names. */
export function insert(siblings: TopicNode[], node: TopicNode): void {
  let low = 0;
  for (let high = siblings.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (before(siblings[middle]?.name ?? "", node.name)) low = middle + 1;
    else high = middle;
  }
  siblings.splice(low, 0, node);
}

/** By code unit, and the broker's own `$` topics last: they are not what a person came for. */
function before(one: string, other: string): boolean {
  const own = one.startsWith("$");
  return own === other.startsWith("$") ? one < other : !own;
}
