import type { Instant } from "../core/model.ts";
import { byteLength, type Document, discoveryDocuments, type Identity, margin } from "./discovery.ts";
import type { Profile, ProfileEffect, World } from "./profile.ts";
import { createRegistry } from "./registry.ts";

/** The platform of each component that was announced, by its key. */
export type Announced = Readonly<Record<string, string>>;

export interface HomeassistantOptions {
  /** Asked anew each time: what the machine is becomes known later. */
  identity(world: World): Identity;
  /** Bytes of the largest packet that the broker takes. */
  largest(): number;
  /** In [0, 1). */
  random(): number;
  /** What the runs before have announced and not removed, by topic. */
  announced: ReadonlyMap<string, Announced>;
}

/** After its start Home Assistant hears of all devices at once: each waits for a while of its own, and no storm of starts makes it speak more often. */
const patience = 10_000;
const timer = "birth";

/**
 * Home Assistant finds this node by itself: a retained document of everything that appears there, told at each connect, before the states, and again
 * when Home Assistant has started. What is not there any more is removed once.
 */
export function createHomeassistant({ identity, largest, random, announced }: HomeassistantOptions): Profile {
  const registry = createRegistry(announced);
  let toldAt: Instant = Number.NEGATIVE_INFINITY;
  let waiting = false;

  const stopWaiting = (): ProfileEffect[] => {
    if (!waiting) return [];
    waiting = false;
    return [{ type: "stopTimer", key: timer }];
  };

  /** All of it, or what differs from what was sent. */
  const announce = (world: World, all: boolean): ProfileEffect[] => {
    const documents = world.config.homeassistant.discovery === "true" ? documentsOf(world) : new Map<string, Document>();
    return [
      // First: what has moved to another document must not be there twice.
      ...registry.takeBack(documents, all),
      ...[...documents].flatMap(([topic, document]) => {
        const before = registry.get(topic) ?? {};
        const payload = JSON.stringify(withRemovals(document, before));
        if (!all && registry.sent(topic, payload)) return [];
        const bytes = byteLength(payload) + margin(topic);
        if (bytes > largest()) return tooLarge(topic, bytes);
        return [...registry.remember(topic, { ...before, ...platformsOf(document) }), ...registry.send(topic, payload)];
      }),
    ];
  };
  const documentsOf = (world: World) => discoveryDocuments(world.plan, world.config, identity(world), largest());
  const tooLarge = (topic: string, bytes: number): ProfileEffect[] => {
    const message = `Home Assistant is not told of this node: ${topic} would have ${bytes} bytes, and the broker takes ${largest()}; raise its limit`;
    return [{ type: "log", level: "error", message }];
  };

  return {
    topics: birthTopics,
    watches: () => [],
    step(world, event) {
      switch (event.type) {
        case "birth":
          toldAt = event.at;
          return [...stopWaiting(), ...announce(world, true)];
        case "changed":
          return announce(world, false);
        case "heard": {
          // One that was retained was said before our connect, at which everything is told anyway.
          if (event.message.payload !== "online" || event.message.retain || waiting) return [];
          waiting = true;
          return [{ type: "startTimer", key: timer, at: Math.max(event.at + random() * patience, toldAt + patience) }];
        }
        case "timer-due":
          waiting = false;
          return [
            { type: "log", level: "info", message: "Home Assistant has started: it is told of everything again" },
            { type: "tellAll" },
          ];
        case "delivered":
          if (!registry.sent(event.topic, event.payload)) return [];
          return registry.remember(event.topic, event.payload === "" ? null : presentIn(event.payload));
        case "offline":
          registry.offline();
          return stopWaiting();
        case "started":
        case "listening":
        case "told":
          return [];
      }
    },
  };
}

/** Where Home Assistant says that it has started. */
export function birthTopics({ config: { homeassistant } }: Pick<World, "config">): { topic: string; retained: false }[] {
  const { discovery, status, prefix } = homeassistant;
  return discovery === "true" ? [{ topic: status ?? `${prefix}/status`, retained: false }] : [];
}

/** What was announced and is not there any more is named with its platform and nothing else. */
function withRemovals(document: Document, before: Announced): object {
  const removed = Object.entries(before).flatMap(([key, platform]) =>
    Object.hasOwn(document.components, key) ? [] : [[key, { platform }]],
  );
  return removed.length === 0 ? document : { ...document, components: { ...document.components, ...Object.fromEntries(removed) } };
}

function platformsOf({ components }: Document): Announced {
  return Object.fromEntries(Object.entries(components).map(([key, { platform }]) => [key, platform]));
}

/** The components of a document without those that it removes. */
function presentIn(payload: string): Announced {
  const { components } = JSON.parse(payload) as Document;
  return platformsOf({
    components: Object.fromEntries(Object.entries(components).filter(([, component]) => Object.keys(component).length > 1)),
  } as Document);
}
