import type { Instant } from "./model.ts";

// Two brokers that both bridge the same topics, or more of them in a ring, would send each other a message for ever, and MQTT 3.1.1 has no
// place to write on a message where it has been. What tells a message that has gone round is that it comes again by another way.

/** So long is a message remembered after it came last. */
const memory = 3000;
const maxRemembered = 4096;

export interface Echoes {
  /** By topic and payload, the one that came last at the end. */
  readonly seen: Map<string, { from: string; at: Instant; times: number }>;
}

export function newEchoes(): Echoes {
  return { seen: new Map() };
}

/**
 * Notes that a message came; true when it has come by another way than the first time, and by a bridge, more often than `tolerated`. Two
 * people may well say the same on both sides.
 */
export function isEcho(echoes: Echoes, key: string, from: string, byBridge: boolean, tolerated: number, at: Instant): boolean {
  const { seen } = echoes;
  const known = seen.get(key);
  const entry = known && at - known.at <= memory ? known : { from, at, times: 0 };
  entry.at = at;
  seen.delete(key);
  seen.set(key, entry);
  const [oldest] = seen.size > maxRemembered ? seen.keys() : [];
  if (oldest !== undefined) seen.delete(oldest);
  if (!byBridge || entry.from === from) return false;
  entry.times++;
  return entry.times > tolerated;
}
