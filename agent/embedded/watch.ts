import type { Aedes, Client } from "aedes";
import type { Census } from "./census.ts";
import type { DialogueLog, Ending } from "./dialogue-log.ts";

/** What of aedes' client and its CONNECT is told. */
interface Connect {
  keepalive?: number;
  username?: string;
}

/** Where a connection comes from, `address:port` and the address alone, and the port of ours where it arrived. */
export interface Place {
  from: string;
  address: string;
  port: number;
}

interface DebugLog {
  debug(message: string, fields?: Record<string, unknown>): void;
}

/** Follows every connection from its socket to its end, for `$SYS` and the log. */
export class Watch {
  readonly #census: Census;
  readonly #dialogue: DialogueLog;
  readonly #log: DebugLog;
  readonly #from = new WeakMap<Client, string>();
  readonly #connects = new WeakMap<Client, Connect>();
  readonly #endings = new WeakMap<Client, Ending>();
  readonly #joined = new WeakSet<Client>();
  readonly #left = new WeakSet<Client>();
  /** What is to be told of them once they have joined: aedes takes packets as soon as its CONNACK was sent. */
  readonly #early = new WeakMap<Client, (() => void)[]>();

  constructor(census: Census, dialogue: DialogueLog, log: DebugLog) {
    this.#census = census;
    this.#dialogue = dialogue;
    this.#log = log;
  }

  start(aedes: Aedes): void {
    const [census, dialogue, log] = [this.#census, this.#dialogue, this.#log];
    aedes.on("clientReady", (client) => {
      // It may have left while it was given what waited for it.
      if (client.closed) return;
      census.joined(client.id, client.clean);
      this.#joined.add(client);
      const { keepalive = 0, username } = this.#connects.get(client) ?? {};
      dialogue.joined(client, this.#from.get(client) ?? "", { version: client.version ?? 4, clean: client.clean, keepalive, username });
      for (const tell of this.#early.get(client) ?? []) tell();
      this.#early.delete(client);
    });
    aedes.on("clientDisconnect", (client) => {
      if (!this.#joined.has(client) || this.#left.has(client)) return;
      this.#left.add(client);
      census.left(client.id);
      const { _disconnected: inOrder } = client as unknown as { _disconnected: boolean };
      dialogue.left(client, inOrder ? "disconnected" : (this.#endings.get(client) ?? "closed"));
    });
    aedes.on("subscribe", (subscriptions, client) => {
      this.#afterJoining(client, () => {
        for (const { topic, qos } of subscriptions) {
          if (qos > 2) continue;
          census.subscribed(client.id, topic);
          dialogue.subscribed(client, topic, qos);
        }
      });
    });
    aedes.on("unsubscribe", (filters, client) => {
      this.#afterJoining(client, () => {
        for (const filter of filters) census.unsubscribed(client.id, filter);
      });
    });
    aedes.on("keepaliveTimeout", (client) => this.ends(client, "timeout"));
    aedes.on("clientError", (client, error) => {
      this.ends(client, endingOf(error));
      log.debug(`broker: client ${client.id}: ${error.message}`, { client: client.id });
    });
    aedes.on("connectionError", (client, error) => {
      this.ends(client, "protocol");
      log.debug(`broker: a connection without a client: ${error.message}`);
    });
  }

  #afterJoining(client: Client, tell: () => void): void {
    if (this.#joined.has(client)) tell();
    else this.#early.set(client, [...(this.#early.get(client) ?? []), tell]);
  }

  /** A connection, from a place unless it is from this process; `over` resolves at its end. */
  came(client: Client, over: Promise<void>, place: Place | null): void {
    this.#census.sockets += 1;
    this.#from.set(client, place?.from ?? "this process");
    if (place) this.#dialogue.came(place.from, place.port);
    void over.then(() => {
      if (!this.#joined.has(client)) this.#dialogue.left({ id: null }, this.#endings.get(client) ?? "closed");
    });
  }

  connects(client: Client, connect: Connect): void {
    this.#census.connects += 1;
    this.#connects.set(client, connect);
  }

  /** By a packet: aedes also ends every subscription of a client that leaves. */
  unsubscribes(client: Client, filters: readonly string[]): void {
    for (const filter of filters) this.#dialogue.unsubscribed(client, filter);
  }

  /** Whoever is there under this name goes. */
  takesOver(aedes: Aedes, client: Client): void {
    const other = (aedes as unknown as { clients: Readonly<Record<string, Client>> }).clients[client.id];
    if (other && other !== client) this.ends(other, "replaced");
  }

  /** Why the connection ends; the first reason counts. */
  ends(client: Client, ending: Ending): void {
    if (!this.#endings.has(client)) this.#endings.set(client, ending);
  }
}

function endingOf({ message }: Error): Ending {
  return /^malformed packet|Invalid|Malformed|Cannot parse|too short|QoS bits/.test(message) ? "malformed" : "protocol";
}
