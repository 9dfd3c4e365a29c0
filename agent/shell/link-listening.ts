import type { IClientSubscribeOptions, MqttClient } from "mqtt";
import { type LinkPeer, type LinkProblem, subscriptionProblem } from "./link-problems.ts";
import type { LinkOptions, ListenedTopic } from "./link-terms.ts";

/**
 * MQTT 5: retained commands are not sent at all (rh), live ones come without the flag (rap). Own messages must come (nl): the will of our own
 * last session carries our own client id.
 */
const commanded = { rh: 2, rap: false, nl: false } as const;
/** Retained messages are sent to a new session only: in a kept one they would overtake what is newer here. */
const bridged = { rh: 1, rap: true, nl: true } as const;

type Options = Pick<LinkOptions, "bridge" | "forgets" | "listensTo" | "log" | "on" | "subscriptions" | "will">;

/**
 * The subscriptions of one connection: to commands, to the own status, and to what others say. What others say of themselves counts when
 * it is retained, unlike a command, and is sent at every connect.
 */
export class Listening {
  readonly #client: MqttClient;
  readonly #options: Options;
  readonly #peer: LinkPeer;
  readonly #changed: () => void;
  /** What is not known because its filter was refused: a sentence by filter. */
  readonly #unheard = new Map<string, string>();
  #topics: ReadonlySet<string> = new Set();
  /** Those of them that carry commands. */
  #commands: readonly string[] = [];

  /** `changed` is called when `unheard` may be another. */
  constructor(client: MqttClient, options: Options, peer: LinkPeer, changed: () => void) {
    this.#client = client;
    this.#options = options;
    this.#peer = peer;
    this.#changed = changed;
  }

  /** What others say is not heard, for people; null when all of it is. What carries commands is told by `begin`. */
  get unheard(): string | null {
    const [first] = this.#unheard.values();
    const others = this.#unheard.size - 1;
    return first === undefined ? null : `${first}${others === 0 ? "" : ` (nor on ${others} other${others === 1 ? "" : "s"})`}`;
  }

  /** Subscribes to everything. Resolves with the problem when a filter that carries commands was refused. */
  async begin(): Promise<LinkProblem | undefined> {
    const { will, subscriptions: commands, bridge } = this.#options;
    const gone = this.#options.forgets?.() ?? [];
    if (gone.length > 0) this.#client.unsubscribe([...gone]);
    const own = will?.topic;
    const wanted = [...commands, ...(own === undefined ? [] : [{ filter: own, qos: 1 as const }])];
    if (wanted.length === 0) return undefined;
    const asked = {
      ...Object.fromEntries(wanted.map(({ filter, qos }) => [filter, { qos, ...(bridge && filter !== own ? bridged : commanded) }])),
      ...this.#all(),
    };
    const codes = await new Promise<ReadonlyMap<string, number>>((resolve, reject) => {
      this.#client.subscribe(asked, (error, _subscriptions, packet) => {
        if (packet) resolve(codesOf(asked, packet.granted));
        else reject(error ?? new Error("SUBACK without codes"));
      });
      this.#tell(() => "asked");
    });
    this.#answered(codes);
    const heard = [...wanted.map(({ filter }) => filter), ...this.#commands];
    const refused = heard.filter((filter) => (codes.get(filter) ?? 0x80) >= 0x80);
    if (own !== undefined) this.#tellRefused(own, refused.includes(own) ? "a wrong offline cannot be corrected" : null);
    const deaf = refused.filter((filter) => filter !== own);
    const [first] = deaf;
    const lost = bridge ? "nothing comes from there" : "commands are not heard";
    return first === undefined ? undefined : subscriptionProblem(this.#peer, deaf, codes.get(first) ?? 0x80, lost);
  }

  /** Whether what this node says on its own topic comes back to it. */
  echoes(topic: string, comes: boolean): void {
    // Refused as a filter: that was told, and explains it.
    if (this.#unheard.has(topic) !== comes) return;
    if (comes) this.#unheard.delete(topic);
    else
      this.#tellUnheard(
        topic,
        `the broker acknowledges ${topic} and passes it on to nobody here: allow this client to publish and to read there`,
      );
    this.#changed();
  }

  /** Every topic, asked anew. */
  #all(): Record<string, IClientSubscribeOptions> {
    const wanted = this.#options.listensTo?.() ?? [];
    this.#topics = new Set(wanted.map(({ topic }) => topic));
    this.#commands = wanted.flatMap(({ topic, commands }) => (commands ? topic : []));
    return subscriptions(wanted);
  }

  /** Asks for everything anew, since other words may be listened to now and what is retained comes only so; no longer for what is gone. */
  again(): void {
    const before = this.#topics;
    const wanted = this.#all();
    const gone = [...before].filter((topic) => !this.#topics.has(topic));
    if (gone.length > 0) this.#client.unsubscribe(gone);
    for (const topic of gone) this.#unheard.delete(topic);
    this.#changed();
    if (this.#topics.size === 0) return;
    this.#client.subscribe(wanted, (_error, _subscriptions, packet) => {
      if (packet) this.#answered(codesOf(wanted, packet.granted));
    });
    this.#tell(() => "asked");
  }

  #answered(codes: ReadonlyMap<string, number>): void {
    this.#warnOf(codes);
    this.#tell((topic) => ((codes.get(topic) ?? 0x80) < 0x80 ? "granted" : "refused"));
  }

  #tell(stepOf: (topic: string) => "asked" | "granted" | "refused"): void {
    for (const topic of this.#topics) this.#options.on.listening?.(topic, stepOf(topic));
  }

  /** What others say is not known then; commands are heard all the same. */
  #warnOf(codes: ReadonlyMap<string, number>): void {
    for (const topic of this.#topics) {
      const lost = this.#commands.includes(topic) ? "commands are not heard there" : "what is said there is not known";
      this.#tellRefused(topic, (codes.get(topic) ?? 0) < 0x80 ? null : lost);
    }
    this.#changed();
  }

  /** `lost` = what that costs; null when it is granted. */
  #tellRefused(topic: string, lost: string | null): void {
    this.#unheard.delete(topic);
    if (lost === null) return;
    this.#tellUnheard(topic, `the broker refuses the subscription ${topic}: ${lost}`);
  }

  #tellUnheard(topic: string, sentence: string): void {
    this.#options.log.warn(sentence, { event: "topic-refused", topic });
    if (!this.#commands.includes(topic)) this.#unheard.set(topic, sentence);
  }
}

/** The codes of a SUBACK by filter. The library asks in the order in which an object has its keys: those that are numbers come first. */
function codesOf(asked: Readonly<Record<string, unknown>>, granted: readonly unknown[]): Map<string, number> {
  return new Map(Object.keys(asked).map((filter, index) => [filter, Number(granted[index] ?? 0x80)]));
}

function subscriptions(topics: readonly ListenedTopic[]): Record<string, IClientSubscribeOptions> {
  return Object.fromEntries(
    topics.map(({ topic, retained, qos }) => [topic, { qos: qos ?? 1, rh: retained ? 0 : 2, rap: false, nl: false }]),
  );
}
