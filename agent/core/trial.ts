import type { Instant } from "./model.ts";

// MQTT 3.1.1 has no way to refuse a publication but to end the connection, and some brokers do. The event would come first again with each
// connection, and hold up everything behind it. But networks end connections as well, and over that no event may be lost: what tells
// the two apart is how long it goes on, and when the connection ends.

/** So many connections in a row that ended over the same event, and so long at least, put it on trial. */
const suspicious = 3;
const suspiciousFor = 60_000;
/**
 * Each connection of the trial is first left alone for so long, and must live. Only then the event goes out, by itself. The times grow, so that
 * a network that ends each connection after some fixed time cannot look like a broker that does it over the event.
 */
const quietTimes = [2000, 4000, 8000] as const;
/** A broker that ends the connection over an event does so at once. */
const answerWithin = 1000;

export interface Trial {
  /** The event that was the first one without an acknowledgement when the last connections ended. */
  number: number;
  /** So many of them in a row, and when the first one did. */
  ends: number;
  since: Instant;
  /** So many connections in a row ended right after it went out by itself. */
  closings: number;
  /** quiet = nothing is sent yet, alone = the event is on its way by itself. */
  phase: "free" | "quiet" | "alone";
  sentAt: Instant | null;
}

export function newTrial(): Trial {
  return { number: 0, ends: 0, since: 0, closings: 0, phase: "free", sentAt: null };
}

/** A connection has begun; the answer is how long nothing may be sent. `first` = the oldest event that waits. */
export function beginConnection(trial: Trial, first: number | undefined, at: Instant, patience = suspiciousFor): number {
  if (trial.number !== first) acquit(trial);
  if (trial.ends < suspicious || at - trial.since < patience) return 0;
  trial.phase = "quiet";
  return quietTimes[trial.closings] ?? 0;
}

/** The connection has lived without the event. */
export function endQuiet(trial: Trial): void {
  trial.phase = "alone";
}

/** Whether one more may be sent while `sent` are on their way. */
export function maySend({ phase }: Trial, sent: number): boolean {
  return phase === "free" || (phase === "alone" && sent === 0);
}

export function sent(trial: Trial, number: number, at: Instant): void {
  if (trial.phase !== "alone") return;
  if (number === trial.number) trial.sentAt = at;
  else acquit(trial);
}

/** The broker has answered, or the event waits no more. */
export function answered(trial: Trial, number: number): void {
  if (number === trial.number) acquit(trial);
}

/** The connection has ended while `first` was the oldest event without an acknowledgement. True: the broker will not have it. */
export function endConnection(trial: Trial, first: number | undefined, at: Instant): boolean {
  const { phase, sentAt } = trial;
  trial.phase = "free";
  trial.sentAt = null;
  if (phase === "free") {
    const again = first !== undefined && first === trial.number;
    trial.ends = again ? trial.ends + 1 : 1;
    if (!again) trial.since = at;
    trial.number = first ?? 0;
    return false;
  }
  if (sentAt === null || at - sentAt > answerWithin) {
    // It ended before the event was sent, or long after: that was the network.
    acquit(trial);
    return false;
  }
  trial.closings++;
  return trial.closings >= quietTimes.length;
}

function acquit(trial: Trial): void {
  Object.assign(trial, newTrial());
}
