import type { Packet } from "mqtt";
import type { Backoff } from "../core/backoff.ts";
import type { LinkView } from "../protocol.ts";
import type { LinkServer } from "./link-dial.ts";
import type { LogFields } from "./log.ts";
import type { WireBytes } from "./wire-bytes.ts";

// What the link and those who use it say to each other.

export interface LinkOptions {
  server: LinkServer;
  /** How connections to it are secured; asked anew for each one. */
  tls?(): Pick<LinkServer, "ca" | "cert" | "key" | "servername" | "minVersion" | "insecure">;
  /** Where a person finds the settings of this link; default: `mqtt`. */
  settings?: string;
  /** `auto` = MQTT 5, and 3.1.1 with a broker that does not speak it. */
  protocol: "auto" | MqttVersion;
  clientId: string;
  /** Milliseconds; MQTT knows whole seconds, so it is rounded up. */
  keepalive: number;
  /** The delay is sent on MQTT 5 only. */
  will: { topic: string; payload: string; qos: 1; retain: true; delayS: number } | null;
  sessionExpiryS: number;
  /**
   * What is said here belongs to another broker: the session is kept, so that nothing is missed, flags come as they were published, and what was
   * published here does not come back, if the broker knows how to do that.
   */
  bridge?: boolean;
  /** Without the own status topic: the link adds it. */
  subscriptions: readonly { filter: string; qos: 0 | 1 }[];
  /** Filters of an earlier run that a kept session may still have; asked anew after each connect. */
  forgets?(): readonly string[];
  /** Topics of others; asked anew after each connect and by `relisten`. */
  listensTo?(): readonly ListenedTopic[];
  /** Everything retained, asked anew after each connect, published in this order before `online`. `problem` = why `online` will not be said. */
  birth(problem: string | null): readonly Publication[];
  /** What others are to know of this node before its states come, asked anew after each connect and published in this order. */
  announce?(): readonly Announcement[];
  /** Said last; its topic is the will's. */
  online: Publication | null;
  backoff: Backoff;
  /** In [0, 1). */
  random(): number;
  log: LinkLog;
  on: {
    /** Commands are heard, all retained states are at the broker, and `online` was acknowledged. */
    online(version: MqttVersion, terms: { hearsItself: boolean }): void;
    /** After `online`, and once for each new reason while it cannot come online. */
    offline(problem: string): void;
    message(message: Incoming): void;
    /**
     * In place of `message`: the acknowledgement, and all that comes behind it, waits for the promise. When that is rejected the connection
     * ends with its sentence, and the message comes again.
     */
    deliver?(message: Incoming): Promise<void>;
    /** Connected, and states and events may be published, but commands are not heard: `online` is not said. */
    deaf?(): void;
    /** Every end of a connection, however far it came. */
    closed?(): void;
    /** The broker is asked for a topic of `listensTo`, and then grants or refuses it. */
    listening?(topic: string, step: "asked" | "granted" | "refused"): void;
    /** Every packet of every connection. `wire` has its bytes, those of a packet that is sent a moment later, if `wantsBytes` said so. */
    packet?(direction: "sent" | "received", packet: Packet, wire: WireBytes | undefined): void;
    wantsBytes?(): boolean;
    /** While online: what the broker does not let us publish or hear, or null when that is over. */
    refused?(problem: string | null): void;
  };
  /** Wall clock, for `view.since`; milliseconds. */
  now?: () => number;
  /** Time for name, TCP, TLS and CONNACK together; default 10 s. */
  connectTimeout?: number;
  /** After so long the broker should have passed `online` on to this client, too; default 30 s. */
  echoTimeout?: number;
  /** The addresses of this machine, and how often they are looked at; default: those of the system, every 10 s. */
  network?: { read: () => ReadonlySet<string> | undefined; every: number };
}

export type MqttVersion = "5" | "3.1.1" | "3.1";

export interface ListenedTopic {
  topic: string;
  /** What the broker has retained counts, too. */
  retained: boolean;
  /** Commands to this node: who does not hear them is deaf. */
  commands?: true;
  /** Default: 1. */
  qos?: 0;
}

export interface LinkLog {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
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

/** With who waits for its acknowledgement. */
export interface Announcement extends Publication {
  settled?: Settled;
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
  /** States that were never sent, because a newer one took their place while they waited. */
  readonly coalesced: number;
  /** Publications that the broker refused (PUBACK with a failure code, MQTT 5). */
  readonly refused: number;
  /** Bytes of the largest packet that the broker takes, as far as it has said so. */
  readonly largestPacket: number | undefined;
  /** Larger at each look as long as nothing that the link waits for is overdue: for the watchdog. */
  readonly progress: number;
}
