import type { Profile, World } from "./profile.ts";
import { createRegistry, type Registry, type Words } from "./registry.ts";

export interface TakenBackOptions {
  /** The retained topics that another connection of this node announces now; null while that one takes back by itself what is gone. */
  topics(world: World): readonly string[] | null;
  /** What was announced and not taken back, also by the runs before. */
  announced(): ReadonlyMap<string, Words>;
}

/** Takes back what a connection of its own has announced, in an earlier run too, and does not any more: that connection may be gone with it. */
export function createTakenBack({ topics, announced }: TakenBackOptions): Profile {
  let registry: Registry | undefined;
  return {
    topics: () => [],
    watches: () => [],
    step(world, event) {
      switch (event.type) {
        case "birth":
        case "changed": {
          const wanted = topics(world);
          if (wanted === null) {
            registry = undefined;
            return [];
          }
          registry ??= createRegistry(announced());
          const known = registry;
          return [...wanted.flatMap((topic) => known.remember(topic, {})), ...known.takeBack(new Set(wanted), event.type === "birth")];
        }
        case "delivered":
          return registry?.sent(event.topic, event.payload) ? registry.remember(event.topic, null) : [];
        case "offline":
          registry?.offline();
          return [];
        case "started":
        case "listening":
        case "told":
        case "timer-due":
        case "heard":
          return [];
      }
    },
  };
}
