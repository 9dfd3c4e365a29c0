import type { IClientOptions } from "mqtt";
import { noStore } from "./link-store.ts";
import type { LinkOptions, MqttVersion } from "./link-terms.ts";
import { keepAliveTimer } from "./link-timer.ts";

/** No sane command is larger; MQTT 5 brokers are told, what others send is cut. */
export const maxIncomingBytes = 256 * 1024;

/** What the library is told of a link. */
type ClientSettings = Pick<LinkOptions, "server" | "will" | "clientId" | "keepalive" | "sessionExpiryS" | "bridge">;

/** The library as a plain connection: it neither reconnects nor queues nor subscribes by itself. */
export function clientOptions(options: ClientSettings, version: MqttVersion, connectTimeout: number): IClientOptions {
  const { server, will } = options;
  const v5 = version === "5";
  return {
    manualConnect: true,
    protocolVersion: v5 ? 5 : version === "3.1" ? 3 : 4,
    ...(version === "3.1" && { protocolId: "MQIsdp" }),
    clientId: options.clientId,
    clean: options.bridge !== true,
    keepalive: Math.ceil(options.keepalive / 1_000),
    // It looks twice in each keep alive.
    timerVariant: keepAliveTimer(options.keepalive / 2),
    connectTimeout,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    outgoingStore: noStore,
    // What it is for is QoS 2; and its own one cannot bear a PUBREL that comes behind the end.
    incomingStore: noStore,
    // The cache of the library holds every 16-bit number as a Buffer: 12 MB for a little speed.
    writeCache: false,
    ...(server.username !== undefined && { username: server.username }),
    ...(server.password !== undefined && { password: server.password }),
    ...(will && {
      will: {
        topic: will.topic,
        payload: Buffer.from(will.payload),
        qos: will.qos,
        retain: will.retain,
        ...(v5 && { properties: { willDelayInterval: will.delayS } }),
      },
    }),
    ...(v5 && { properties: { sessionExpiryInterval: options.sessionExpiryS, maximumPacketSize: maxIncomingBytes } }),
  };
}
