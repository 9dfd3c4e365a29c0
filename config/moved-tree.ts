import type { Entry, Tree } from "./yaml.ts";

/** Whether a text means after a move what it meant before it, with the key elsewhere. `from` and `to` as in a Move, in keys. */
export function isMoved(before: Tree, after: Tree, from: readonly string[], to: readonly string[]): boolean {
  const { left, taken } = take(before, from, to);
  return isSame(
    taken.reduce((tree, { at, value }) => put(tree, at, value), left),
    after,
  );
}

/** What stood under the old name, and where it goes. */
interface Taken {
  at: readonly string[];
  value: Tree;
}

function take(tree: Tree, [head, ...rest]: readonly string[], to: readonly string[]): { left: Tree; taken: Taken[] } {
  if (tree.kind !== "map") return { left: tree, taken: [] };
  const taken: Taken[] = [];
  const entries = tree.entries.flatMap((entry): Entry[] => {
    if (head !== "*" && entry.key !== head) return [entry];
    const at = head === "*" ? to.with(to.indexOf("*"), entry.key) : to;
    if (rest.length === 0) {
      taken.push({ at, value: entry.value });
      return [];
    }
    const within = take(entry.value, rest, at);
    taken.push(...within.taken);
    return [{ ...entry, value: within.left }];
  });
  return { left: { ...tree, entries }, taken };
}

function put(tree: Tree, [head = "", ...rest]: readonly string[], value: Tree): Tree {
  const entries = tree.kind === "map" ? tree.entries : [];
  const { line, column } = tree;
  const old = entries.find(({ key }) => key === head);
  const within = rest.length === 0 ? value : put(old?.value ?? { line, column, kind: "map", flow: false, entries: [] }, rest, value);
  const fresh = { line, column, key: head, value: within };
  return { line, column, kind: "map", flow: false, entries: [...entries.filter((entry) => entry !== old), fresh] };
}

/** The order of keys does not count, nor does a section with nothing in it. Anchors share trees: a pair is compared once. */
function isSame(a: Tree, b: Tree, seen = new Map<Tree, Tree>()): boolean {
  if (seen.get(a) === b) return true;
  seen.set(a, b);
  if (isEmpty(a) || isEmpty(b)) return isEmpty(a) && isEmpty(b);
  if (a.kind === "scalar") return b.kind === "scalar" && a.value === b.value && a.source === b.source;
  if (a.kind === "list")
    return (
      b.kind === "list" &&
      a.items.length === b.items.length &&
      a.items.every((item, index) => {
        const other = b.items[index];
        return other !== undefined && isSame(item, other, seen);
      })
    );
  if (b.kind !== "map") return false;
  const [ours, theirs] = [full(a.entries), full(b.entries)];
  const byKey = new Map(theirs.map(({ key, value }) => [key, value]));
  return (
    ours.length === theirs.length &&
    ours.every(({ key, value }) => {
      const other = byKey.get(key);
      return other !== undefined && isSame(value, other, seen);
    })
  );
}

function full(entries: readonly Entry[]): Entry[] {
  return entries.filter(({ value }) => !isEmpty(value));
}

function isEmpty(tree: Tree): boolean {
  return tree.kind === "map" ? full(tree.entries).length === 0 : tree.kind === "scalar" && tree.value === null;
}
