import { owlcmsHeard, topicsHeard } from "../profile/owlcms/platform.ts";
import { pulls } from "./message-trigger.ts";
import type { AgentEvent, Cause, Effect, Instant } from "./model.ts";
import { peerChanged, peerHeard, peerSilent } from "./peer.ts";
import type { Plan, TimerOwner } from "./plan.ts";
import { fire, levelSeen } from "./rule.ts";
import { isSo } from "./rule-condition.ts";
import { valuesAndLink } from "./rule-value.ts";
import { sensorsOfPeer } from "./sensor.ts";
import type { State } from "./state.ts";

/** What ends a pattern, too; the end of its own on-time does not. */
const decisions: ReadonlySet<Cause["kind"]> = new Set(["max-on", "interlock", "failsafe", "exit", "reload", "plug"] as const);

export function endsPattern({ kind }: Cause): boolean {
  return decisions.has(kind);
}

/** An output was seen to be on, off or lost. `fresh` = nobody saw it become so. */
export function outputSeen(plan: Plan, state: State, index: number, fresh: boolean, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  if (output) levelSeen(plan, state, plan.listeners.outputs[index], output.written, { at, fresh, cause: output.cause }, effects);
}

/** Another device is there, gone or silent. What it says first, after the start, is no change. */
export function peerSeen(
  plan: Plan,
  state: State,
  event: Extract<AgentEvent, { type: "peer-changed" | "peer-heard" }> | { type: "peer-silent"; peer: number; at: Instant },
  effects: Effect[],
): void {
  const { peer: index, at } = event;
  const peer = state.peers[index];
  if (!peer) return;
  const { online, stale } = peer;
  if (event.type === "peer-changed") peerChanged(plan, state, index, event.online, at, effects);
  else if (event.type === "peer-heard") peerHeard(plan, state, index, at, effects);
  else peerSilent(plan, state, index, at, effects);
  if (peer.online !== online || peer.stale !== stale) sensorsOfPeer(plan, state, index, at, effects);
  const seen = { at, fresh: online === null, cause: null };
  if (peer.stale !== stale) levelSeen(plan, state, plan.listeners.stale[index], peer.stale, { ...seen, fresh: false }, effects);
  if (peer.online !== null && peer.online !== online) levelSeen(plan, state, plan.listeners.peers[index], peer.online, seen, effects);
}

/** Somebody said something: it starts rules, and ends patterns and waits, that listen for these words, or for any. */
export function messageHeard(
  plan: Plan,
  state: State,
  { topic, payload, at }: Extract<AgentEvent, { type: "message-received" }>,
  effects: Effect[],
): void {
  owlcmsHeard(plan, state, { topic, payload, at }, effects);
  const waiting = topicsHeard(plan, state, topic).flatMap((known) => plan.listeners.messages.get(known) ?? []);
  const heard = waiting.filter((listener) => {
    const rule = state.rules[listener.rule];
    return rule !== undefined && pulls(listener, payload, rule.heard);
  });
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
  for (const { values } of state.rules) values.since = Math.max(values.since, at);
  if (!state.link.online) valuesAndLink(plan, state, false, at, effects);
  if (!state.link.online) levelSeen(plan, state, links, false, { at, fresh: true, cause: null }, effects);
  if (!held) fire(plan, state, start, at, effects);
  else if (start.length > 0) {
    state.startHeld = true;
    state.healthVersion++;
    const message = "rules with `start: true` are left out: the agent has crashed again and again";
    effects.push({ type: "log", level: "error", message, fields: { event: "start-rules-held", reason: "start-loop" } });
  }
}

/** What a trigger with `for` waits for has been so for its time. */
export function lastingDue(plan: Plan, state: State, owner: Extract<TimerOwner, { kind: "level" }>, at: Instant, effects: Effect[]): void {
  const { on, index, want, trigger } = owner;
  if (!isSo(plan, state, on, index, want)) return;
  fire(plan, state, [trigger], at, effects, on === "output" ? (state.outputs[index]?.cause ?? null) : null);
}
