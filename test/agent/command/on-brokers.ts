import { describe, expect, it, vi } from "vitest";
import { connectAgent } from "../../../agent/command/client.ts";
import { type BrokerName, capability } from "../../broker-capabilities.ts";
import { type BrokerProcess, leftOut, type Observer, observe, startMosquitto } from "../../brokers.ts";
import { describeRabbit } from "../../rabbitmq.ts";
import { eventually, patience } from "../shell/fixture.ts";
import { type AgentProcess, startAgent } from "./agent-process.ts";

export const P = "pinbus/garage";

/** A kind of broker, and what a real agent on the simulated board speaks with it. */
export interface OnBroker {
  name: string;
  version: "5" | "3.1.1";
  /** Whether what is retained comes through a wildcard: the agent's filter of commands has one. */
  wildcardRetained: boolean;
  missing: boolean;
  /** Undefined: it begins and ends with its agent. */
  startBroker: ((port?: number) => Promise<BrokerProcess>) | undefined;
  startAgent(yaml: string, port: number): Promise<AgentProcess>;
}

/** One that can stop, or hang, without its agent. */
export type OnOtherBroker = OnBroker & { startBroker: NonNullable<OnBroker["startBroker"]> };

const agentWith = (settings: string) => (yaml: string, port: number) =>
  startAgent(`node: garage\ngpio: { driver: sim, board: pi4 }\n${settings.replace("PORT", String(port))}\n${yaml}`);
const retainsFor = (broker: BrokerName) => capability(broker, "wildcardRetained") === "yes";
const mosquitto = (version: "5" | "3.1.1", protocol: "auto" | "3.1.1"): OnOtherBroker => ({
  name: `mosquitto with MQTT ${version}`,
  version,
  wildcardRetained: retainsFor(`mosquitto 2.0, MQTT ${version}`),
  missing: leftOut(`mosquitto with MQTT ${version}`, "mosquitto", "mosquitto mosquitto-clients"),
  startBroker: (port) => startMosquitto(port === undefined ? {} : { port }),
  startAgent: agentWith(`mqtt: { server: 127.0.0.1, port: PORT, protocol: ${protocol} }`),
});

const others: readonly OnOtherBroker[] = [
  mosquitto("5", "auto"),
  mosquitto("3.1.1", "3.1.1"),
  {
    name: "the built-in broker of another agent",
    version: "3.1.1",
    wildcardRetained: retainsFor("the built-in broker"),
    missing: false,
    startBroker: startHub,
    startAgent: agentWith("mqtt: { server: 127.0.0.1, port: PORT }"),
  },
];
const own: OnBroker = {
  name: "its own built-in broker",
  version: "3.1.1",
  wildcardRetained: retainsFor("the built-in broker"),
  missing: false,
  startBroker: undefined,
  startAgent: agentWith("broker: { listeners: [{ protocol: mqtt, port: PORT }] }"),
};

/** The suite once for each broker, and each version of MQTT that it speaks. */
export function describeOnBrokers(name: string, suite: (on: OnBroker) => void): void {
  for (const on of [...others, own]) describe.skipIf(on.missing)(`${name}, on ${on.name}`, () => suite(on));
  describeOnRabbit(name, suite);
}

function describeOnRabbit(name: string, suite: (on: OnOtherBroker) => void): void {
  const on: Omit<OnOtherBroker, "startBroker"> = {
    name: "RabbitMQ 3.10",
    version: "3.1.1",
    wildcardRetained: retainsFor("RabbitMQ 3.10"),
    missing: false,
    startAgent: agentWith("mqtt: { server: 127.0.0.1, port: PORT }"),
  };
  describeRabbit(`${name}, on ${on.name}`, "3.10", (start) => {
    // Of its own, so that it cleans up before RabbitMQ ends.
    describe("with MQTT 3.1.1", () => suite({ ...on, startBroker: start }));
  });
}

/** The same without the agent's own broker. */
export function describeOnOtherBrokers(name: string, suite: (on: OnOtherBroker) => void): void {
  for (const on of others) describe.skipIf(on.missing)(`${name}, on ${on.name}`, () => suite(on));
  describeOnRabbit(name, suite);
}

/** A test for a broker that is there before its agent, or hangs without it: with its own broker there is no such case. */
export function itOnOtherBrokers(on: OnBroker, name: string, test: () => Promise<void>): void {
  if (on.startBroker !== undefined) it(name, test);
}

/** A broker, an agent on it, and somebody on the bus. */
export interface Together {
  broker: BrokerProcess | undefined;
  agent: AgentProcess;
  bus: Bus;
  url: string;
  stop(): Promise<void>;
}

/** Resolves when the agent is online. `before` is what was on the broker before the agent. */
export async function startTogether(on: OnBroker, yaml: string, before?: (bus: Bus) => Promise<unknown>): Promise<Together> {
  const started: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of started.splice(0).reverse()) await end();
  };
  const join = async (url: string) => {
    const bus = await joinBus(url, on.version);
    started.push(bus.stop);
    return bus;
  };
  try {
    const broker = await on.startBroker?.();
    if (broker) started.push(broker.stop);
    let bus = broker && (await join(broker.url));
    if (bus) await before?.(bus);
    const agent = await on.startAgent(yaml, broker?.port ?? 0);
    started.push(agent.clean);
    const url = broker?.url ?? `mqtt://127.0.0.1:${agent.port}`;
    bus ??= await join(url);
    const { newest } = bus;
    await vi.waitFor(() => expect(newest(`${P}/status`)).toBe("online"), patience);
    expect((await agent.client.request("status", {})).link.version).toBe(on.version);
    return { broker, agent, bus, url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startHub(port = 0): Promise<BrokerProcess> {
  const hub = await startAgent(`
node: hub
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, address: 127.0.0.1, port: ${port} }] }
`);
  return {
    port: hub.port,
    url: `mqtt://127.0.0.1:${hub.port}`,
    hang: (hangs) => hub.child.kill(hangs ? "SIGSTOP" : "SIGCONT"),
    stop: () => hub.clean(),
  };
}

export interface CommandAnswer {
  id: string | null;
  ok: boolean;
  reason?: string;
  state?: string;
  changed?: boolean;
}

/** Somebody on the bus who sends commands, and sees everything. */
export interface Bus extends Observer {
  send(output: string, payload: string | Buffer, retain?: boolean): Promise<unknown>;
  /** The same, and its answer, from where it belongs: MQTT 5: the response topic, with the correlation data; else beside the command. */
  ask(output: string, payload: string | Buffer): Promise<CommandAnswer>;
  /** Every answer to commands for the output, in order; `ask` and `send` both ask for one. */
  answers(output: string): CommandAnswer[];
  newest(topic: string): string | undefined;
  attr(output: string): Record<string, unknown>;
}

export async function joinBus(url: string, version: OnBroker["version"]): Promise<Bus> {
  const five = version === "5";
  const observer = await observe({ url }, "#", five ? { protocolVersion: 5 } : {});
  let asked = 0;
  const answersTo = (output: string) => (five ? `answers/${output}` : `${P}/out/${output}/result`);
  const send = (output: string, payload: string | Buffer, retain = false) => {
    const properties = { responseTopic: answersTo(output), correlationData: Buffer.from(`${++asked}`) };
    return observer.client.publishAsync(`${P}/out/${output}/set`, payload, { qos: 1, retain, ...(five && { properties }) });
  };
  const received = new Map<string, { answer: CommandAnswer; correlation: string | undefined }[]>();
  const answersOf = (output: string) => received.get(answersTo(output)) ?? [];
  observer.client.on("message", (topic, payload, { properties }) => {
    if (!/^answers\/|\/out\/[^/]+\/result$/.test(topic)) return;
    const answer = { answer: JSON.parse(payload.toString()), correlation: properties?.correlationData?.toString() };
    received.set(topic, received.get(topic) ?? []);
    received.get(topic)?.push(answer);
  });
  const newest = (topic: string) => observer.payloads(topic).at(-1);
  return Object.assign(observer, {
    send,
    answers: (output: string) => answersOf(output).map(({ answer }) => answer),
    newest,
    attr: (output: string) => JSON.parse(newest(`${P}/out/${output}/attr`) ?? "{}"),
    async ask(output: string, payload: string | Buffer) {
      const before = answersOf(output).length;
      await send(output, payload);
      const mine = five ? String(asked) : undefined;
      await eventually(() => answersOf(output)[before]).toMatchObject({ correlation: mine });
      return answersOf(output)[before]?.answer as CommandAnswer;
    },
  });
}

export interface RecordedEvent extends Record<string, unknown> {
  type: string;
  /** On the agent's monotonic clock, in milliseconds. */
  at: number;
}

/** What the agent did from now on, whatever it published. */
export interface Witness {
  events: RecordedEvent[];
  /** `lamp on` and `lamp off`, as they were written to the line. */
  moves(output?: string): string[];
  /** When each of `moves` was. */
  times(output: string): number[];
  close(): void;
}

export async function watchAgent(agent: AgentProcess): Promise<Witness> {
  const events: RecordedEvent[] = [];
  const client = await connectAgent(agent.socket, {
    push(push) {
      const { event } = push.data as { event?: RecordedEvent };
      if (event) events.push(event);
    },
    closed: () => undefined,
  });
  await client.request("record", {});
  const writes = (output?: string) =>
    events.filter((event) => event.type === "output-written" && (output === undefined || event.output === output));
  return {
    events,
    moves: (output) => writes(output).map(({ output: id, active }) => `${id} ${active ? "on" : "off"}`),
    times: (output) => writes(output).map(({ at }) => at),
    close: client.close,
  };
}
