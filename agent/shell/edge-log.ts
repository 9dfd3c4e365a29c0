import type { Debounce } from "../core/debounce.ts";
import type { AgentEvent, Instant } from "../core/model.ts";
import type { Clock } from "./clock.ts";
import type { Current } from "./current.ts";
import type { Dispatch, Witness } from "./dispatch.ts";

/** One edge, or a gap of lost ones. */
export interface KeptEdge {
  at: Instant;
  /** How long after the one before. */
  after: number | null;
  /** Null for edges that were lost. */
  active: boolean | null;
  /** Null while it is not decided. */
  accepted: boolean | null;
  note: string | null;
}

interface Looked {
  since: Instant;
  asked: Instant;
  /** Oldest first. */
  edges: KeptEdge[];
  /** Those that are not decided. */
  open: KeptEdge[];
}

/** So many edges of an input are kept. */
export const edgesKept = 128;
/** When nobody has asked for so long, the edges of the input are forgotten and not kept any more. */
export const patience = 10_000;

type EdgeEvent = Extract<AgentEvent, { type: "edge" | "edges-lost" | "level-read" }>;

/**
 * The last edges of the inputs at which somebody looks, and what became of each. It sees every turn after its effects are done, so no relay
 * waits for it; while nobody looks it is no witness, and the loop does not know of it.
 */
export class EdgeLog implements Witness {
  readonly #dispatch: Dispatch;
  readonly #clock: Clock;
  readonly #logs = new Map<string, Looked>();
  #asked: Instant = 0;

  constructor(dispatch: Dispatch, clock: Clock) {
    this.#dispatch = dispatch;
    this.#clock = clock;
  }

  /** What is kept of an input, oldest first; the first question begins it. */
  read(id: string): { since: Instant; edges: readonly KeptEdge[] } {
    const now = this.#clock.now();
    const { plan, state } = this.#dispatch.current;
    for (const [other, { asked }] of this.#logs) if (now - asked > patience) this.#logs.delete(other);
    const log = this.#logs.get(id) ?? { since: now, asked: now, edges: [], open: [] };
    this.#asked = log.asked = now;
    this.#logs.set(id, log);
    this.#dispatch.witnesses.add(this);
    const index = plan.inputIndex.get(id) ?? -1;
    const debounce = state.inputs[index]?.debounce;
    if (debounce?.edges === 0) decide(log, debounce, plan.inputs[index]?.debounce ?? 0);
    return log;
  }

  turned(current: Current, event: AgentEvent): void {
    if (event.type !== "edge" && event.type !== "edges-lost" && event.type !== "level-read") return;
    if (event.at - this.#asked > patience) {
      this.#logs.clear();
      this.#dispatch.witnesses.delete(this);
      return;
    }
    const log = this.#logs.get(current.plan.inputs[event.input]?.id ?? "");
    if (log) take(log, current, event);
  }
}

function take(log: Looked, { plan, state }: Current, event: EdgeEvent): void {
  const input = state.inputs[event.input];
  const inputPlan = plan.inputs[event.input];
  if (!input || !inputPlan) return;
  const { debounce } = input;
  if (event.type === "edges-lost") {
    add(log, { at: event.at, active: null, accepted: false, note: `${event.count} lost by the kernel (gap in seqno)` });
    return;
  }
  if (event.type === "level-read") {
    // It counts as an edge when it is not the level that the edges have told.
    if (event.why !== "gap" || input.encoder || debounce.rawAt !== event.at || log.edges.at(-1)?.at === event.at) return;
  }
  const active = event.type === "edge" ? event.edge === "rising" : event.active;
  const note = event.type === "level-read" ? "as read from the line: an edge was merged or lost" : event.line === "b" ? "line_b" : null;
  if (input.encoder || (input.counter && inputPlan.debounce === 0)) {
    add(log, { at: event.at, active, accepted: true, note });
    return;
  }
  // The first of a burst: what came before it is decided.
  if (debounce.edges <= 1) decide(log, debounce, inputPlan.debounce);
  const edge = add(log, { at: event.at, active, accepted: null, note });
  log.open.push(edge);
  if (log.open.length > edgesKept) log.open.shift();
  if (debounce.edges === 0) decide(log, debounce, inputPlan.debounce);
}

function add(log: Looked, edge: Omit<KeptEdge, "after">): KeptEdge {
  const before = log.edges.at(-1);
  const kept = { ...edge, after: before === undefined ? null : edge.at - before.at };
  log.edges.push(kept);
  if (log.edges.length > edgesKept) log.edges.shift();
  return kept;
}

/** A burst is over: the edge that began the settled level counts, and none other. */
function decide(log: Looked, { settled, settledAt }: Debounce, period: number): void {
  const { open } = log;
  const counted = open.findLast(({ at, active }) => at === settledAt && active === settled);
  for (const edge of open) {
    edge.accepted = edge === counted;
    if (edge.accepted || edge.note !== null) continue;
    if (period === 0) edge.note = "no change of level: an edge between was merged";
    else edge.note = counted === undefined ? `glitch: the level was back within ${period} ms` : `bounce: did not hold ${period} ms`;
  }
  log.open = [];
}
