import mqtt from "mqtt";
import { exit } from "../exit.ts";
import { CommandError } from "./command.ts";
import type { Expected, Guest, Login } from "./demo-play/play.ts";

export interface GuestsOptions {
  /** Where the broker is reached, over TCP and over WebSocket; null when it is not. */
  url: string | null;
  ws: string | null;
  heard(guest: string, topic: string, payload: string): void;
}

/** Other clients of the broker in a demo, by their names, which are their client ids: a robot, a sensor with its will, a remote control. */
export class Guests {
  readonly #options: GuestsOptions;
  readonly #here = new Map<string, mqtt.MqttClient>();

  constructor(options: GuestsOptions) {
    this.#options = options;
  }

  /** Resolves when it is there, and hears what it wants to hear. */
  async come({ comes: name, as, over, hears, will }: Guest): Promise<void> {
    await this.leave(name);
    const { url, ws, heard } = this.#options;
    const last = will && { topic: will[0], payload: Buffer.from(will[1]), qos: 1 as const, retain: true };
    const client = await connect(over === "ws" ? ws : url, { ...as, clientId: name, ...(last && { will: last }) });
    // What ends it is told by the broker.
    client.on("error", () => {});
    client.on("message", (topic, payload) => heard(name, topic, payload.toString()));
    this.#here.set(name, client);
    if (hears !== undefined) await client.subscribeAsync(hears, { qos: 1 });
  }

  /** Resolves when the broker has it. */
  async say(name: string, [topic, payload]: Expected, retain = false): Promise<void> {
    await this.#here.get(name)?.publishAsync(topic, payload, { qos: 1, retain });
  }

  /** Without a goodbye. */
  cut(name: string): void {
    this.#here.get(name)?.stream.destroy();
    this.#here.delete(name);
  }

  async leave(name: string): Promise<void> {
    const client = this.#here.get(name);
    this.#here.delete(name);
    if (client?.connected) await client.endAsync();
  }

  async leaveAll(): Promise<void> {
    await Promise.all([...this.#here.keys()].map((name) => this.leave(name)));
  }

  /** Throws a CommandError when the broker lets in somebody who names no user, or this one. */
  async refused(who: Login | undefined): Promise<string> {
    let client: mqtt.MqttClient;
    try {
      client = await connect(this.#options.url, { ...who });
    } catch (error) {
      return (error as Error).message;
    }
    await client.endAsync(true);
    throw new CommandError(exit.bug, `the broker let in somebody ${who ? "with a wrong password" : "without a user"}`);
  }
}

function connect(url: string | null, options: mqtt.IClientOptions): Promise<mqtt.MqttClient> {
  if (url === null) throw new CommandError(exit.bug, "the built-in broker listens nowhere");
  return mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });
}
