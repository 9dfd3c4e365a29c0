import type { IncomingMessage, Server } from "node:http";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { messageStream } from "../shell/message-stream.ts";
import { mayPageConnect } from "./origin.ts";

const load = createRequire(import.meta.url);

/** A request for an upgrade has a few hundred bytes. */
const maxHeaderBytes = 8 * 1024;
/** A client may put several packets into one message; one that is larger than this, and allowed, has one to itself. */
const maxMessageBytes = 1024 * 1024;
const maxFragments = 1024;
/** How long a client that said goodbye may keep its connection. */
const closeTimeout = 2_000;
/** Of MQTT 3.1.1 and 5 [MQTT-6.0.0-3], and of MQTT 3.1 as mosquitto takes it. */
const subProtocols = ["mqtt", "mqttv3.1"];

export interface UpgradeOptions {
  /** Pages that may connect without a password, besides those of this machine; `*` = all. */
  origins(): readonly string[];
  /** What may follow the five bytes with which a packet begins. */
  maxPacket: number;
  /** Whether who names no user is let in. */
  anonymous(): boolean;
  /** A page was turned away. */
  foreign(origin: string): void;
}

/** The WebSocket handshake. A listener of its own it has not: `meet` gives it what was accepted elsewhere. */
export class Upgrade {
  readonly #options: UpgradeOptions;
  readonly #http: Server;
  readonly #entering = new WeakMap<Duplex, (stream: Duplex) => void>();

  constructor(options: UpgradeOptions) {
    this.#options = options;
    // Loaded late: most brokers do without.
    const { createServer } = load("node:http") as typeof import("node:http");
    const { WebSocketServer } = load("ws") as typeof import("ws");
    const maxMessage = Math.max(maxMessageBytes, options.maxPacket + 5);
    const settings = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: maxMessage,
      // Each takes some hundred bytes, however short it is.
      maxBufferedChunks: maxMessage / 256,
      maxFragments,
      closeTimeout,
      handleProtocols: (offered: Set<string>) => subProtocols.find((name) => offered.has(name)) ?? (false as const),
    };
    const server = new WebSocketServer(settings);
    this.#http = createServer({ maxHeaderSize: maxHeaderBytes }, (_request, response) => {
      response.writeHead(426, { connection: "close, upgrade", upgrade: "websocket", "content-type": "text/plain" });
      response.end("MQTT is spoken here, over WebSocket.\n");
    });
    this.#http.on("upgrade", (request, socket, head) => {
      const refusal = this.#refusal(request);
      const entered = this.#entering.get(request.socket);
      if (refusal) refuse(socket, ...refusal);
      else server.handleUpgrade(request, socket, head, (ws) => entered?.(messageStream(ws, socket)));
    });
  }

  /** `entered` gets the stream of bytes when both sides have agreed. Who calls ends a client that takes too long. */
  meet(socket: Socket, entered: (stream: Duplex) => void): void {
    this.#entering.set(socket, entered);
    this.#http.emit("connection", socket);
  }

  #refusal({ headers, socket }: IncomingMessage): [status: string, sentence: string] | undefined {
    const { origins, anonymous, foreign } = this.#options;
    const { origin, host } = headers;
    if (anonymous() && !mayPageConnect({ origin, host, localAddress: socket.localAddress }, origins())) {
      foreign(origin ?? "");
      return ["403 Forbidden", "This page may not connect: its origin is not in broker.origins."];
    }
    const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    if (subProtocols.some((name) => offered.includes(name))) return undefined;
    return ["400 Bad Request", "Ask for the WebSocket sub-protocol mqtt."];
  }
}

function refuse(socket: Duplex, status: string, sentence: string): void {
  socket.once("finish", () => socket.destroy());
  socket.on("error", () => undefined);
  const text = `${sentence}\n`;
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
}
