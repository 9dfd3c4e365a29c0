import type { IClientSubscribeOptions, MqttClient } from "mqtt";
import type { LinkOptions, ListenedTopic } from "./link.ts";

/** Subscriptions to what others say. What they say of themselves counts when it is retained, unlike a command, and is sent at every connect. */
export class Listening {
  readonly #client: MqttClient;
  readonly #options: Pick<LinkOptions, "listensTo" | "log">;
  #topics: ReadonlySet<string> = new Set();

  constructor(client: MqttClient, options: Pick<LinkOptions, "listensTo" | "log">) {
    this.#client = client;
    this.#options = options;
  }

  /** Every topic, asked anew. */
  all(): Record<string, IClientSubscribeOptions> {
    const wanted = this.#options.listensTo?.() ?? [];
    this.#topics = new Set(wanted.map(({ topic }) => topic));
    return subscriptions(wanted);
  }

  /** Asks for everything anew, since other words may be listened to now and what is retained comes only so; no longer for what is gone. */
  again(): void {
    const before = this.#topics;
    const wanted = this.all();
    const gone = [...before].filter((topic) => !this.#topics.has(topic));
    if (gone.length > 0) this.#client.unsubscribe(gone);
    if (this.#topics.size === 0) return;
    this.#client.subscribe(wanted, (_error, _subscriptions, packet) => {
      if (packet) this.warnOf(codesOf(wanted, packet.granted));
    });
  }

  /** A refusal makes nobody deaf: commands are heard all the same. */
  warnOf(codes: ReadonlyMap<string, number>): void {
    for (const topic of this.#topics) {
      if ((codes.get(topic) ?? 0) < 0x80) continue;
      this.#options.log.warn(`the broker refuses the subscription ${topic}: what is said there is not known`, { topic });
    }
  }
}

/** The codes of a SUBACK by filter. The library asks in the order in which an object has its keys: those that are numbers come first. */
export function codesOf(asked: Readonly<Record<string, unknown>>, granted: readonly unknown[]): Map<string, number> {
  return new Map(Object.keys(asked).map((filter, index) => [filter, Number(granted[index] ?? 0x80)]));
}

function subscriptions(topics: readonly ListenedTopic[]): Record<string, IClientSubscribeOptions> {
  return Object.fromEntries(topics.map(({ topic, retained }) => [topic, { qos: 1, rh: retained ? 0 : 2, rap: false, nl: false }]));
}
