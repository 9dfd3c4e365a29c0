import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { expect, onTestFinished } from "vitest";
import { eventually } from "../shell/fixture.ts";
import { type AgentProcess, pinbus, runIn } from "./agent-process.ts";

/** An example as it is written, but for the board and the broker, and somebody else on that broker: the twin of what it controls. */
export class House {
  readonly agent: AgentProcess;
  readonly twin: MqttClient;
  readonly seen: { topic: string; payload: string; retain: boolean }[] = [];
  readonly #heard: ((topic: string, payload: string) => void)[] = [];

  private constructor(agent: AgentProcess, twin: MqttClient) {
    this.agent = agent;
    this.twin = twin;
    twin.on("message", (topic, bytes, { retain }) => {
      const payload = bytes.toString();
      const short = topic.replace(/^pinbus\/house\//, "");
      this.seen.push({ topic: short, payload, retain });
      for (const hear of this.#heard) hear(short, payload);
    });
  }

  /** `topics`: what the twin hears besides what the house says. */
  static async start(example: string, topics: readonly string[] = ["home/#", "stat/#", "tele/#"]): Promise<House> {
    const folder = mkdtempSync(join(tmpdir(), "pinbus-house-"));
    const config = join(folder, "pinbus.yaml");
    expect(await pinbus(["init", "--example", example, "--config", config])).toMatchObject({ code: 0, stderr: "" });
    const text = readFileSync(config, "utf8");
    const own = "node: house\nbroker: { listeners: [{ protocol: mqtt, port: 0 }] }";
    writeFileSync(config, text.replace(/^mqtt:.*(?:\n .*)*/m, own));
    const env = {
      PINBUS_GPIO_DRIVER: "sim",
      PINBUS_STATE_DIR: join(folder, "state"),
      PINBUS_CONTROL_SOCKET: join(folder, "control.sock"),
    };
    const agent = await runIn(folder, env);
    const twin = await connectAsync(`mqtt://127.0.0.1:${agent.port}`);
    onTestFinished(async () => {
      await twin.endAsync(true);
      await agent.clean();
      rmSync(folder, { recursive: true, force: true });
    });
    const house = new House(agent, twin);
    await twin.subscribeAsync(["pinbus/house/#", ...topics]);
    // What is switched before it may be said twice: as it happens, and among all that is said before it.
    await eventually(() => house.last("status")).toBe("online");
    return house;
  }

  /** What the twin does when it hears something. */
  hear(does: (topic: string, payload: string) => void): void {
    this.#heard.push(does);
  }

  last(topic: string): string | undefined {
    return this.seen.findLast((message) => message.topic === topic)?.payload;
  }

  /** How often a topic said this. */
  said(topic: string, payload: string): number {
    return this.seen.filter((message) => message.topic === topic && message.payload === payload).length;
  }

  async press(input: string): Promise<void> {
    await this.agent.client.request("sim-press", { input, for_ms: 100 });
  }

  /** The level of a contact, from now on. */
  async level(input: string, active: boolean): Promise<void> {
    await this.agent.client.request("sim-play", { steps: [{ after_ms: 0, do: "level", input, active }] });
  }
}
