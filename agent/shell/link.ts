import type { Backoff } from "../core/backoff.ts";
import type { LinkView } from "../protocol.ts";

/** Where the broker is and who we are there. */
export interface LinkServer {
  /** `mqtt://host:port` or `mqtts://host:port`, without credentials. */
  url: string;
  username?: string;
  password?: string;
  /** Trusted instead of the system's authorities. */
  ca?: Buffer;
}

export interface LinkOptions {
  server: LinkServer;
  /** `auto` = MQTT 5, and 3.1.1 with a broker that does not speak it. */
  protocol: "auto" | "5" | "3.1.1";
  clientId: string;
  /** Milliseconds; MQTT knows whole seconds, so it is rounded up. */
  keepalive: number;
  /** The delay is sent on MQTT 5 only. */
  will: { topic: string; payload: string; qos: 1; retain: true; delayS: number };
  sessionExpiryS: number;
  /** Without the own status topic: the link adds it. */
  subscriptions: readonly { filter: string; qos: 0 | 1 }[];
  /** Everything retained, asked anew after each connect, published in this order before `online`. */
  birth(): readonly Publication[];
  /** Said last; its topic is the will's. */
  online: Publication;
  backoff: Backoff;
  /** In [0, 1). */
  random(): number;
  log: LinkLog;
  on: {
    /** Commands are heard, all retained states are at the broker, and `online` was acknowledged. */
    online(version: MqttVersion): void;
    /** After `online`, and once for each new reason while it cannot come online. */
    offline(problem: string): void;
    message(message: Incoming): void;
  };
  /** Wall clock, for `view.since`; milliseconds. */
  now?: () => number;
}

export type MqttVersion = "5" | "3.1.1";

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
  /** state = only the newest value of a topic matters; the others are delivered in order or not at all. */
  kind: "state" | "event" | "telemetry" | "answer";
}

export interface Incoming {
  topic: string;
  payload: Buffer;
  retain: boolean;
  qos: number;
  responseTopic?: string;
  correlationData?: Buffer;
  /** What is left of the publisher's message expiry interval (MQTT 5), in seconds. */
  expiryS?: number;
}

export interface Link {
  start(): void;
  /**
   * False: not sent and counted in `dropped`, because the link is offline or too much waits for acknowledgement. A state is not
   * counted, because `birth()` sends it again. While online a state is never dropped: a newer value replaces one that still waits.
   */
  publish(publication: Publication): boolean;
  /** Publishes the farewell (`offline`), waits at most 2 s for its acknowledgement, disconnects. Starts no more. */
  stop(farewell: readonly Publication[]): Promise<void>;
  readonly view: LinkView;
  /** Publications that were not sent, without states. */
  readonly dropped: number;
  /** Publications that the broker refused (PUBACK with a failure code, MQTT 5). */
  readonly refused: number;
  /** Larger at each look as long as nothing that the link waits for is overdue: for the watchdog. */
  readonly progress: number;
}
