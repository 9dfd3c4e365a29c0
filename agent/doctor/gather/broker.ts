import { randomBytes } from "node:crypto";
import { isIP, type LookupFunction } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { MqttClient, type Packet } from "mqtt";
import type { Topics } from "../../core/topics.ts";
import type { MqttVersion } from "../../shell/link.ts";
import { clientOptions, maxIncomingBytes } from "../../shell/link-client.ts";
import { codeText, connackProblem } from "../../shell/link-codes.ts";
import { cutIncoming } from "../../shell/link-cut.ts";
import { dial, type LinkServer, parseServer, serverName } from "../../shell/link-dial.ts";
import { closeProblem, errorCode, type LinkPeer, type LinkProblem, peerOf } from "../../shell/link-problems.ts";
import { ProtocolChoice } from "../../shell/link-protocol.ts";
import type { BrokerFacts, BrokerStep } from "../facts.ts";
import { type Sentence, say, told } from "../sentence.ts";
import { deadline, deadlineMs } from "./deadline.ts";
import { addressesOf } from "./name.ts";

export interface BrokerTarget {
  server: LinkServer;
  protocol: "auto" | MqttVersion;
  topics: Pick<Topics, "doctor">;
  /** What the agent subscribes to. */
  filters: readonly string[];
}

/** A step that did not succeed. `retry` = what the link would do now; undefined when it came to no end. */
class StepFailure extends Error {
  readonly why: Sentence;
  readonly retry: LinkProblem["retry"] | undefined;
  constructor(why: Sentence, retry?: LinkProblem["retry"]) {
    super(why.here);
    this.why = why;
    this.retry = retry;
  }
}

/**
 * Goes the way of the agent to a broker, step by step, and leaves nothing there: a client id of its own, so that the agent is not thrown out, no
 * session, no will, nothing retained. Ends with the first step that fails, or takes longer than `ms`.
 */
export async function probeBroker(target: BrokerTarget, ms = deadlineMs): Promise<BrokerFacts> {
  const choice = new ProtocolChoice(target.protocol);
  for (;;) {
    const probe = new Probe(target, choice.current, ms);
    const facts = await probe.run();
    if (probe.retry === undefined || !choice.failed(probe.retry)) return facts;
  }
}

class Probe {
  readonly #options: Parameters<typeof clientOptions>[0] & Parameters<typeof peerOf>[0];
  readonly #version: MqttVersion;
  readonly #target: BrokerTarget;
  readonly #ms: number;
  readonly #peer: LinkPeer;
  readonly #facts: { -readonly [K in keyof BrokerFacts]: BrokerFacts[K] };
  readonly #steps: { step: BrokerStep; ms: number }[] = [];
  readonly #open = new Set<{ destroy(): void }>();
  #step: BrokerStep = "name";
  /** Whether the last step failed in a way that another version of MQTT may mend. */
  retry: LinkProblem["retry"] | undefined;

  constructor(target: BrokerTarget, version: MqttVersion, ms: number) {
    const { server } = target;
    this.#options = {
      server,
      will: null,
      // MQTT 3.1 takes 23 characters.
      clientId: `pinbus-doctor-${randomBytes(4).toString("hex")}`,
      keepalive: 60_000,
      sessionExpiryS: 0,
    };
    this.#version = version;
    this.#target = target;
    this.#ms = ms;
    this.#peer = peerOf(this.#options, version);
    this.#facts = { server: serverName(server.url), steps: this.#steps, failed: null, refused: [], certificate: null, version };
  }

  async run(): Promise<BrokerFacts> {
    try {
      await this.#all();
    } catch (error) {
      const failure = error instanceof StepFailure ? error : new StepFailure(this.#problem(error as Error));
      this.retry = failure.retry;
      this.#facts.failed = { step: this.#step, why: failure.why };
    } finally {
      for (const each of this.#open) each.destroy();
    }
    return this.#facts;
  }

  async #all(): Promise<void> {
    const { host, secure, path } = parseServer(this.#options.server.url);
    if (isIP(host) === 0) {
      const addresses = await this.#take("name", (late) => addressesOf(host, late));
      const found: LookupFunction = (_, { all }, done) =>
        all ? done(null, addresses) : done(null, addresses[0]?.address ?? "", addresses[0]?.family);
      this.#options.server = { ...this.#options.server, lookup: found };
    }
    let stream = await this.#connect(secure, path !== undefined);
    if (path !== undefined) stream = await this.#take("websocket", () => this.#dial(this.#options.server, "dialling"));
    await this.#speak(stream);
  }

  /** Runs a step until its deadline, and writes down how long it took. */
  async #take<T>(step: BrokerStep, work: (late: AbortSignal) => Promise<T>): Promise<T> {
    this.#step = step;
    const began = performance.now();
    const ending = new AbortController();
    let callOff = () => {};
    const late = new Promise<never>((_, reject) => {
      callOff = deadline(this.#ms, () => reject(new StepFailure(say`no answer within ${this.#ms / 1000} s`)));
    });
    try {
      const result = await Promise.race([work(ending.signal), late]);
      this.#steps.push({ step, ms: Math.round(performance.now() - began) });
      return result;
    } finally {
      callOff();
      ending.abort();
    }
  }

  /** TCP, and TLS on it. What is to be WebSocket dials again for itself. */
  async #connect(secure: boolean, again: boolean): Promise<Duplex> {
    const { server } = this.#options;
    const url = again ? server.url.replace(/^ws/, "mqtt").replace(/(\/\/[^/]*).*/, "$1") : server.url;
    let connected: (() => void) | undefined;
    const tcp = new Promise<void>((resolve) => {
      connected = resolve;
    });
    this.#step = "tcp";
    const ready = this.#dial({ ...server, url }, "dialling", (stream) => stream.once("connect", () => connected?.()));
    ready.catch(() => undefined);
    await this.#take("tcp", () => Promise.race([tcp, ready]));
    if (!secure) return ready;
    const socket = await this.#take("tls", () => ready);
    const { valid_to } = (socket as TLSSocket).getPeerCertificate();
    if (valid_to !== undefined) this.#facts.certificate = { to: Date.parse(valid_to) };
    return socket;
  }

  #dial(server: LinkServer, step: "dialling" | "greeting", seen?: (stream: Duplex) => void): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const stream = dial(server, () => resolve(stream));
      cutIncoming(stream, { maxBytes: maxIncomingBytes });
      this.#open.add(stream);
      seen?.(stream);
      let last: Error | undefined;
      stream.on("error", (error) => {
        last = error;
      });
      stream.once("close", () => reject(this.#failure(step, last)));
    });
  }

  async #speak(stream: Duplex): Promise<void> {
    // Our own deadline comes first, and has the better words.
    const client = new MqttClient(() => stream, clientOptions(this.#options, this.#version, 4 * this.#ms));
    this.#open.add({ destroy: () => client.end(true) });
    let last: Error | undefined;
    client.on("error", (error) => {
      last = error;
    });
    /** The next packet of this kind; everything ends with the connection. */
    const received = <C extends Packet["cmd"]>(cmd: C) =>
      new Promise<Packet & { cmd: C }>((resolve, reject) => {
        client.on("packetreceive", (packet) => packet.cmd === cmd && resolve(packet as Packet & { cmd: C }));
        client.once("close", () => reject(this.#failure(this.#step === "connack" ? "greeting" : "open", last)));
      });
    await this.#take("connack", async () => {
      const answer = received("connack");
      client.connect();
      const { returnCode, reasonCode, properties } = await answer;
      const code = reasonCode ?? returnCode ?? 0;
      if (code === 0) return;
      const { sentence, retry } = connackProblem(this.#peer, code, properties?.serverReference);
      throw new StepFailure({ here: sentence, abroad: `the broker refused us (${codeText(code)})` }, retry);
    });
    const mirror = this.#target.topics.doctor;
    const filters = [mirror, ...this.#target.filters];
    await this.#take("suback", async () => {
      const answer = received("suback");
      client.subscribe(filters, { qos: 1, ...(this.#version === "5" && { rh: 2 }) }, () => undefined);
      const codes = (await answer).granted.map(Number);
      this.#facts.refused = filters.slice(1).filter((_, index) => (codes[index + 1] ?? 0) >= 128);
      if ((codes[0] ?? 0) >= 128)
        throw new StepFailure(say`the broker refuses the subscription to the topic of the doctor (${told(codeText(codes[0] ?? 0))})`);
    });
    const payload = randomBytes(8).toString("hex");
    const back = new Promise<void>((resolve) => {
      client.on("message", (topic, bytes) => topic === mirror && bytes.toString() === payload && resolve());
    });
    await this.#take("publish", async () => {
      const answer = received("puback");
      client.publish(
        mirror,
        payload,
        { qos: 1, ...(this.#version === "5" && { properties: { messageExpiryInterval: 10 } }) },
        () => undefined,
      );
      const { reasonCode = 0 } = await answer;
      if (reasonCode >= 128) throw new StepFailure(say`the broker does not take a message of this user (${told(codeText(reasonCode))})`);
    });
    const silent = say`the broker took the message and did not give it back: its rules may forbid this user the topics of this node`;
    await this.#take("read-back", () => back).catch((error: Error) => {
      throw error instanceof StepFailure ? new StepFailure(silent) : error;
    });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 500);
      client.end(false, {}, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #failure(step: "dialling" | "greeting" | "open", error: Error | undefined): StepFailure {
    const { sentence, retry } = closeProblem(this.#peer, step, error);
    return new StepFailure({ here: sentence, abroad: `the connection ended (${errorCode(error) ?? "closed"})` }, retry);
  }

  #problem(error: Error): Sentence {
    const step = ["name", "tcp", "tls", "websocket"].includes(this.#step) ? "dialling" : this.#step === "connack" ? "greeting" : "open";
    return this.#failure(step, error).why;
  }
}
