import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Server, TLSSocket } from "node:tls";
import { Upgrade, type UpgradeOptions } from "./upgrade.ts";

const load = createRequire(import.meta.url);

export type Protocol = "mqtt" | "mqtts" | "ws" | "wss";

/** How connections are secured; certificate chains in PEM. */
export interface BrokerTls {
  cert: Buffer;
  key: Buffer;
  /** The authority of the clients' certificates. Each client must have one when it is there. */
  ca?: Buffer;
  minVersion: "TLSv1.2" | "TLSv1.3";
}

export interface EntranceOptions extends UpgradeOptions {
  protocol: Protocol;
  /** Asked for when the first connection comes, and after `renew`. */
  tls(): BrokerTls | undefined;
  /** The handshake of TLS failed; `code` is a word of OpenSSL or of the kernel. */
  unsecured(code: string): void;
}

/** For TLS and WebSocket together; then it is the turn of the CONNECT. */
const handshakeTimeout = 10_000;

/** What lies between an accepted connection and MQTT. Construction does nothing. */
export class Entrance {
  readonly #options: EntranceOptions;
  readonly #entering = new WeakMap<Socket, (socket: TLSSocket) => void>();
  #tls: Server | undefined;
  #upgrade: Upgrade | undefined;

  constructor(options: EntranceOptions) {
    this.#options = options;
  }

  /** `entered` gets the stream that speaks MQTT. One that never comes so far is ended, after 10 s at the latest. */
  admit(socket: Socket, entered: (stream: Duplex) => void): void {
    const { protocol } = this.#options;
    if (protocol === "mqtt") {
      entered(socket);
      return;
    }
    const giveUp = setTimeout(() => socket.destroy(), handshakeTimeout).unref();
    const done = (stream: Duplex) => {
      clearTimeout(giveUp);
      entered(stream);
    };
    socket.once("close", () => clearTimeout(giveUp));
    socket.on("error", () => undefined);
    if (protocol === "ws") this.#toMessages(socket, done);
    else this.#toTls(socket, protocol === "wss" ? (secure) => this.#toMessages(secure, done) : done);
  }

  /** From the next connection on. */
  renew(): void {
    this.#tls = undefined;
  }

  #toMessages(socket: Socket, done: (stream: Duplex) => void): void {
    this.#upgrade ??= new Upgrade(this.#options);
    this.#upgrade.meet(socket, done);
  }

  #toTls(socket: Socket, done: (secure: TLSSocket) => void): void {
    this.#tls ??= this.#createTls();
    this.#entering.set(socket, done);
    this.#tls.emit("connection", socket);
  }

  #createTls(): Server {
    const settings = this.#options.tls();
    if (!settings) throw new Error("a listener with TLS has no certificate");
    const { createServer } = load("node:tls") as typeof import("node:tls");
    const wanted = settings.ca !== undefined;
    const server = createServer({ ...settings, handshakeTimeout, requestCert: wanted, rejectUnauthorized: wanted });
    server.on("secureConnection", (secure) => {
      secure.on("error", () => undefined);
      // Node tells the socket below only here; `remotePort` is gone when the client is.
      const below = (secure as unknown as { _parent: Socket })._parent;
      this.#entering.get(below)?.(secure);
    });
    server.on("tlsClientError", (error: NodeJS.ErrnoException, secure) => {
      secure.destroy();
      this.#options.unsecured(/^[A-Z0-9_]{1,64}$/.test(error.code ?? "") ? `${error.code}` : "no reason given");
    });
    return server;
  }
}
