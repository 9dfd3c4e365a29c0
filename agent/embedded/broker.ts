export interface BrokerOptions {
  /** `address: null` = 127.0.0.1 and ::1; `port: 0` = a free one, the same on both. */
  listeners: readonly { protocol: "mqtt"; address: string | null; port: number }[];
  /** How often changed `$SYS` values are published; milliseconds. */
  sysInterval: number;
  /** Of pinbus. */
  version: string;
  log: BrokerLog;
  /** Milliseconds, any origin. */
  now(): number;
  /** Wait before a taken port is tried again; default 5 s. */
  retryEvery?: number;
}

export interface BrokerLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

export interface BrokerAddress {
  protocol: "mqtt";
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
  /** Publishes in the broker's own name; resolves when every connected subscriber was given it. */
  publish(message: { topic: string; payload: string | Buffer; qos: 0 | 1; retain: boolean }): Promise<void>;
  stop(): Promise<void>;
}
