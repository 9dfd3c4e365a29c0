import { connectAsync, type MqttClient } from "mqtt";
import { onTestFinished, vi } from "vitest";
import { freePort, type Observer, observe, startMosquitto } from "../../brokers.ts";
import { type FaultProxy, startProxy } from "../../fault-proxy.ts";
import { patience } from "../shell/fixture.ts";
import { type AgentProcess, startAgent } from "./agent-process.ts";

export interface Central {
  port: number;
  url: string;
}

/** Central brokers, each in a process of its own. */
export const centrals: Readonly<Record<string, () => Promise<Central>>> = {
  mosquitto: async () => {
    const broker = await startMosquitto({ config: ["allow_anonymous true", "max_queued_messages 0"] });
    onTestFinished(() => broker.stop());
    return broker;
  },
  "the built-in broker": async () => {
    const port = await freePort();
    await agentWith(`broker: { listeners: [{ address: 127.0.0.1, port: ${port} }], max_queued: 5000 }`);
    return { port, url: `mqtt://127.0.0.1:${port}` };
  },
};

/** An agent without lines, with these settings; it is gone after the test. */
export async function agentWith(yaml: string): Promise<AgentProcess> {
  const agent = await startAgent(`gpio: { driver: sim }\n${yaml}\n`);
  onTestFinished(() => agent.clean());
  return agent;
}

export interface Bridged {
  agent: AgentProcess;
  /** To the built-in broker, and to the central one. */
  here: { url: string };
  there: Central;
  proxy: FaultProxy;
  away(): void;
  back(): void;
}

/** An agent whose bridge leads through a proxy. `topics` and `more` as in the configuration. */
export async function bridged(there: Central, topics: string, more = ""): Promise<Bridged> {
  const proxy = await startProxy(there.port);
  onTestFinished(() => proxy.stop());
  const port = await freePort();
  const agent = await agentWith(bridgeYaml(port, Number(new URL(proxy.url).port), topics, more));
  return {
    agent,
    here: { url: `mqtt://127.0.0.1:${port}` },
    there,
    proxy,
    away() {
      proxy.open = false;
      proxy.cut();
    },
    back() {
      proxy.open = true;
    },
  };
}

export function bridgeYaml(port: number, central: number, topics: string, more = ""): string {
  return `broker:
  listeners: [{ address: 127.0.0.1, port: ${port} }]
  bridge: { server: "127.0.0.1:${central}", client_id: site1, topics: [${topics}]${more === "" ? "" : `, ${more}`} }`;
}

export async function untilBridged(agent: Pick<AgentProcess, "client">): Promise<void> {
  await vi.waitFor(async () => {
    const status = await agent.client.request("status", {});
    if (!status?.broker?.bridge?.online) throw new Error(`the bridge is away: ${status?.broker?.bridge?.problem}`);
  }, patience);
}

export async function client({ url }: { url: string }): Promise<MqttClient> {
  const made = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
  onTestFinished(() => made.endAsync(true));
  return made;
}

export async function watch(broker: { url: string }, filter: string): Promise<Observer> {
  const observer = await observe(broker, filter);
  onTestFinished(() => observer.stop());
  return observer;
}

/** With QoS 1, all at a time; resolves when all are acknowledged. */
export async function publishAll(to: MqttClient, topic: string, from: number, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => to.publishAsync(topic, String(from + index), { qos: 1 })));
}

export function numbers(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(from + index));
}
