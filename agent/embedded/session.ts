import type { Content, QoS } from "./store-record.ts";
import { matchesFilter } from "./topic-filter.ts";

/** Takes what waits for a session in this process, without a connection. */
export interface Reader {
  /** Whether a message is for it; asked once for each. */
  takes(message: Content & { retain: boolean }): boolean;
  /** It waits, until `Store.done`. */
  added(queued: Queued): void;
}

/** A message that waits for a client, or is under way to it. */
export interface Queued extends Content {
  n: number;
  /** What aedes calls it in this process. */
  counter: number;
  /** It was published with the retain flag. */
  flag?: boolean | undefined;
  /** When it came, in ms since 1970, if that is known and asked for. */
  at?: number | undefined;
  /** The packet identifier under which it left. */
  id?: number;
  /** It has that identifier, and was held back when the connection ended. */
  held?: boolean;
  /** The client has it, and need only be told to forget its identifier (QoS 2). */
  released?: boolean;
}

/** What waits is being given. */
export interface Giving {
  /** The connection, which alone ends it. */
  readonly to: object;
  /** Called when the message that was given last is on its way. */
  goOn(): void;
}

export interface Total {
  count: number;
  bytes: number;
}

/** What a message takes of the bounds. */
export function sizeOf({ topic, payload }: Content): number {
  return topic.length + payload.length + 100;
}

/** What a client finds again when it comes back (MQTT 3.1.1 section 3.1.2.4). */
export class Session {
  readonly number: number;
  readonly client: string;
  readonly filters = new Map<string, QoS>();
  /** QoS 2 messages of the client whose identifiers it has not been told to forget. */
  readonly incoming = new Set<number>();
  readonly #queue = new Map<number, Queued>();
  readonly #byId = new Map<number, Queued>();
  readonly #byCounter = new Map<number, Queued>();
  readonly #total: Total;
  #bytes = 0;
  /** As whom its client was let in last, empty for no name; undefined for the agent itself, and for a session of an older file. */
  user: string | undefined;
  /** By the monotonic clock; null = it is connected. */
  goneAt: number | null = null;
  /** Bounds what waits by itself. */
  reader: Reader | undefined;
  /** While it is given what waits, new messages wait behind that. */
  giving: Giving | undefined;
  /** So many messages are about to leave, as soon as that is written. */
  leaving = 0;

  /** `total` = of all sessions. */
  constructor(number: number, client: string, total: Total) {
    this.number = number;
    this.client = client;
    this.#total = total;
  }

  /** In order, and with what is added meanwhile. */
  get queue(): Iterable<Queued> {
    return this.#queue.values();
  }
  get count(): number {
    return this.#queue.size;
  }
  get bytes(): number {
    return this.#bytes;
  }

  byNumber(n: number): Queued | undefined {
    return this.#queue.get(n);
  }
  byId(id: number | undefined): Queued | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }
  byCounter(counter: number): Queued | undefined {
    return this.#byCounter.get(counter);
  }

  /** Whether messages of this topic wait for it, if there is room. */
  keeps(topic: string): boolean {
    for (const [filter, qos] of this.filters) if (qos > 0 && matchesFilter(filter, topic)) return true;
    return false;
  }

  add(queued: Queued): void {
    this.#queue.set(queued.n, queued);
    this.#byCounter.set(queued.counter, queued);
    this.#count(1, sizeOf(queued));
  }

  remove(queued: Queued): void {
    if (!this.#queue.delete(queued.n)) return;
    this.#byCounter.delete(queued.counter);
    if (queued.id !== undefined) this.#byId.delete(queued.id);
    this.#count(-1, -sizeOf(queued));
  }

  /** It leaves under this identifier or, if another message has that one, the next free one. */
  identify(queued: Queued, id: number): number {
    let free = id;
    while (this.#byId.has(free)) free = (free % 65_535) + 1;
    queued.id = free;
    this.#byId.set(free, queued);
    return free;
  }

  /** These have not left, though they have an identifier: the next time is the first one. */
  heldBack(ids: Iterable<number>): void {
    for (const id of ids) {
      const queued = this.#byId.get(id);
      if (queued) queued.held = true;
    }
  }

  /** Another connection may be given what waits by now: that one goes on. */
  endGiving(to: object): void {
    if (this.giving?.to !== to) return;
    this.giving.goOn();
    this.giving = undefined;
  }

  #count(count: number, bytes: number): void {
    this.#bytes += bytes;
    this.#total.count += count;
    this.#total.bytes += bytes;
  }
}
