import type { ChaosLink } from "./chaos-link.ts";
import type { Random } from "./seeded.ts";
import { connectPacket, publishPacket, subscribePacket, unsubscribePacket } from "./wire.ts";

/** What is known of a connection. */
export interface Story {
  filters: Set<string>;
  clean: boolean;
  user: boolean;
  will: boolean;
  /** Whether its will comes cannot be said. */
  unsure: boolean;
  inOrder: boolean;
}

export interface Publication {
  key: string;
  acknowledged: boolean;
}

export const topics = ["t/0", "t/1", "t/2", "t/2/3"];
const filters = [...topics, "t/#", "#", "+/0", "t/+", "+/+/3", "r/#", "r/+", "$SYS/#", "$SYS/broker/clients/+", "none/+"];

/** What clients say, at random; what that means for a connection is in its story. */
export class ChaosPackets {
  readonly #random: Random;
  readonly #stories: ReadonlyMap<ChaosLink, Story>;
  readonly #published: (publication: Publication) => void;
  #ids = 0;

  constructor(random: Random, stories: ReadonlyMap<ChaosLink, Story>, published: (publication: Publication) => void) {
    this.#random = random;
    this.#stories = stories;
    this.#published = published;
  }

  connect(id: string, link: ChaosLink): Buffer {
    const { chance, pick, below } = this.#random;
    const story = this.#story(link);
    for (const [old, its] of this.#stories) if (old !== link && !old.isClosed && old.name.startsWith(id)) its.unsure = true;
    [story.clean, story.user, story.will] = [chance(50), chance(30), chance(50)];
    const [name, level] = pick([
      ["MQTT", 4],
      ["MQTT", 4],
      ["MQIsdp", 3],
    ] as const);
    return connectPacket({
      id,
      name,
      level,
      clean: story.clean,
      ...(story.will && { will: { topic: `will/${link.name}`, payload: "w", qos: below(3) } }),
      ...(story.user && { username: "user", password: "word" }),
    });
  }

  /** Anything but a CONNECT. */
  any(link: ChaosLink): Buffer {
    const { chance, below, pick } = this.#random;
    const what = below(10);
    if (what < 2)
      return this.subscribe(
        link,
        Array.from({ length: 1 + below(4) }, () => [pick(filters), below(3)] as const),
      );
    if (what < 3) {
      const gone = Array.from({ length: 1 + below(2) }, () => pick(filters));
      for (const filter of gone) this.#story(link).filters.delete(filter);
      const id = this.#nextId();
      link.owes(11, id);
      return unsubscribePacket(gone, id);
    }
    if (what < 4) return link.ping();
    const [qos, id] = [below(3), this.#nextId()];
    const publication = { key: `${link.name}.${this.#ids}.${qos}`, acknowledged: false };
    this.#published(publication);
    if (qos > 0)
      link.owes(qos === 1 ? 4 : 5, id, () => {
        publication.acknowledged = true;
      });
    const padding = chance(8) ? "x".repeat(20_000) : "";
    return publishPacket(pick(topics), `${publication.key}|${padding}`, { qos, id, retain: chance(15) });
  }

  subscribe(link: ChaosLink, wanted: readonly (readonly [string, number])[]): Buffer {
    for (const [filter] of wanted) this.#story(link).filters.add(filter);
    const id = this.#nextId();
    link.owes(9, id);
    return subscribePacket(wanted, id);
  }

  /** None comes twice, also not for who has a session. */
  #nextId(): number {
    return ++this.#ids % 65_535;
  }

  #story(link: ChaosLink): Story {
    return this.#stories.get(link) as Story;
  }
}
