import { bridgeSession } from "./bridges.ts";
import { hasFewFilters, maxFilterBytes } from "./limits.ts";
import { Session, sizeOf, type Total } from "./session.ts";
import { type Content, type ContentRecord, contentOf, contentRecord, type MessageRecord, type StoreRecord } from "./store-record.ts";

/** Of any size together; a bound for memory and for the file. */
const maxSessions = 1000;
const maxQueuedBytes = 4 * 1024 * 1024;
const maxAllQueuedBytes = 32 * 1024 * 1024;
const maxRetained = 10_000;
const maxRetainedBytes = 16 * 1024 * 1024;

export interface KeptOptions {
  /** Messages that wait for one client. */
  maxQueued: number;
  /** Milliseconds, any origin. */
  now(): number;
  /** Milliseconds since 1970; undefined while nobody has set the clock. */
  wall(): number | undefined;
}

/** What the broker keeps: sessions and retained messages, as plain values, and the records that make them anew. */
export class Kept {
  readonly #options: KeptOptions;
  readonly #byClient = new Map<string, Session>();
  readonly #byNumber = new Map<number, Session>();
  readonly #retained = new Map<string, Content>();
  readonly #queued: Total = { count: 0, bytes: 0 };
  #retainedBytes = 0;
  #sessionNumber = 0;
  /** The number of the last message. */
  #last = 0;

  constructor(options: KeptOptions) {
    this.#options = options;
  }

  get sessions(): ReadonlyMap<string, Session> {
    return this.#byClient;
  }
  get retained(): Iterable<Content> {
    return this.#retained.values();
  }
  get queued(): Readonly<Total> {
    return this.#queued;
  }

  nextNumber(): number {
    return ++this.#last;
  }

  numbered(session: number): Session | undefined {
    return this.#byNumber.get(session);
  }

  /** A new session; undefined when there are too many for a client. */
  open(client: string): Session | undefined {
    if (this.#byClient.size >= maxSessions && client !== bridgeSession) return undefined;
    return this.#put(++this.#sessionNumber, client);
  }

  end(session: Session): void {
    this.#byClient.delete(session.client);
    this.#byNumber.delete(session.number);
    for (const queued of session.queue) session.remove(queued);
  }

  /** Whether so many filters may be added to what the session has; undefined: to a new one. */
  hasRoomForFilters(session: Session | undefined, filters: readonly string[]): boolean {
    return hasFewFilters(new Set([...(session?.filters.keys() ?? []), ...filters]), maxFilterBytes.session);
  }

  hasRoom(session: Session, content: Content): boolean {
    if (session.reader) return true;
    const size = sizeOf(content);
    if (session.count >= this.#options.maxQueued || session.bytes + size > maxQueuedBytes) return false;
    return this.#queued.bytes + size <= maxAllQueuedBytes;
  }

  isRetained(topic: string): boolean {
    return this.#retained.has(topic);
  }

  /** False: there are too many. An empty payload removes what the topic had. */
  retain(content: Content): boolean {
    const before = this.#retained.get(content.topic);
    const bytes = this.#retainedBytes - (before ? sizeOf(before) : 0) + (content.payload.length > 0 ? sizeOf(content) : 0);
    const isMore = content.payload.length > 0 && (before === undefined ? this.#retained.size >= maxRetained : false);
    if (isMore || (bytes > maxRetainedBytes && bytes > this.#retainedBytes)) return false;
    if (content.payload.length > 0) this.#retained.set(content.topic, content);
    else this.#retained.delete(content.topic);
    this.#retainedBytes = bytes;
    return true;
  }

  /** When the session was left, as the file says it. */
  goneRecord({ number, goneAt }: Session): StoreRecord {
    if (goneAt === null) return { gone: number, at: null };
    const wall = this.#options.wall();
    return { gone: number, at: wall === undefined ? "unknown" : Math.round(wall - (this.#options.now() - goneAt)) };
  }

  /**
   * Everything, while it may change: `pending` = messages that will be in the queues or retained in a moment. Of copies: what comes meanwhile
   * is written behind it, and could come faster than it goes on.
   */
  *snapshot(pending: Iterable<StoreRecord>): Generator<StoreRecord> {
    const all = [...pending];
    const sessions = [...this.#byClient.values()];
    for (const session of sessions) {
      const { number, client, user, filters, incoming } = session;
      yield { session: number, client };
      if (user !== undefined) yield { user: number, name: user };
      for (const filter of filters) yield { sub: number, filters: [filter] };
      yield this.goneRecord(session);
      for (const id of incoming) yield { topic: "", qos: 2, n: 0, to: [], retain: false, from: [number, id] };
    }
    // First what may move into a queue before that one is written.
    for (const record of all) if ("to" in record) yield { ...record, retain: false };
    for (const session of sessions) {
      for (const queued of [...session.queue]) {
        const { n, qos, id, released, flag, at } = queued;
        yield { ...contentRecord(queued), n, to: [[session.number, qos]], retain: false, ...origin(flag, at) };
        if (id !== undefined && qos === 2) yield { sent: session.number, n, id };
        if (released) yield { rec: session.number, n };
      }
    }
    for (const content of [...this.#retained.values()]) yield contentRecord(content);
    for (const record of all) if ("to" in record && record.retain) yield { ...record, to: [], from: undefined } as StoreRecord;
  }

  /** One record of the file; false when it is none of ours. */
  apply(record: StoreRecord): boolean {
    if ("session" in record) {
      if (!this.#byNumber.has(record.session)) this.#put(record.session, record.client).goneAt = this.#options.now();
      return true;
    }
    if ("topic" in record) return this.#applyMessage(record);
    const number = Object.values(record)[0] as unknown;
    if (typeof number !== "number") return false;
    const session = this.#byNumber.get(number);
    // It has ended meanwhile, or the line that began it is damaged.
    if (!session) return true;
    if ("sub" in record) for (const [filter, qos] of record.filters) session.filters.set(filter, qos);
    else if ("unsub" in record) for (const filter of record.unsub ? record.filters : []) session.filters.delete(filter);
    else if ("user" in record) session.user = record.name;
    else if ("end" in record) this.end(session);
    else if ("gone" in record) session.goneAt = this.#goneAt(record.at);
    else if ("rel" in record) session.incoming.delete(record.id);
    else {
      const queued = session.byNumber(record.n);
      if (queued === undefined) return true;
      if ("ack" in record) session.remove(queued);
      else if ("sent" in record) session.identify(queued, record.id);
      else if ("rec" in record) queued.released = true;
      else return false;
    }
    return true;
  }

  /** After the last record: what waits is in order, and has a number of this process. */
  loaded(nextCounter: () => number): void {
    for (const session of this.#byClient.values()) {
      const all = [...session.queue].sort((a, b) => a.n - b.n);
      for (const queued of all) session.remove(queued);
      for (const { id, ...queued } of all) {
        const again = { ...queued, counter: nextCounter() };
        session.add(again);
        if (id !== undefined) session.identify(again, id);
      }
    }
  }

  #applyMessage(record: ContentRecord | MessageRecord): boolean {
    const content = contentOf(record);
    if (!("n" in record)) return this.retain(content) || true;
    const { n, to, retain, from, flag, at } = record;
    this.#last = Math.max(this.#last, n);
    if (retain) this.retain(content);
    if (from) this.#byNumber.get(from[0])?.incoming.add(from[1]);
    for (const [number, qos] of to) {
      const session = this.#byNumber.get(number);
      if (session && session.byNumber(n) === undefined) session.add({ ...content, qos, n, counter: -n, flag, at });
    }
    return true;
  }

  /** What was there when the power went, or went at a time that nobody knows, has gone now. */
  #goneAt(at: number | "unknown" | null): number {
    const [now, wall] = [this.#options.now(), this.#options.wall()];
    return typeof at === "number" && wall !== undefined ? now - Math.max(0, wall - at) : now;
  }

  #put(number: number, client: string): Session {
    const session = new Session(number, client, this.#queued);
    this.#sessionNumber = Math.max(this.#sessionNumber, number);
    this.#byClient.set(client, session);
    this.#byNumber.set(number, session);
    return session;
  }
}

/** What a record says of how its message came. */
export function origin(flag: boolean | undefined, at: number | undefined): Pick<MessageRecord, "flag" | "at"> {
  return { ...(flag && { flag: true as const }), ...(at !== undefined && { at }) };
}
