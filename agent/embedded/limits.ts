/** How much the built-in broker takes on; each has a setting below `broker`. */
export interface Limits {
  maxConnections: number;
  /** Bytes; a larger packet ends the connection before it is collected. */
  maxPacket: number;
  /** Milliseconds until the CONNECT must be there. */
  connectTimeout: number;
  /** Milliseconds; null: a client may ask for any keep alive, and for none. */
  maxKeepalive: number | null;
  /** Bytes that may wait for a client that reads slowly before the broker feels it. */
  maxQueuedBytes: number;
  /** QoS 1 and 2 messages under way to one client; 0 = as many as there are. */
  maxInflight: number;
  /** Of one other machine, in a minute. */
  maxConnects: number;
  /** Wrong passwords from one address, in a minute. */
  maxFailedLogins: number;
}

export const usualLimits: Limits = {
  maxConnections: 100,
  maxPacket: 256 * 1024,
  connectTimeout: 10_000,
  maxKeepalive: null,
  maxQueuedBytes: 1024 * 1024,
  maxInflight: 20,
  maxConnects: 3000,
  maxFailedLogins: 60,
};

/** Characters of a client id, and of a user: each is remembered, of sessions for long. MQTT 3.1 allows 23, and nobody keeps to it. */
export const maxName = 1024;

/** What aedes is told, without a setting. */
export const fixedLimits = {
  /** A subscriber that takes nothing for this long, with all waiting for it that may, is disconnected; milliseconds. */
  drainTimeout: 5_000,
  maxClientsIdLength: maxName,
};

/** Of one client of another process, in characters; less is kept of a session. */
export const maxFilters = 1000;
export const maxFilterBytes = { connection: 256 * 1024, session: 64 * 1024 };

/** Whether one client may have all these topic filters. */
export function hasFewFilters(filters: ReadonlySet<string>, maxBytes: number): boolean {
  let bytes = 0;
  for (const filter of filters) bytes += filter.length;
  return filters.size <= maxFilters && bytes <= maxBytes;
}
