import type { AgentEvent, Cause, Effect, Instant } from "./model.ts";
import { peerChanged } from "./peer.ts";
import type { Plan, TimerOwner } from "./plan.ts";
import { fire, levelSeen } from "./rule.ts";
import { isSo } from "./rule-condition.ts";
import type { State } from "./state.ts";

/** What ends a pattern, too; the end of its own on-time does not. */
const decisions: ReadonlySet<Cause["kind"]> = new Set(["max-on", "interlock", "failsafe", "exit", "reload"] as const);

export function endsPattern({ kind }: Cause): boolean {
  return decisions.has(kind);
}

/** An output was seen to be on, off or lost. `fresh` = nobody saw it become so. */
export function outputSeen(plan: Plan, state: State, index: number, fresh: boolean, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  if (output) levelSeen(plan, state, plan.listeners.outputs[index], output.written, { at, fresh, cause: output.cause }, effects);
}

/** Another device is there or gone. What it says first, after the start, is no change. */
export function peerSeen(
  plan: Plan,
  state: State,
  { peer, online, at }: Extract<AgentEvent, { type: "peer-changed" }>,
  effects: Effect[],
): void {
  const before = state.peers[peer]?.online;
  peerChanged(plan, state, peer, online, at, effects);
  if (before !== online) levelSeen(plan, state, plan.listeners.peers[peer], online, { at, fresh: before === null, cause: null }, effects);
}

/** Somebody said something: it starts rules and ends patterns that wait for these words, or for any. */
export function messageHeard(
  plan: Plan,
  state: State,
  { topic, payload, at }: Extract<AgentEvent, { type: "message-received" }>,
  effects: Effect[],
): void {
  const waiting = plan.listeners.messages.get(topic) ?? [];
  const heard = waiting.filter((trigger) => trigger.payload === null || trigger.payload === payload);
  fire(
    plan,
    state,
    heard.map(({ trigger }) => trigger),
    at,
    effects,
  );
}

/** Rules with `start: true` fire once, unless that is what makes the agent crash. */
export function started(plan: Plan, state: State, { held, at }: Extract<AgentEvent, { type: "started" }>, effects: Effect[]): void {
  const { start, broker: links } = plan.listeners;
  if (!state.link.online) levelSeen(plan, state, links, false, { at, fresh: true, cause: null }, effects);
  if (!held) fire(plan, state, start, at, effects);
  else if (start.length > 0) {
    state.startHeld = true;
    state.healthVersion++;
    const message = "rules with `start: true` are left out: the agent has crashed again and again";
    effects.push({ type: "log", level: "error", message, fields: { reason: "start-loop" } });
  }
}

/** What a trigger with `for` waits for has been so for its time. */
export function lastingDue(plan: Plan, state: State, owner: Extract<TimerOwner, { kind: "level" }>, at: Instant, effects: Effect[]): void {
  const { on, index, want, trigger } = owner;
  if (!isSo(state, on, index, want)) return;
  fire(plan, state, [trigger], at, effects, on === "output" ? (state.outputs[index]?.cause ?? null) : null);
}
