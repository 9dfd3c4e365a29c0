import { goSafe } from "./failsafe.ts";
import { spoken } from "./length.ts";
import type { Cause, Effect, Instant } from "./model.ts";
import type { OutputPlan } from "./output-plan.ts";
import type { PeerPlan } from "./peer-plan.ts";
import type { Plan } from "./plan.ts";
import type { OutputState, PeerState, State } from "./state.ts";

// `on_peer_offline`: once for each time that a device is offline for longer than `after`. One that was never heard is not offline, and
// neither is one that was online when the broker was lost: that is for `on_broker_lost` to say.

/** The same word again changes nothing: a broker repeats what is retained after every connect, of a device that fell silent too. */
export function peerChanged(plan: Plan, state: State, index: number, online: boolean, at: Instant, effects: Effect[]): void {
  const peer = state.peers[index];
  if (!peer?.stale) {
    if (peer?.online !== online) setOnline(plan, state, index, online, at, effects);
    return;
  }
  if (online) return;
  // It was silent, and now it is known to be gone: it is no less offline than before.
  peer.stale = false;
  tell(plan, state, index, effects);
}

/** A sign of life. What its will said holds until it says otherwise itself. */
export function peerHeard(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const peer = state.peers[index];
  if (!peer) return;
  if (peer.online === null || peer.stale) setOnline(plan, state, index, true, at, effects);
  else watchPeer(plan, state, index, at, effects);
}

/** `stale_after` has passed without a sign of life. */
export function peerSilent(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  if (state.peers[index]?.online !== true || !state.link.online) return;
  state.peers[index].stale = true;
  setOnline(plan, state, index, false, at, effects);
}

/** Begins to wait for a sign of life. While the broker is away none can come. */
export function watchPeer(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const stale = plan.peers[index]?.stale;
  if (!stale) return;
  const waits = state.link.online && state.peers[index]?.online === true;
  effects.push(waits ? { type: "startTimer", key: stale.key, at: at + stale.after } : { type: "stopTimer", key: stale.key });
}

/** What is not well about the devices that were heard. */
export function peerProblems(plan: Plan, state: State): string[] {
  return plan.peers.flatMap((_, index) => (state.peers[index]?.online === false ? [sentence(plan, state, index)] : []));
}

function setOnline(plan: Plan, state: State, index: number, online: boolean, at: Instant, effects: Effect[]): void {
  const peer = state.peers[index];
  if (!peer) return;
  peer.online = online;
  peer.since = at;
  if (online) peer.stale = false;
  tell(plan, state, index, effects);
  watchPeer(plan, state, index, at, effects);
  for (const [output, { onPeerOffline }] of plan.outputs.entries()) {
    if (onPeerOffline?.peer !== index) continue;
    if (online) disarmPeer(plan, state, output, effects);
    else armPeer(plan, state, output, at, effects);
  }
}

function tell(plan: Plan, state: State, index: number, effects: Effect[]): void {
  state.healthVersion++;
  const event = state.peers[index]?.online ? "peer-online" : "peer-offline";
  effects.push({ type: "log", level: "info", message: sentence(plan, state, index), fields: { event, peer: plan.peers[index]?.id ?? "" } });
}

function sentence(plan: Plan, state: State, index: number): string {
  const { id, stale } = plan.peers[index] ?? {};
  const peer = state.peers[index];
  if (peer?.stale && stale) return `peer ${id} is stale: nothing came on ${stale.heard} for ${spoken(stale.after)}`;
  return `peer ${id} is ${peer?.online ? "online" : "offline"}`;
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
  const gone = state.peers[peer]?.stale ? "stale" : "offline";
  const cause: Cause = { kind: "failsafe", text: `${name} ${gone}`, detail: `for ${spoken(after)}` };
  const later = goSafe(plan, state, index, { active, cause, setting: "on_peer_offline", lost: `${name} is ${gone}` }, at, effects);
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
  return next.peers.map((plan) => {
    const kept = state.peers[old.peers.findIndex((before) => same(before, plan))];
    // What is never stale from now on must not stay so: the broker is asked again what it says.
    return kept && !(kept.stale && plan.stale === null) ? kept : { online: null, stale: false, since: 0 };
  });
}

/** After a reload: what waits gets its new time, what has acted already does not act again. */
export function rearmPeer(old: Plan, before: OutputPlan, plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const now = plan.outputs[index];
  if (!output || !now) return;
  const [was, is] = [before.onPeerOffline, now.onPeerOffline];
  const [wasPeer, isPeer] = [old.peers[was?.peer ?? -1], plan.peers[is?.peer ?? -1]];
  const known = state.peers[is?.peer ?? -1]?.online !== null;
  const stays = wasPeer !== undefined && isPeer !== undefined && known && same(wasPeer, isPeer);
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
