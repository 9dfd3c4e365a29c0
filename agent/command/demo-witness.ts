import mqtt from "mqtt";
import { exit } from "../exit.ts";
import type { BrokerLogin } from "../protocol.ts";
import { printable } from "../shell/printable.ts";
import { CommandError } from "./command.ts";
import type { Expected } from "./demo-play/play.ts";

export interface Seen {
  topic: string;
  payload: string;
  retain: boolean;
}

export interface WitnessOptions {
  base: string;
  tell(line: string): void;
  hear(message: Seen): void;
}

/** Of a payload, in characters. */
const shown = 300;
/** What is kept to be looked at; more than any play says. */
const maxSeen = 20_000;

/** An MQTT client of its own, which sees what everybody would see. */
export class Witness {
  readonly #client: mqtt.MqttClient;
  readonly #seen: Seen[] = [];
  readonly #base: string;
  readonly #tell: (line: string) => void;
  #wake: () => void = () => {};
  #next = 0;

  private constructor(client: mqtt.MqttClient, { base, tell, hear }: WitnessOptions) {
    this.#client = client;
    this.#base = base;
    this.#tell = tell;
    client.on("message", (topic, payload, { retain }) => {
      const message = { topic, payload: payload.toString(), retain };
      this.note(message);
      hear(message);
    });
  }

  /** Sees everything; `hear` is told of each message at once. `base` is what `P` stands for, `tell` gets the lines for a person. */
  static async watch({ url, username, password }: BrokerLogin, { base, tell, hear }: WitnessOptions): Promise<Witness> {
    if (url === null) throw new CommandError(exit.bug, "the built-in broker listens nowhere");
    const who = username === null || password === null ? {} : { username, password };
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...who });
    const witness = new Witness(client, { base, tell, hear });
    await client.subscribeAsync(["#", "$SYS/#"], { qos: 1 });
    return witness;
  }

  /** Somebody else has seen this. */
  note(message: Seen): void {
    if (this.#seen.length < maxSeen) this.#seen.push(message);
    this.#wake();
  }

  async publish(topic: string, payload: string): Promise<void> {
    await this.#client.publishAsync(this.#full(topic), payload, { qos: 1 });
  }

  /** Whether a message is what is expected. */
  is({ topic, payload }: Seen, [expected, part]: Expected): boolean {
    return topic === this.#full(expected) && payload.includes(part);
  }

  /**
   * Prints what comes until every expected message has come. MQTT keeps the order within a topic only. With `live` a retained message does not
   * count: it is older than the step.
   */
  async see(expected: readonly Expected[], options: { within: number; live: boolean; never?: readonly Expected[] }): Promise<void> {
    const { within } = options;
    const deadline = performance.now() + within;
    const missing = [...expected];
    while (missing.length > 0) {
      const message = this.#seen[this.#next] ?? (await this.#more(deadline, within, missing));
      this.#next++;
      // Statistics come all the time.
      if (!message.topic.includes("$SYS/") || expected.some((one) => this.is(message, one))) this.#show(message);
      if (options.live && message.retain) continue;
      const wrong = options.never?.find((one) => this.is(message, one));
      if (wrong) throw new CommandError(exit.bug, `seen, and should not have been: ${wrong.join(" ")}`);
      const found = missing.findIndex(([topic]) => this.#full(topic) === message.topic);
      const first = missing[found];
      if (first && this.is(message, first)) missing.splice(found, 1);
    }
  }

  async end(): Promise<void> {
    await this.#client.endAsync(true);
  }

  #full(topic: string): string {
    return topic.replace(/^P\//, `${this.#base}/`);
  }

  #show({ topic, payload, retain }: Seen): void {
    const text = payload.length > shown ? `${payload.slice(0, shown)}…` : payload;
    this.#tell(`    ${printable(topic)}  ${printable(text)}${retain ? "  (retained)" : ""}`);
  }

  async #more(deadline: number, within: number, missing: readonly Expected[]): Promise<Seen> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new CommandError(exit.bug, `not seen within ${within / 1000} s: ${missing.map((one) => one.join(" ")).join(", ")}`)),
        Math.max(0, deadline - performance.now()),
      );
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.#seen[this.#next] ?? this.#more(deadline, within, missing);
  }
}
