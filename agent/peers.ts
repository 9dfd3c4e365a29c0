import type { AgentEvent, Instant } from "./core/model.ts";
import { heard } from "./core/peer-plan.ts";
import type { Plan } from "./core/plan.ts";
import type { Incoming } from "./shell/link.ts";

/** Longer than any word of a peer may be: not even decoded. */
const maxBytes = 1024;

/** Tells the core what a message says about other devices; false when it is on no topic of theirs. */
export function hearPeers(plan: Plan, { topic, payload }: Incoming, at: Instant, send: (event: AgentEvent) => void): boolean {
  const peers = plan.peerIndex.get(topic);
  for (const peer of peers ?? []) {
    const peerPlan = plan.peers[peer];
    const online = peerPlan && payload.length <= maxBytes ? heard(peerPlan, payload.toString("utf8")) : undefined;
    if (online !== undefined) send({ type: "peer-changed", peer, online, at });
  }
  return peers !== undefined;
}
