import { goSafe } from "./failsafe.ts";
import { spoken } from "./length.ts";
import type { Cause, Effect, Instant } from "./model.ts";
import type { PeerPlan } from "./peer-plan.ts";
import type { OutputPlan, Plan } from "./plan.ts";
import type { OutputState, PeerState, State } from "./state.ts";

// `on_peer_offline`: once for each time that a device is offline for longer than `after`. One that was never heard is not offline, and
// neither is one that was online when the broker was lost: that is for `on_broker_lost` to say.

/** The same word again changes nothing: a broker repeats what is retained after every connect. */
export function peerChanged(plan: Plan, state: State, index: number, online: boolean, at: Instant, effects: Effect[]): void {
  const peer = state.peers[index];
  const peerPlan = plan.peers[index];
  if (!peer || !peerPlan || peer.online === online) return;
  peer.online = online;
  peer.since = at;
  const message = `peer ${peerPlan.id} is ${online ? "online" : "offline"}`;
  effects.push({ type: "log", level: "info", message, fields: { peer: peerPlan.id } });
  for (const [output, { onPeerOffline }] of plan.outputs.entries()) {
    if (onPeerOffline?.peer !== index) continue;
    if (online) disarmPeer(plan, state, output, effects);
    else armPeer(plan, state, output, at, effects);
  }
}

/** Starts the time of an output whose line is ours, when its peer is offline; it may be over already. */
export function armPeer(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!outputPlan?.onPeerOffline || output?.written === undefined || state.stopping) return;
  const peer = state.peers[outputPlan.onPeerOffline.peer];
  if (peer?.online !== false) return;
  wait(outputPlan, output, Math.max(at, peer.since + outputPlan.onPeerOffline.after), effects);
}

export function disarmPeer(plan: Plan, state: State, index: number, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || output.peerFailsafeAt === null || !outputPlan) return;
  output.peerFailsafeAt = null;
  effects.push({ type: "stopTimer", key: outputPlan.peerOfflineKey });
}

export function peerOfflineDue(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan?.onPeerOffline || state.stopping || output.peerFailsafeAt === null) return;
  output.peerFailsafeAt = null;
  const { peer, active, after } = outputPlan.onPeerOffline;
  const name = `peer ${plan.peers[peer]?.id}`;
  const cause: Cause = { kind: "failsafe", text: `${name} offline`, detail: `for ${spoken(after)}` };
  const later = goSafe(plan, state, index, { active, cause, setting: "on_peer_offline", lost: `${name} is offline` }, at, effects);
  if (later !== null) wait(outputPlan, output, later, effects);
}

/** Whether the time of `on_peer_offline` is over, for the level with which a line is requested. */
export function peerIsLost(outputPlan: OutputPlan, state: State, at: Instant): boolean {
  const lost = outputPlan.onPeerOffline;
  const peer = lost === null ? undefined : state.peers[lost.peer];
  return lost !== null && peer?.online === false && at >= peer.since + lost.after;
}

/** The peers under a new plan: one that is told by the same words keeps what it said. */
export function carryPeers(old: Plan, state: State, next: Plan): PeerState[] {
  return next.peers.map((plan) => state.peers[old.peers.findIndex((before) => same(before, plan))] ?? { online: null, since: 0 });
}

/** After a reload: what waits gets its new time, what has acted already does not act again. */
export function rearmPeer(old: Plan, before: OutputPlan, plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const now = plan.outputs[index];
  if (!output || !now) return;
  const [was, is] = [before.onPeerOffline, now.onPeerOffline];
  const [wasPeer, isPeer] = [old.peers[was?.peer ?? -1], plan.peers[is?.peer ?? -1]];
  const stays = wasPeer !== undefined && isPeer !== undefined && same(wasPeer, isPeer);
  if ((stays || (!was && !is)) && was?.active === is?.active && was?.after === is?.after && before.minOff === now.minOff) return;
  const acted = stays && was?.active === is?.active && output.peerFailsafeAt === null;
  disarmPeer(plan, state, index, effects);
  if (!acted) armPeer(plan, state, index, at, effects);
}

function same(a: PeerPlan, b: PeerPlan): boolean {
  return a.id === b.id && a.topic === b.topic && a.online === b.online && a.offline === b.offline;
}

function wait({ peerOfflineKey }: OutputPlan, output: OutputState, at: Instant, effects: Effect[]): void {
  output.peerFailsafeAt = at;
  effects.push({ type: "startTimer", key: peerOfflineKey, at });
}
