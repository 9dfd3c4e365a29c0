import type { Duplex } from "node:stream";
import type { LogFields } from "../shell/log.ts";
import type { Access } from "./access.ts";
import type { BridgePort } from "./bridge-port.ts";
import type { DialogueSettings } from "./dialogue-log.ts";
import type { BrokerTls, Protocol } from "./entrance.ts";
import type { Limits } from "./limits.ts";
import type { Retained } from "./rules.ts";
import type { StoreCounts, StoreSettings } from "./store.ts";

// What the built-in broker and those who run it say to each other.

export interface BrokerOptions {
  /** `address: null` = 127.0.0.1 and ::1; `port: 0` = a free one, the same on both. */
  listeners: readonly { protocol: Protocol; address: string | null; port: number }[];
  /** For the listeners with TLS; `renew` asks again. */
  tls?(): BrokerTls | undefined;
  /** Pages of other machines that may connect without a user; `*` = all. Asked for each one. */
  origins?(): readonly string[];
  /** Who may connect; default: everybody. */
  access?: Access;
  limits?: Partial<Limits>;
  /** How often changed `$SYS` values are published; milliseconds, 0 = not at all. */
  sysInterval: number;
  /** What of the clients' doings is told; default: nothing. */
  dialogue?: DialogueSettings;
  /** Of pinbus. */
  version: string;
  log: BrokerLog;
  /** Milliseconds, any origin. */
  now(): number;
  /** What outlives a connection, and a restart; default: in memory. */
  store?: StoreSettings;
  /** Takes part in what is published, and takes what waits for it. */
  bridge?: BridgePort;
  /** Wait before a taken port is tried again; default 5 s. */
  retryEvery?: number;
  /** Told when `addresses` or `clients` are others than before. */
  changed?(): void;
}

export interface BrokerLog {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
}

export interface BrokerAddress {
  protocol: Protocol;
  address: string;
  /** The real one once it listens; as configured before. */
  port: number;
  /** Why it does not listen; null when it does. */
  problem: string | null;
}

/** The built-in broker. Construction does nothing. */
export interface Broker {
  /** Resolves when every listener has been tried once; a taken port is a problem in `addresses`, never a rejection. */
  start(): Promise<void>;
  readonly addresses: readonly BrokerAddress[];
  readonly clients: number;
  /** Every retained message. */
  readonly retained: Retained;
  /** Of the sessions; undefined before the start. */
  readonly stored: StoreCounts | undefined;
  /** Publishes in the broker's own name; resolves when every connected subscriber was given it. */
  publish(message: { topic: string; payload: string | Buffer; qos: 0 | 1 | 2; retain: boolean }): Promise<void>;
  /** A client of this process, without a socket; throws before the start. */
  connect(): Duplex;
  serve(stream: Duplex): void;
  /** Asks for the certificates again, from the next connection on. */
  renew(): void;
  /** Another period for the `$SYS` values, from now on; 0 = not at all. */
  setSysInterval(ms: number): void;
  /** What of the clients' doings is told, from now on. */
  setDialogue(settings: DialogueSettings): void;
  /** Ends the connections of those whom the rules of `access` let in no more. */
  expel(): void;
  stop(): Promise<void>;
}
