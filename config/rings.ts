import type { Report } from "./check.ts";
import { named } from "./references.ts";
import type { ActionConfig, Config, OutputConfig, RuleConfig } from "./schema.ts";

/** A rule, or an output that goes on or off; `shown` is what a person reads. */
interface Node {
  shown: string;
  rule: string | null;
  next: Set<string>;
}

/**
 * Rules that would start themselves: by an output that one switches and another listens to, by a message, or by a rule that waits for a rule.
 * On and off are apart, so that a light may be switched off by a rule that waits for it to be on. Conditions are looked at where they bring `else`.
 */
export function checkRings(config: Config, report: Report): void {
  const nodes = graphOf(config);
  const done = new Set<string>();
  for (const start of nodes.keys()) {
    const ring = ringFrom(start, nodes, done);
    if (ring === undefined) continue;
    const first = ring.findIndex((key) => nodes.get(key)?.rule != null);
    const turned = [...ring.slice(first), ...ring.slice(0, first)];
    const names = [...turned, turned[0] ?? ""].map((key) => nodes.get(key)?.shown ?? "");
    report(
      `rules.${names[0]}`,
      `it starts itself: ${names.join(" → ")}`,
      "take one of the steps out; what goes on and off by itself is a `pattern:`",
    );
  }
}

function graphOf({ rules, outputs }: Config): Map<string, Node> {
  const nodes = new Map<string, Node>();
  const node = (key: string, shown: string, rule: string | null = null): Node => {
    const known = nodes.get(key) ?? { shown, rule, next: new Set() };
    nodes.set(key, known);
    return known;
  };
  const groups = new Map<string, string[]>();
  for (const [id, { interlock }] of Object.entries(outputs)) {
    if (interlock !== null) groups.set(interlock, [...(groups.get(interlock) ?? []), id]);
  }
  const leads = (own: Node, actions: readonly ActionConfig[]) => {
    for (const action of actions) {
      if (action.publish !== null) {
        for (const key of [messageKey(action.publish, action.payload ?? ""), messageKey(action.publish, null)]) {
          node(key, action.publish);
          own.next.add(key);
        }
      }
      const output = named(outputs, action.output);
      if (!output || action.output === null) continue;
      const becomes = statesOf(action, output);
      for (const state of becomes) {
        node(`${action.output} ${state}`, action.output);
        own.next.add(`${action.output} ${state}`);
      }
      if (!becomes.includes("on") || output.interlock === null) continue;
      for (const partner of groups.get(output.interlock) ?? []) {
        if (partner === action.output) continue;
        node(`${partner} off`, partner);
        own.next.add(`${partner} off`);
      }
    }
  };
  // What a rule on a value does and its `else` follow each other when what they switch ends or brings its conditions; slowly with a minimum time.
  const gated: Gated[] = [];
  const gates = (id: string, { when, and, unless, else: otherwise, min_on, min_off }: RuleConfig) => {
    if (otherwise.length === 0 || min_on > 0 || min_off > 0 || !when.some(({ sensor, value }) => sensor !== null || value !== null)) return;
    leads(node(`else ${id}`, id, id), otherwise);
    const own: Gated = { id, edges: [] };
    gated.push(own);
    for (const [items, met] of [
      [and, true],
      [unless, false],
    ] as const)
      for (const { output, is } of items) {
        if (output === null || is === null) continue;
        for (const state of ["on", "off"]) {
          const [from, to] = [node(`${output} ${state}`, output), (state === is) === met ? `rule ${id}` : `else ${id}`];
          if (!from.next.has(to)) own.edges.push({ from, to });
          from.next.add(to);
        }
      }
  };
  for (const [id, rule] of Object.entries(rules)) {
    const own = node(`rule ${id}`, id, id);
    for (const { output, is, rule: other, topic, payload, value } of rule.when) {
      if (output !== null && is !== null) node(`${output} ${is}`, output).next.add(`rule ${id}`);
      if (topic !== null && value === null) node(messageKey(topic, payload), topic).next.add(`rule ${id}`);
      if (other !== null) node(`rule ${other}`, other, other).next.add(`rule ${id}`);
    }
    leads(own, rule.do);
    gates(id, rule);
  }
  dropStill(nodes, gated);
  return nodes;
}

/** A rule whose conditions are switched, and the edges that they make. */
interface Gated {
  id: string;
  edges: { from: Node; to: string }[];
}

/** What brings the conditions of a rule starts nothing while they are there already: only who does `do` and `else` in turn goes round. */
function dropStill(nodes: ReadonlyMap<string, Node>, gated: readonly Gated[]): void {
  const still = gated.filter(({ id }) => !reaches(nodes, `rule ${id}`, `else ${id}`) || !reaches(nodes, `else ${id}`, `rule ${id}`));
  for (const { edges } of still) for (const { from, to } of edges) from.next.delete(to);
  if (still.length > 0 && still.length < gated.length)
    dropStill(
      nodes,
      gated.filter((one) => !still.includes(one)),
    );
}

function reaches(nodes: ReadonlyMap<string, Node>, from: string, to: string): boolean {
  const seen = new Set([from]);
  for (const key of seen) for (const next of nodes.get(key)?.next ?? []) seen.add(next);
  return seen.has(to);
}

/** A message, or with null any message, on a topic: in a topic there is no line end. */
function messageKey(topic: string, payload: string | null): string {
  return payload === null ? `message ${topic}` : `message ${topic}\n${payload}`;
}

/** What an action makes of its output, now or in a while; a failsafe that a rule undoes would not be one. */
function statesOf({ set, for: length }: ActionConfig, { max_on, on_broker_lost, on_peer_offline }: OutputConfig): ("on" | "off")[] {
  const failsafes = [on_broker_lost?.do, on_peer_offline?.do];
  if (set === "off") return failsafes.includes("on") ? ["on", "off"] : ["off"];
  if (failsafes.includes("off")) return ["on", "off"];
  return set === "on" && length === null && max_on === null ? ["on"] : ["on", "off"];
}

/** Depth first, each node once; without recursion, because a thousand rules may stand in one line. */
function ringFrom(start: string, nodes: ReadonlyMap<string, Node>, done: Set<string>): string[] | undefined {
  const path: string[] = [];
  const open = new Set<string>();
  const iterators: Iterator<string>[] = [];
  let ring: string[] | undefined;
  const enter = (key: string) => {
    path.push(key);
    open.add(key);
    iterators.push((nodes.get(key)?.next ?? new Set<string>()).values());
  };
  if (!done.has(start)) enter(start);
  while (iterators.length > 0) {
    const step = iterators.at(-1)?.next();
    if (step && !step.done) {
      if (open.has(step.value)) ring ??= path.slice(path.indexOf(step.value));
      else if (!done.has(step.value)) enter(step.value);
      continue;
    }
    iterators.pop();
    const left = path.pop();
    if (left === undefined) break;
    open.delete(left);
    done.add(left);
  }
  return ring;
}
