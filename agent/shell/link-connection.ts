import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { MqttClient, type Packet } from "mqtt";
import { refusedDelay } from "../core/backoff.ts";
import { createBurst } from "./link-burst.ts";
import { clientOptions, maxIncomingBytes } from "./link-client.ts";
import { connackProblem, disconnectProblem } from "./link-codes.ts";
import { cutIncoming } from "./link-cut.ts";
import { dial, theBroker } from "./link-dial.ts";
import { takeMessages } from "./link-incoming.ts";
import { Listening } from "./link-listening.ts";
import { OwnStatus } from "./link-own-status.ts";
import { defectOf, ignore } from "./link-packet.ts";
import { clientProblem, closeProblem, type LinkPeer, type LinkProblem, peerOf, statusProblem, strangerProblem } from "./link-problems.ts";
import { objectionOf } from "./link-refusals.ts";
import { LinkTap } from "./link-tap.ts";
import type { Announcement, Incoming, LinkOptions, MqttVersion, Publication, Settled } from "./link-terms.ts";
import { PublishWindow } from "./link-window.ts";
import { type WriterEvents, writerOf } from "./link-writer.ts";
import type { WireBytes } from "./wire-bytes.ts";

const maxInFlight = 64;
const maxWaiting = 1_000;
const maxBufferedBytes = 256 * 1024;
/** The broker must answer something within this time while we wait for SUBACK and PUBACKs. */
export const answerTimeout = 30_000;
const farewellTimeout = 2_000;

export interface ConnectionEvents extends WriterEvents {
  /** CONNACK 0. */
  greeted(): void;
  /** Subscribed, all states acknowledged, `online` acknowledged. */
  ready(): void;
  /** Connected and publishing, but commands are not heard. */
  deaf(problem: LinkProblem): void;
  /** The end; nothing follows. */
  closed(problem: LinkProblem): void;
  /** With a promise, its acknowledgement waits for that. */
  message(message: Incoming): Promise<void> | undefined;
  /** `wire` takes or has its bytes, while `wantsBytes` says so. */
  packet(direction: "sent" | "received", packet: Packet, wire: WireBytes | undefined): void;
  wantsBytes(): boolean;
  /** `unheard` may be another. */
  listening(): void;
  /** A newer state took the place of one that waited. */
  replaced(): void;
}

/** One connection from dialling to its end, on one client object, which is never used again: no state of the library survives. */
export class LinkConnection {
  readonly #options: LinkOptions & { asBridge: boolean };
  readonly #version: MqttVersion;
  readonly #events: ConnectionEvents;
  readonly #peer: LinkPeer;
  readonly #client: MqttClient;
  readonly #connectTimeout: number;
  readonly #listening: Listening;
  readonly #ownStatus: OwnStatus;
  readonly #tap: LinkTap;
  #window: PublishWindow | undefined;
  #stream: Duplex | undefined;
  #step: "dialling" | "greeting" | "open" | "closed" = "dialling";
  #unsent: { packet: Packet; wire: WireBytes | undefined } | undefined;
  /** Its end is only a matter of time: the library gives back at once what it is to publish. */
  #givenUp = false;
  /** CONNACK was there. */
  #accepted = false;
  /** Why nothing that comes is believed any more. */
  #defect: string | undefined;
  readonly #burst = createBurst();
  #stopping = false;
  #error: Error | undefined;
  #problem: LinkProblem | undefined;
  #answerTimer: NodeJS.Timeout | undefined;
  #againTimer: NodeJS.Timeout | undefined;
  #ended: (() => void) | undefined;

  constructor(options: LinkOptions & { asBridge: boolean }, version: MqttVersion, events: ConnectionEvents) {
    this.#options = options;
    this.#version = version;
    this.#events = events;
    this.#connectTimeout = options.connectTimeout ?? 10_000;
    this.#peer = peerOf(options, version);
    this.#client = new MqttClient(() => this.#dial(), clientOptions(options, version, this.#connectTimeout));
    this.#listening = new Listening(this.#client, options, this.#peer, () => events.listening());
    this.#tap = new LinkTap(events.wantsBytes);
    this.#ownStatus = new OwnStatus(options, this.#listening, (online) => this.publish(online));
  }

  open(): void {
    const client = this.#client;
    client.on("packetsend", (packet) => {
      // Written behind this event; the library has no option for it.
      if (packet.cmd === "connect" && this.#options.asBridge) Object.assign(packet, { bridgeMode: true });
      // The library writes its CONNECT before there is a connection.
      const wire = this.#stream && this.#tap.sends(this.#stream);
      if (this.#step === "dialling") this.#unsent = { packet, wire };
      else this.#events.packet("sent", packet, wire);
    });
    client.on("packetreceive", (packet) => this.#received(packet));
    client.on("error", (error) => {
      this.#failed(error);
    });
    client.on("disconnect", (packet) => {
      if (packet.reasonCode !== undefined)
        this.#problem ??= disconnectProblem(this.#peer, packet.reasonCode, packet.properties?.serverReference);
    });
    client.on("connect", () => this.#greeted());
    const messagesWait = takeMessages(client, {
      take: (message) => (this.#ownStatus.heard(message) ? undefined : this.#events.message(message)),
      failed: (error) => this.giveUp({ sentence: error.message, retry: "backoff" }),
    });
    // What was said before the end counts: an OFF may be the last of it.
    const closed = () => {
      if (messagesWait()) setImmediate(closed);
      else this.#closed();
    };
    client.on("close", closed);
    client.connect();
  }

  /** What has passed the socket, both ways. */
  get bytes(): { sent: number; received: number } {
    const { bytesWritten = 0, bytesRead = 0 } = (this.#stream ?? {}) as Partial<Socket>;
    return { sent: bytesWritten, received: bytesRead };
  }

  /** Bytes; undefined when the broker has not said it. */
  get largestPacket(): number | undefined {
    return this.#client.serverProperties?.maximumPacketSize;
  }

  /** What is not known because the broker refuses to tell it. */
  get unheard(): string | null {
    return this.#listening.unheard;
  }

  /** The address of this machine that the connection comes from. */
  get localAddress(): string | undefined {
    return (this.#stream as Partial<Socket> | undefined)?.localAddress?.replace(/%.*/, "");
  }

  /** Ends it, whatever the other side thinks; `closed` is called. */
  giveUp(problem: LinkProblem): void {
    this.#problem ??= problem;
    this.#abort();
  }

  /** False when not (yet, any more) connected, or when too much waits. */
  publish(publication: Publication, settled?: Settled): boolean {
    if (this.#step !== "open" || this.#isOver() || !this.#push(publication, settled)) return false;
    if (publication.kind === "state" && publication.qos > 0 && this.#stream) this.#burst.told(this.#stream);
    return true;
  }

  /** Before the connection is open nothing is needed: it asks by itself. */
  relisten(): void {
    if (this.#step === "open" && !this.#isOver()) this.#listening.again();
  }

  /** Says goodbye and ends the connection within 2 s. `closed` is not called any more. */
  async leave(farewell: readonly Publication[]): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#againTimer);
    this.#ownStatus.stop();
    if (this.#step === "closed") return;
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    const giveUp = setTimeout(() => this.#abort(), farewellTimeout);
    if (this.#window) {
      this.#window.flush();
      await Promise.race([this.#sendAll(farewell), ended]);
      // Expiry 0: nobody needs the session of a node that said goodbye.
      this.#client.end(false, this.#version === "5" && !this.#options.bridge ? { properties: { sessionExpiryInterval: 0 } } : {});
    } else this.#abort();
    await ended;
    clearTimeout(giveUp);
  }

  #dial(): Duplex {
    const socket = dial(this.#options.server, () => {
      if (this.#step !== "dialling") return;
      this.#step = "greeting";
      if (this.#unsent) this.#events.packet("sent", this.#unsent.packet, this.#unsent.wire);
    });
    cutIncoming(socket, {
      maxBytes: maxIncomingBytes,
      begins: this.#tap.begins,
      began: (first) => {
        const problem = strangerProblem(this.#peer, first);
        if (problem === undefined) return;
        this.#problem ??= problem;
        process.nextTick(() => this.#abort());
      },
    });
    // Not through the client's event: it passes on only errors that have a code.
    socket.on("error", (error) => {
      this.#error ??= error;
    });
    socket.on("drain", () => this.#window?.pump());
    this.#stream = socket;
    return socket;
  }

  #received(packet: Packet): void {
    if (this.#stream) this.#burst.received(this.#stream);
    const defect = this.#defect ?? defectOf(packet, this.#accepted);
    this.#events.packet("received", defect === undefined ? packet : { ...packet }, this.#tap.received());
    this.#answerTimer?.refresh();
    if (defect !== undefined) {
      this.#defect = defect;
      ignore(packet);
      this.#failed(new Error(defect));
      return;
    }
    if (packet.cmd !== "connack") return;
    const code = packet.reasonCode ?? packet.returnCode ?? 0;
    if (code === 0) this.#accepted = true;
    else this.#problem ??= connackProblem(this.#peer, code, packet.properties?.serverReference);
  }

  #failed(error: Error): void {
    this.#error ??= error;
    this.#problem ??= clientProblem(this.#peer, error, this.#connectTimeout, this.#step !== "dialling");
    // A parser error leaves the socket open with bytes that nobody can make sense of.
    if (this.#step !== "dialling" && this.#stream?.destroyed === false && !this.#stopping) this.#abort();
  }

  #greeted(): void {
    this.#step = "open";
    // Without CONNACK properties the standard's default applies: 65,535.
    const { receiveMaximum = 65_535 } = this.#client.serverProperties ?? {};
    this.#window = new PublishWindow({
      inFlight: Math.min(maxInFlight, receiveMaximum),
      waiting: maxWaiting,
      write: writerOf(this.#client, this.#version, { ...this.#events, objection: objectionOf(this.#options) }),
      patience: answerTimeout,
      overdue: () => this.#unanswered(),
      congested: () => (this.#stream?.writableLength ?? 0) > maxBufferedBytes,
      replaced: () => this.#events.replaced(),
    });
    this.#events.greeted();
    this.#prepare().catch((error: unknown) => {
      this.#error ??= error instanceof Error ? error : new Error(String(error));
      this.#abort();
    });
  }

  /** Subscribe, check, states, `online`: in this order, each after the broker has accepted the one before. */
  async #prepare(): Promise<void> {
    this.#answerTimer = setTimeout(() => this.#unanswered(), answerTimeout);
    const deaf = await this.#listening.begin();
    if (this.#isOver()) return;
    await this.#sendAll([...(this.#options.announce?.() ?? []), ...this.#options.birth(deaf?.sentence ?? null)]);
    if (this.#isOver()) return;
    const { online } = this.#options;
    const refusal = deaf || !online ? undefined : (await this.#sendAll([online]))[0];
    clearTimeout(this.#answerTimer);
    if (this.#isOver()) return;
    if (!deaf && (!online || refusal === undefined)) {
      this.#ownStatus.said();
      this.#events.ready();
      return;
    }
    this.#events.deaf(deaf ?? statusProblem(this.#peer, online?.topic ?? "", refusal));
    const again = () => this.#prepare().catch(() => this.#abort());
    this.#againTimer = setTimeout(again, refusedDelay(this.#options.backoff, this.#options.random()));
  }

  /** Narrowing cannot know that the state may change during an await. */
  #isOver(): boolean {
    return this.#step === "closed" || this.#stopping || this.#givenUp;
  }

  /** Resolves when each was acknowledged, with its refusal if it has one, or when the connection ends. */
  #sendAll(publications: readonly Announcement[]): Promise<(Error | undefined)[]> {
    return Promise.all(
      publications.map(
        ({ settled, ...publication }) =>
          new Promise<Error | undefined>((resolve) => {
            this.#push(publication, (error) => {
              settled?.(error);
              resolve(error);
            });
          }),
      ),
    );
  }

  #push(publication: Publication, settled?: Settled): boolean {
    this.#ownStatus.says(publication);
    return this.#window?.push(publication, settled) ?? false;
  }

  #unanswered(): void {
    this.giveUp({ sentence: `${theBroker(this.#peer.server)} does not acknowledge what it is sent`, retry: "backoff" });
  }

  #abort(): void {
    this.#givenUp = true;
    this.#client.end(true);
    this.#stream?.destroy();
  }

  #closed(): void {
    if (this.#step === "closed") return;
    const step = this.#step;
    this.#step = "closed";
    clearTimeout(this.#answerTimer);
    clearTimeout(this.#againTimer);
    this.#ownStatus.stop();
    this.#client.removeAllListeners();
    // A late error of the socket must not become an uncaught exception.
    this.#client.on("error", () => undefined);
    // What the library has read and not looked at yet is nobody's any more.
    this.#client.on("packetreceive", ignore);
    this.#client.end(true);
    const silent = this.#ownStatus.isSaid && this.#error === undefined && this.#window?.empty === true;
    this.#window?.abandon(this.#error ?? new Error("the connection ended"));
    if (this.#stopping) this.#ended?.();
    else
      this.#events.closed(
        this.#problem ?? {
          ...closeProblem(this.#peer, step, this.#error),
          ...(silent && { silent }),
          ...(step === "dialling" && { absent: true }),
        },
      );
  }
}
