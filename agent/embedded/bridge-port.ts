import { createHash } from "node:crypto";
import type { Aedes, Client } from "aedes";
import { type Echoes, isEcho, newEchoes } from "../core/echo.ts";
import { bridgeSession, isBridge } from "./bridges.ts";
import { publishIn } from "./publish.ts";
import type { Queued } from "./session.ts";
import type { Store } from "./store.ts";

/** A message between this broker and the central one, with the topic that it has here. */
export interface Bridged {
  topic: string;
  payload: Buffer;
  qos: 0 | 1;
  retain: boolean;
}

export interface BridgePortOptions {
  /** What goes out, by the topics of this broker. */
  filters: readonly { topic: string; qos: 0 | 1 }[];
  /** With which QoS a message of this topic goes out; undefined = it stays. */
  qosOf(topic: string): 0 | 1 | undefined;
  /** Whether messages of this topic come in. */
  comesIn(topic: string): boolean;
  /** A message with QoS 0: to be sent now or never. */
  passes(message: Bridged): void;
  /** A message that waits until `done(n)`; `at` = when it came, in ms since 1970, if that is known. */
  waits(n: number, message: Bridged, at: number | undefined): void;
  /** A message was left out because it went round: the topic. */
  echo(topic: string): void;
  clientId: string;
  /** Somebody with this client id publishes here, or somebody pretends to. */
  metItself(): void;
  now(): number;
}

/** So often may a message come back, each time within 3 s, before it is one that goes round. */
const tolerated = 10;

/**
 * The end of the bridge in this broker. What goes out waits in a session, as for a client that sleeps: it is in the file before its publisher
 * gets the acknowledgement.
 */
export class BridgePort {
  readonly #options: BridgePortOptions;
  readonly #echoes: Echoes = newEchoes();
  /** What came in by this bridge, and what goes round: not to be sent out. */
  readonly #kept = new WeakSet<object>();
  #aedes: Aedes | undefined;
  #store: Store | undefined;
  /** The central broker sends back what it is sent. */
  hearsItself = false;

  constructor(options: BridgePortOptions) {
    this.#options = options;
  }

  /** Ends what an earlier bridge left. */
  static forget(store: Store): Promise<void> {
    return store.forget(bridgeSession);
  }

  /** Hooks it in: after everything else that decides what is published, but the rules of who may do what. */
  guard(aedes: Aedes): void {
    this.#aedes = aedes;
    const publish = aedes.publish.bind(aedes) as (packet: object, client?: unknown, done?: unknown) => void;
    aedes.publish = ((packet: Bridged, client?: Client | (() => void) | null, done?: () => void) => {
      this.#came(packet, typeof client === "object" ? client : null);
      publish(packet, client, done);
    }) as Aedes["publish"];
  }

  /** After the store was loaded: what waits is told, and from now on what comes. */
  async start(store: Store): Promise<void> {
    this.#store = store;
    const { filters, waits } = this.#options;
    const kept = filters.filter(({ qos }) => qos > 0);
    const waiting = await store.read(bridgeSession, kept, {
      takes: ({ topic, payload, qos }) => qos > 0 && this.#options.qosOf(topic) === 1 && !this.#kept.has(payload),
      added: (queued) => waits(queued.n, bridged(queued), queued.at),
    });
    for (const queued of waiting) waits(queued.n, bridged(queued), queued.at);
  }

  /** It need not wait any more. */
  done(n: number): void {
    this.#store?.done(bridgeSession, n);
  }

  /** Publishes what came from the central broker; resolves when it was given to everybody here, and what is to be kept is written. */
  async inject({ topic, payload, qos, retain }: Bridged): Promise<void> {
    if (isEcho(this.#echoes, keyOf(topic, payload), "in", true, this.hearsItself ? 0 : tolerated, this.#options.now())) {
      this.#options.echo(topic);
      return;
    }
    this.#kept.add(payload);
    await publishIn(this.#aedes, { topic, payload, qos, retain });
    if (qos > 0 || retain) await this.#store?.written();
  }

  /** To be called when a message leaves: the central broker may send it back, however long it has waited. */
  leaves(topic: string, payload: Buffer): void {
    if (this.hearsItself) isEcho(this.#echoes, keyOf(topic, payload), "", false, 0, this.#options.now());
  }

  /** Says here whether the bridge is there. */
  async tell(topic: string, state: "0" | "1"): Promise<void> {
    await publishIn(this.#aedes, { topic, payload: Buffer.from(state), qos: 1, retain: true });
  }

  #came({ topic, payload, qos, retain }: Bridged, client: Client | null): void {
    if (typeof payload !== "object" || this.#kept.has(payload)) return;
    const granted = this.#options.qosOf(topic);
    if (granted === undefined && !this.#options.comesIn(topic)) return;
    const byBridge = client !== null && isBridge(client);
    if (byBridge && client.id === this.#options.clientId) {
      this.#kept.add(payload);
      this.#options.metItself();
    } else if (isEcho(this.#echoes, keyOf(topic, payload), client?.id ?? "", byBridge, tolerated, this.#options.now())) {
      this.#kept.add(payload);
      this.#options.echo(topic);
    } else if (granted === 0 || (granted === 1 && qos === 0))
      this.#options.passes({ topic, payload: Buffer.from(payload), qos: 0, retain });
  }
}

function bridged({ topic, payload, flag = false }: Queued): Bridged {
  return { topic, payload, qos: 1, retain: flag };
}

/** What stands for a message in memory, however long that is. */
export function keyOf(topic: string, payload: Buffer): string {
  if (topic.length + payload.length <= 128) return `${topic}\0${payload.toString("latin1")}`;
  return createHash("sha256").update(`${topic}\0`).update(payload).digest("base64");
}
