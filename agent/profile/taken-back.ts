import type { Profile } from "./profile.ts";
import { createRegistry, type Words } from "./registry.ts";

export interface TakenBackOptions {
  /** The retained topics that another connection of this node announces, as it was started. */
  topics: readonly string[];
  /** What the runs before have announced and not taken back. */
  announced: ReadonlyMap<string, Words>;
}

/** Takes back what a connection of its own has announced in an earlier run, and does not any more: that connection may be gone with it. */
export function createTakenBack({ topics, announced }: TakenBackOptions): Profile {
  const registry = createRegistry(announced);
  const wanted = new Set(topics);
  return {
    topics: () => [],
    watches: () => [],
    step(_world, event) {
      switch (event.type) {
        case "birth":
          return [...topics.flatMap((topic) => registry.remember(topic, {})), ...registry.takeBack(wanted, true)];
        case "delivered":
          return registry.sent(event.topic, event.payload) ? registry.remember(event.topic, null) : [];
        case "offline":
          registry.offline();
          return [];
        case "started":
        case "listening":
        case "changed":
        case "told":
        case "timer-due":
        case "heard":
          return [];
      }
    },
  };
}
