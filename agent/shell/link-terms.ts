import type { LinkView } from "../protocol.ts";

// What the link and those who use it say to each other.

export interface ListenedTopic {
  topic: string;
  /** What the broker has retained counts, too. */
  retained: boolean;
}

export interface LinkLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

export interface Publication {
  topic: string;
  payload: string | Buffer;
  qos: 0 | 1;
  retain: boolean;
  /** Sent on MQTT 5 only. */
  properties?: { responseTopic?: string; correlationData?: Buffer };
  /**
   * state = only the newest value of a topic matters; the others are delivered in order or not at all. history = what has waited for the
   * broker and can wait on: it goes behind everything else.
   */
  kind: "state" | "event" | "telemetry" | "answer" | "history";
}

/** Bytes of what is in it. */
export function sizeOf({ topic, payload, properties }: Publication): number {
  const parts = [topic, payload, properties?.responseTopic ?? "", properties?.correlationData ?? ""];
  return parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0);
}

/**
 * Called once for a publication that was taken: undefined = the broker has it; an error with a numeric `code` = the broker refused it;
 * any other = the connection ended before it was acknowledged.
 */
export type Settled = (error: Error | undefined) => void;

/** The broker itself has said no: to send it again is of no use. */
export function isRefusal(error: Error | undefined): boolean {
  return typeof (error as { code?: unknown } | undefined)?.code === "number";
}

export interface Incoming {
  topic: string;
  /** Of a packet of more than 256 kB only the beginning. */
  payload: Buffer;
  retain: boolean;
  qos: number;
  responseTopic?: string;
  correlationData?: Buffer;
  /** Its packet was larger, and the payload is only the beginning. */
  cut?: boolean;
  /** What is left of the publisher's message expiry interval (MQTT 5), in seconds. */
  expiryS?: number;
}

export interface Link {
  start(): void;
  /**
   * False: not sent and counted in `dropped`, because the link is offline or too much waits for acknowledgement. A state is not
   * counted, because `birth()` sends it again. While online a state is never dropped: a newer value replaces one that still waits.
   * Nor is what comes with `settled`: its owner bounds it, and keeps what was not acknowledged.
   */
  publish(publication: Publication, settled?: Settled): boolean;
  /** Asks `listensTo` again: subscribes to what is new and unsubscribes from what is gone. */
  relisten(): void;
  /** Publishes the farewell (`offline`), waits at most 2 s for its acknowledgement, disconnects. Starts no more. */
  stop(farewell: readonly Publication[]): Promise<void>;
  readonly view: LinkView;
  /** On the wire, over all connections. */
  readonly bytes: { sent: number; received: number };
  /** Publications that were not sent, without states. */
  readonly dropped: number;
  /** Publications that the broker refused (PUBACK with a failure code, MQTT 5). */
  readonly refused: number;
  /** Larger at each look as long as nothing that the link waits for is overdue: for the watchdog. */
  readonly progress: number;
}
