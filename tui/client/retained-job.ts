import { isUtf8 } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import type { MqttClient } from "mqtt";
import { whyUnwritten } from "../../config/file-words.ts";
import { clearRate, type RetainedEvent } from "../retained.ts";
import { shortPath, stateFile } from "./files.ts";

export interface RetainedOptions {
  /** A connection of its own to the broker that is looked at; undefined while there is none. */
  connect(): MqttClient | undefined;
  on(event: RetainedEvent): void;
  env: NodeJS.ProcessEnv;
  now?: () => Date;
  /** Empty messages a second. */
  rate?: number;
  /** How long nothing must come until all is there, ms. */
  quiet?: number;
  most?: { topics: number; bytes: number };
}

/** One topic; what was kept there last is what counts in the backup. */
interface Kept {
  payload: Buffer;
  qos: 0 | 1 | 2;
}

const bounds = { topics: 20_000, bytes: 64 * 1024 * 1024 };
const maxUnanswered = 100;
const longest = 60_000;

/** What the broker keeps below one branch: found, written to a backup, cleared. */
export class RetainedJob {
  /** A backup is being written, or topics are cleared. */
  busy = false;
  readonly #branch: string;
  readonly #options: RetainedOptions;
  readonly #client: MqttClient | undefined;
  readonly #path: string;
  #kept = new Map<string, Kept>();
  #bytes = 0;
  /** Counts what is new to us: live traffic must not look as if the broker were not done. */
  #news = 0;
  /** The broker is being asked; else only topics that are known already count. */
  #asking = true;
  #file: FileHandle | undefined;
  #writing: Promise<unknown> = Promise.resolve();
  /** Topics that were cleared and hold a message again or still; once the broker is asked for them. */
  #still: Set<string> | undefined;
  #stopped = false;
  #ended = false;
  #done = 0;
  #problem: Error | undefined;

  constructor(branch: string, options: RetainedOptions) {
    this.#branch = branch;
    this.#options = options;
    this.#path = stateFile(options.env, "retained", options.now?.() ?? new Date());
    this.#client = options.connect();
    if (this.#client === undefined) {
      this.#end("not connected to a broker: nothing can be cleared now", false);
      return;
    }
    this.#client.on("message", (topic, payload, packet) => this.#receive(topic, payload, packet.retain, packet.qos));
    this.#client.on("error", (error) => this.#fail(error));
    this.#client.on("close", () => this.#fail(new Error("the broker closed the connection")));
    this.#client.once("connect", () => this.#run(() => this.#find()));
  }

  backup(): void {
    this.#work(async () => {
      await this.#again();
      await this.#write();
      this.#end(`${this.#kept.size} retained messages are in ${shortPath(this.#path)}; nothing was cleared`, true);
    });
  }

  clear(): void {
    this.#work(async () => {
      await this.#again();
      await this.#write();
      await this.#send([...this.#kept.keys()]);
      const left = this.#stopped ? 0 : await this.#remaining();
      await this.#writing;
      const all = this.#kept.size;
      const where = `backup ${shortPath(this.#path)}`;
      if (this.#stopped) this.#end(`stopped: ${this.#done} of ${all}, ${where}`, true);
      else if (left > 0) this.#end(`${left} of ${all} still hold a message, set anew or not allowed to clear, ${where}`, false);
      else this.#end(`cleared ${all}, ${where}`, true);
    });
  }

  /** Ends the clearing after what is on its way; before it, everything. */
  stop(): void {
    this.#stopped = true;
    if (!this.busy) this.close();
  }

  close(): void {
    this.#ended = true;
    this.busy = false;
    // What was found may be 64 MB.
    this.#kept = new Map();
    this.#client?.end(true);
    const file = this.#file;
    this.#file = undefined;
    void this.#writing.then(() => file?.close()).catch(() => undefined);
  }

  #run(step: () => Promise<void>): void {
    step().catch((error: Error) => this.#fail(error));
  }

  #work(step: () => Promise<void>): void {
    this.busy = true;
    this.#run(step);
  }

  async #find(): Promise<void> {
    // All of them, and then once more with their QoS: of those a broker queues a bounded number only.
    await this.#again();
    this.#asking = false;
    this.#tell({ kind: "found", topics: this.#kept.size, path: shortPath(this.#path) });
  }

  /** What was set anew since, while the person read: only MQTT 5 tells it of live messages. As the first time: of QoS 2 a broker queues a bounded number. */
  async #again(): Promise<void> {
    await this.#ask(0);
    await this.#ask(2);
  }

  /** Resolves when the broker has sent what it keeps: nothing tells the end, so nothing may come for a while and a round trip. */
  async #ask(qos: 0 | 2): Promise<void> {
    const filter = `${this.#branch}/#`;
    const client = this.#need();
    const granted = await client.subscribeAsync({ [filter]: { qos, rap: true, rh: 0, nl: false } }).catch(() => undefined);
    this.#need();
    if (granted === undefined || granted.some((each) => each.qos >= 0x80)) throw new Error(`the broker refused the topic filter ${filter}`);
    const until = performance.now() + longest;
    for (let before = -1; before !== this.#news; ) {
      before = this.#news;
      await new Promise((resolve) => setTimeout(resolve, this.#options.quiet ?? 300));
      await this.#roundTrip();
      if (performance.now() > until) throw new Error("the broker does not stop sending below this branch: take a smaller one");
    }
  }

  #roundTrip(): Promise<void> {
    const client = this.#need();
    return new Promise((resolve, reject) => {
      const over = () => {
        client.off("packetreceive", answered);
        client.off("close", closed);
      };
      const answered = ({ cmd }: { cmd: string }) => {
        if (cmd !== "pingresp") return;
        over();
        resolve();
      };
      const closed = () => {
        over();
        reject(new Error("the broker closed the connection"));
      };
      client.on("packetreceive", answered);
      client.on("close", closed);
      client.sendPing();
    });
  }

  #receive(topic: string, payload: Buffer, retain: boolean, qos: 0 | 1 | 2): void {
    // A broker may send anything: what was not asked for is neither counted nor cleared.
    if (topic !== this.#branch && !topic.startsWith(`${this.#branch}/`)) return;
    const known = this.#kept.get(topic);
    if (this.#still !== undefined) {
      if (!retain || known === undefined || payload.length === 0 || this.#still.has(topic)) return;
      this.#still.add(topic);
      this.#news += 1;
      return;
    }
    if (this.#file !== undefined) {
      // It came between the backup and the empty message: it must not be lost either.
      const maybe = retain || this.#client?.options.protocolVersion !== 5;
      if (!maybe || known === undefined || payload.length === 0 || known.payload.equals(payload)) return;
      known.payload = Buffer.from(payload);
      this.#append(lineOf(topic, { payload, qos }));
      return;
    }
    if (!retain || (known === undefined && !this.#asking)) return;
    if (known?.qos !== qos) this.#news += 1;
    this.#bytes += payload.length - (known?.payload.length ?? 0);
    if (payload.length === 0) this.#kept.delete(topic);
    else this.#kept.set(topic, { payload: Buffer.from(payload), qos });
    const { topics, bytes } = this.#options.most ?? bounds;
    if (this.#kept.size > topics || this.#bytes > bytes)
      this.#fail(
        new Error(`more than ${topics} topics or ${Math.round(bytes / 1024 / 1024)} MB are kept below this branch: take a smaller one`),
      );
  }

  /** The backup is on the disk before anything is cleared. */
  async #write(): Promise<void> {
    const file = await open(this.#path, "wx", 0o600);
    // What comes from here on is appended, after all of these.
    this.#file = file;
    const written = writeLines(file, [...this.#kept]);
    this.#writing = written.catch(() => undefined);
    try {
      await written;
      this.#need();
    } catch (error) {
      this.#file = undefined;
      await file.close();
      throw error;
    }
  }

  #append(line: string): void {
    const file = this.#file;
    this.#writing = this.#writing.then(() => file?.appendFile(line)).catch((error: Error) => this.#fail(error));
  }

  /** Resolves when each is answered, or those that were on their way when it was stopped. */
  #send(topics: string[]): Promise<void> {
    const client = this.#need();
    return new Promise((resolve, reject) => {
      let next = 0;
      let answered = 0;
      const timer = setInterval(
        () => {
          const over = this.#stopped || this.#ended || next >= topics.length;
          if (this.#ended || (over && answered === next)) {
            clearInterval(timer);
            if (this.#ended) reject(this.#problem ?? new Error("ended"));
            else resolve();
            return;
          }
          const topic = topics[next];
          if (over || topic === undefined || next - answered >= maxUnanswered) return;
          next += 1;
          client.publish(topic, "", { qos: 1, retain: true }, (error) => {
            answered += 1;
            if (!error) this.#done += 1;
            this.#tell({ kind: "progress", done: this.#done });
          });
        },
        1000 / (this.#options.rate ?? clearRate),
      );
    });
  }

  /** How many of them the broker still keeps. */
  async #remaining(): Promise<number> {
    await this.#need().unsubscribeAsync(`${this.#branch}/#`);
    this.#still = new Set();
    await this.#ask(0);
    return this.#still.size;
  }

  #need(): MqttClient {
    if (this.#client === undefined || this.#ended) throw this.#problem ?? new Error("not connected to a broker");
    return this.#client;
  }

  #tell(event: RetainedEvent): void {
    if (!this.#ended) this.#options.on(event);
  }

  #fail(error: Error): void {
    this.#problem ??= error;
    const far =
      this.#file === undefined ? "nothing was cleared" : `cleared ${this.#done} of ${this.#kept.size}, backup ${shortPath(this.#path)}`;
    this.#end(`${whyUnwritten(error)}: ${far}`, false);
  }

  #end(text: string, ok: boolean): void {
    if (this.#ended) return;
    this.#options.on({ kind: "ended", text, ok });
    this.close();
  }
}

async function writeLines(file: FileHandle, all: readonly (readonly [string, Kept])[]): Promise<void> {
  for (let at = 0; at < all.length; at += 1000) {
    const lines = all.slice(at, at + 1000).map(([topic, kept]) => lineOf(topic, kept));
    await file.appendFile(lines.join(""));
  }
  await file.sync();
}

/** Text as it is, what is no text as base64. */
function lineOf(topic: string, { payload, qos }: Kept): string {
  const content = isUtf8(payload) ? { text: payload.toString() } : { base64: payload.toString("base64") };
  return `${JSON.stringify({ topic, qos, ...content })}\n`;
}
