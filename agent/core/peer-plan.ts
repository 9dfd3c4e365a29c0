import type { Config, OutputConfig } from "../../config/schema.ts";
import type { TimerKey } from "./model.ts";
import type { TimerOwner } from "./plan.ts";

/** Another device, by what is said about it on one topic. */
export interface PeerPlan {
  /** The id below `peers`; the topic of one that only an output names. */
  id: string;
  topic: string;
  /** Null: everything but `offline` says that it is there. */
  online: string | null;
  offline: string;
  /** Null for one that is never stale. */
  stale: { after: number; heard: string; key: TimerKey } | null;
}

/** The peers of the configuration, then those that outputs and sensors name by a topic, each once. */
export function peersOf(config: Config, timers: Map<TimerKey, TimerOwner>): PeerPlan[] {
  const peers = Object.entries(config.peers).map(([id, { topic, online, offline, stale_after: after, heard }], peer): PeerPlan => {
    const key: TimerKey = `peer-stale:${id}`;
    if (after !== null) timers.set(key, { kind: "peer-stale", peer });
    return { id, topic, online, offline, stale: after === null ? null : { after, heard: heard ?? topic, key } };
  });
  for (const { on_peer_offline: lost } of Object.values(config.outputs)) {
    if (lost?.topic == null || lost.payload === null || inlineIndex(peers, lost.topic, lost.payload) >= 0) continue;
    peers.push({ id: lost.topic, topic: lost.topic, online: null, offline: lost.payload, stale: null });
  }
  for (const [id, { availability: where }] of Object.entries(config.sensors)) {
    if (where === null || "peer" in where) continue;
    const { topic, online, offline } = where;
    if (peers.some((peer) => peer.topic === topic && peer.online === online && peer.offline === offline)) continue;
    // No id of a peer has a blank.
    peers.push({ id: `sensor ${id}`, topic, online, offline, stale: null });
  }
  return peers;
}

/** What an output does about a peer; null when nothing. */
export function peerOf(
  peers: readonly PeerPlan[],
  lost: OutputConfig["on_peer_offline"],
): { peer: number; after: number; active: boolean } | null {
  if (lost === null || lost.do === "keep") return null;
  const peer =
    lost.peer === null
      ? inlineIndex(peers, lost.topic ?? "", lost.payload ?? "")
      : peers.findIndex(({ id, online }) => id === lost.peer && online !== null);
  return peer < 0 ? null : { peer, after: lost.after, active: lost.do === "on" };
}

/** Peers by one of their topics, those without it left out. */
export function topicIndexOf(peers: readonly PeerPlan[], topicOf: (peer: PeerPlan) => string | undefined): Map<string, number[]> {
  const index = new Map<string, number[]>();
  for (const [at, peer] of peers.entries()) {
    const topic = topicOf(peer);
    if (topic === undefined) continue;
    const before = index.get(topic);
    if (before === undefined) index.set(topic, [at]);
    else before.push(at);
  }
  return index;
}

/** What a message on its `topic` says about a peer; undefined when nothing, as the empty one with which somebody clears a retained message. */
export function heard({ online, offline }: PeerPlan, payload: string): boolean | undefined {
  const said = payload.trim();
  if (said === offline) return false;
  if (online === null) return said === "" ? undefined : true;
  return said === online ? true : undefined;
}

function inlineIndex(peers: readonly PeerPlan[], topic: string, payload: string): number {
  return peers.findIndex((peer) => peer.online === null && peer.topic === topic && peer.offline === payload);
}
