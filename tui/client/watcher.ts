import { randomBytes } from "node:crypto";
import mqtt, { type ErrorWithReasonCode, type IClientOptions, MqttClient } from "mqtt";
import type { Publication } from "../model.ts";
import { payloadBytes } from "../publication.ts";
import { backoff } from "./backoff.ts";
import { dialBroker } from "./broker-stream.ts";
import { type BrokerTarget, formatBroker } from "./target.ts";

export type MqttVersion = "5" | "3.1.1";

export interface WatcherOptions {
  /** `#` does not match topics that begin with `$`, so both `#` and `$SYS/#` are needed to see everything. */
  filters: readonly string[];
  on: {
    online(version: MqttVersion): void;
    offline(problem: string): void;
    /** The broker granted a filter. */
    granted(filter: string): void;
    /** The broker did not grant a filter. */
    refused(filter: string): void;
    message(topic: string, payload: Buffer, retain: boolean, qos: 0 | 1 | 2): void;
    /** How long the broker took for its answer to a PINGREQ or SUBSCRIBE, ms. */
    rtt(ms: number): void;
  };
  random?: () => number;
  wait?: readonly [first: number, most: number];
}

/** Credentials do not get better within seconds. */
const slowest = 30_000;
const maxPacketBytes = 4 * 1024 * 1024;

/**
 * The terminal's own MQTT client. QoS 0, clean start, no session: a slow terminal must never make the broker queue. It has its
 * own random client id, because two clients with one id throw each other off for ever.
 */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #clientId = `pinbus-tui-${randomBytes(6).toString("hex")}`;
  #client: MqttClient | null = null;
  #target: BrokerTarget | undefined;
  #version: MqttVersion = "5";
  #attempt = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  /** Connects to this broker for ever, and to no other. */
  use(target: BrokerTarget): void {
    this.#drop();
    this.#version = "5";
    this.#attempt = 0;
    this.#target = target;
    this.#connect(target);
  }

  /** Another connection to the same broker, for a job of its own; undefined while this one is down. The caller ends it. */
  sibling(): MqttClient | undefined {
    if (this.#client?.connected !== true || this.#target === undefined) return undefined;
    return open(this.#target, this.#version, `${this.#clientId}-${randomBytes(3).toString("hex")}`);
  }

  /** Rejects with a sentence when it was not taken. */
  publish(publication: Publication): Promise<void> {
    const client = this.#client;
    if (client?.connected !== true) return Promise.reject(new Error("not connected to a broker: nothing was published"));
    const { topic, qos, retain } = publication;
    const payload = payloadBytes(publication);
    if (payload === undefined) return Promise.reject(new Error(`the payload is no ${publication.format}: nothing was published`));
    return new Promise((resolve, reject) => {
      client.publish(topic, payload, { qos, retain }, (error) =>
        error ? reject(new Error(`publishing to ${topic} failed: ${error.message}`)) : resolve(),
      );
    });
  }

  /** Asks once more for what the broker keeps under these topic filters. What comes live under them meanwhile may come twice. */
  refresh(filters: readonly string[]): void {
    const client = this.#client;
    if (client?.connected !== true) return;
    const done = () => {
      if (this.#client === client && client.connected) client.unsubscribe([...filters], () => undefined);
    };
    client.subscribe(Object.fromEntries(filters.map((filter) => [filter, { qos: 0, rap: true, rh: 0, nl: false }])), done);
  }

  close(): void {
    this.#drop();
  }

  #connect(target: BrokerTarget): void {
    const version = this.#version;
    const client = open(target, version, this.#clientId);
    this.#client = client;
    let answered = false;
    let problem = "";
    let code = 0;
    const mine = () => this.#client === client;
    client.on("connect", () => {
      answered = true;
      if (!mine()) return;
      this.#attempt = 0;
      this.#options.on.online(version);
      for (const filter of this.#options.filters) this.#subscribe(client, filter);
    });
    client.on("message", (topic, payload, packet) => {
      if (mine()) this.#options.on.message(topic, payload, packet.retain, packet.qos);
    });
    this.#measure(client);
    client.on("disconnect", ({ reasonCode = 0 }) => {
      problem = `the broker ended the connection (reason ${reasonCode})`;
    });
    client.on("error", (error) => {
      code = Number((error as ErrorWithReasonCode).code) || 0;
      if (code > 0) answered = true;
      problem = refusal(code, target) ?? error.message;
    });
    client.on("close", () => {
      if (!mine()) return;
      this.#drop();
      // aedes answers 1, mosquitto 0x84, old brokers hang up without an answer.
      const other = version === "5" && (code === 1 || code === 0x84 || (!answered && problem === ""));
      if (other) this.#version = "3.1.1";
      else if (!answered) this.#version = "5";
      if (other && this.#attempt === 0) {
        this.#attempt = 1;
        this.#connect(target);
        return;
      }
      const why = problem || (answered ? "the broker closed the connection" : "the broker closed the connection without an answer");
      this.#options.on.offline(`${formatBroker(target)}: ${why}`);
      const [first, most] = this.#options.wait ?? [1000, 15_000];
      const wait = [4, 5, 0x86, 0x87].includes(code)
        ? Math.max(most, slowest)
        : backoff(this.#attempt, first, most, this.#options.random ?? Math.random);
      this.#attempt += 1;
      this.#retry = setTimeout(() => this.#connect(target), wait);
    });
  }

  #subscribe(client: MqttClient, filter: string): void {
    // rap: without it a live message never tells whether it is retained.
    client.subscribe({ [filter]: { qos: 0, rap: true, rh: 0, nl: false } }, (error, _granted, packet) => {
      if (this.#client !== client) return;
      const codes = (packet as { granted?: readonly (number | { qos: number })[] } | undefined)?.granted ?? [];
      const refused = codes.some((each) => (typeof each === "number" ? each : each.qos) >= 0x80);
      if (refused || (error !== null && client.connected)) this.#options.on.refused(filter);
      else if (error === null) this.#options.on.granted(filter);
    });
  }

  #measure(client: MqttClient): void {
    let asked: number | null = null;
    client.on("packetsend", ({ cmd }) => {
      if (cmd === "pingreq" || cmd === "subscribe") asked ??= performance.now();
    });
    client.on("packetreceive", ({ cmd }) => {
      if (asked === null || (cmd !== "pingresp" && cmd !== "suback") || this.#client !== client) return;
      this.#options.on.rtt(performance.now() - asked);
      asked = null;
    });
  }

  #drop(): void {
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = null;
    // What a dying client still says is nobody's business, but an error without a listener would end the process.
    client?.on("error", () => undefined);
    client?.end(client.connected !== true);
  }
}

function open(target: BrokerTarget, version: MqttVersion, clientId: string): MqttClient {
  const { host, port, via, path, username, password } = target;
  const options: IClientOptions = {
    protocolVersion: version === "5" ? 5 : 4,
    clientId,
    clean: true,
    keepalive: 30,
    connectTimeout: 10_000,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // The cache of the library holds every 16-bit number as a Buffer: 12 MB.
    writeCache: false,
    ...(version === "5" && { properties: { sessionExpiryInterval: 0, maximumPacketSize: maxPacketBytes } }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  };
  if (path === undefined) return new MqttClient(() => dialBroker(target), options);
  // The library would leave the name out that a certificate must have.
  const wsOptions = { createConnection: () => dialBroker(target) };
  return mqtt.connect({ ...options, protocol: via, host, port, path, wsOptions });
}

/** CONNACK codes of MQTT 3.1.1 and reason codes of MQTT 5, for people; undefined when the error says it better. */
function refusal(code: number, { username }: BrokerTarget): string | undefined {
  const user = username === undefined ? "no user was given" : `user ${username}`;
  switch (code) {
    case 1:
    case 0x84:
      return "the broker does not speak this MQTT version";
    case 2:
    case 0x85:
      return "the client id was refused";
    case 3:
    case 0x88:
      return "the broker is not available at the moment";
    case 4:
    case 0x86:
      return `user or password refused, ${user}: --broker mqtt://user:password@host, or mqtt.username in the configuration`;
    case 5:
    case 0x87:
      return `not authorised, ${user}: --broker mqtt://user:password@host, or mqtt.username in the configuration`;
    default:
      return undefined;
  }
}
