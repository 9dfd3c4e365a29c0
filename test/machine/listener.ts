import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { eventually } from "./cases.ts";
import { run } from "./commands.ts";

export interface Heard {
  topic: string;
  payload: string;
  retained: boolean;
  /** When it came, ms of this process' monotonic clock. */
  at: number;
}

/** Debian's `mosquitto_sub` as an independent witness of what is on the bus, in the order in which it came. */
export class Listener {
  readonly heard: Heard[] = [];
  readonly #process: ChildProcess;
  #rest = "";

  private constructor(filter: string) {
    this.#process = spawn("mosquitto_sub", ["-h", "127.0.0.1", "-V", "mqttv5", "-q", "1", "-t", filter, "-F", "%r\t%t\t%p"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#process.stdout?.on("data", (data: Buffer) => this.#take(data.toString()));
  }

  /** Listens once the broker has confirmed the subscription: a message of our own has come back. */
  static async start(filter: string): Promise<Listener> {
    const listener = new Listener(filter);
    const probe = filter.replace("#", "listening");
    await eventually("a message back from the broker", async () => {
      await run("mosquitto_pub", "-h", "127.0.0.1", "-t", probe, "-m", "?");
      return listener.heard.some(({ topic }) => topic === probe);
    });
    return listener;
  }

  /** Forgets what was heard before. */
  forget(): void {
    this.heard.length = 0;
  }

  find(topic: string, payload: RegExp): Heard | undefined {
    return this.heard.find((heard) => heard.topic === topic && payload.test(heard.payload));
  }

  wait(topic: string, payload: RegExp, within?: number): Promise<Heard> {
    return eventually(`${topic} ${payload}; heard: ${this.toString()}`, () => this.find(topic, payload), within);
  }

  /** Waits until all were heard, and fails unless they came in this order. */
  async inOrder(...expected: [topic: string, payload: RegExp][]): Promise<Heard[]> {
    const found: Heard[] = [];
    for (const [topic, payload] of expected) found.push(await this.wait(topic, payload));
    const order = found.map((heard) => this.heard.indexOf(heard));
    if (order.some((place, i) => i > 0 && place < (order[i - 1] ?? 0))) throw new Error(`wrong order: ${this.toString()}`);
    return found;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    // At SIGTERM it takes a lock in its handler, and hangs for ever if it has that lock already.
    this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
  }

  toString(): string {
    return this.heard.map(({ topic, payload, retained }) => `${topic} ${payload}${retained ? " (retained)" : ""}`).join(" | ");
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const [retained, topic = "", ...payload] = line.split("\t");
      this.heard.push({ topic, payload: payload.join("\t"), retained: retained === "1", at: performance.now() });
    }
  }
}
