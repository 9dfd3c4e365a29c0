import type { State } from "../model.ts";
import { type Message, stale, type TopicNode } from "../topic.ts";

/** Also when the broker is gone: nobody would tell of a newer value. */
export function isStale(state: State, node: TopicNode, last: Message, now: number): boolean {
  return !state.mqtt.up || stale(state.topics.store.view(node), last, now);
}
