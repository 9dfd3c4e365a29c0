import { connect, type IClientOptions, type IClientSubscribeOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type BrokerName, brokers, type Capability, capability } from "../../broker-capabilities.ts";
import type { TestBroker } from "../../brokers.ts";
import { patience } from "./fixture.ts";

/** Forbidden by the broker's rules where a test asks for it; one word, because each broker writes levels in its own way. */
const denied = "forbidden";

/** Measures what the table says of a broker, row by row: what it cannot do is asserted, too. */
export function capabilityProbes(start: (port?: undefined, denied?: string) => Promise<TestBroker>, name: BrokerName): void {
  let broker: TestBroker;
  const version = brokers[name] === "5" ? 5 : 4;
  const open: MqttClient[] = [];
  beforeEach(async () => {
    broker = await start();
  });
  afterEach(async () => {
    for (const client of open.splice(0)) await client.endAsync(true);
    await broker.stop();
  });

  const join = async (options: IClientOptions = {}): Promise<Guest> => {
    const client = connect(broker.url, { protocolVersion: version, reconnectPeriod: 0, ...options });
    open.push(client);
    const joined = guest(client);
    await new Promise<unknown>((resolve, reject) => {
      client.once("connect", resolve);
      client.once("close", () => reject(new Error("the broker closed the connection")));
    });
    return joined;
  };
  const five = <T extends object>(options: T): T | object => (version === 5 ? options : {});
  /** What a subscription brings of what was retained before; the last message tells that nothing more comes. */
  const retained = async (filter: string, options: Partial<IClientSubscribeOptions> = {}): Promise<IPublishPacket[]> => {
    const writer = await join();
    await writer.client.publishAsync("a/b", "old", { qos: 1, retain: true });
    const reader = await join();
    await reader.client.subscribeAsync({ [filter]: { qos: 1, ...options } as IClientSubscribeOptions, end: { qos: 1 } });
    await writer.client.publishAsync("end", "", { qos: 1 });
    return reader.until("end");
  };
  /** One message from a publisher to a subscriber. */
  const passed = async (properties: IPublishPacket["properties"], options: object = {}, retain = false): Promise<IPublishPacket> => {
    const reader = await join();
    await reader.client.subscribeAsync("a/b", { qos: 1, ...options });
    const writer = await join();
    await writer.client.publishAsync("a/b", "new", { qos: 1, retain, ...five({ properties }) });
    await vi.waitFor(() => expect(reader.seen).toHaveLength(1), patience);
    return reader.seen[0] as IPublishPacket;
  };
  const speaks = async (protocolVersion: 3 | 4 | 5) => {
    const options = protocolVersion === 3 ? { protocolId: "MQIsdp", protocolVersion } : { protocolVersion };
    return join(options as IClientOptions).then(
      () => true,
      () => false,
    );
  };
  const greeting = async (property: keyof NonNullable<MqttClient["serverProperties"]>, otherwise: string): Promise<string> => {
    const { client } = await join();
    return version === 4 ? "no" : String(client.serverProperties?.[property] ?? otherwise);
  };

  const probes: Record<Capability, () => Promise<string>> = {
    versions: async () => {
      const spoken: string[] = [];
      for (const [number, text] of [
        [3, "3.1"],
        [4, "3.1.1"],
        [5, "5"],
      ] as const)
        if (await speaks(number)) spoken.push(text);
      return spoken.join(", ");
    },
    emptyClientId: () =>
      join({ clientId: "" }).then(
        () => "yes",
        () => "no",
      ),
    retained: async () => yes((await retained("a/b")).some(({ retain }) => retain)),
    wildcardRetained: async () => yes((await retained("a/+")).some(({ retain }) => retain)),
    liveWithoutFlag: async () => yes(!(await passed({}, {}, true)).retain),
    qos2: async () => {
      const { client } = await join();
      const [granted] = await client.subscribeAsync("a/b", { qos: 2 });
      return granted?.qos === 2 ? "yes" : `granted as QoS ${granted?.qos}`;
    },
    session: async () => {
      const options = { clientId: "sleeper", clean: false, ...five({ properties: { sessionExpiryInterval: 600 } }) };
      const first = await join(options);
      await first.client.subscribeAsync("a/b", { qos: 1 });
      await first.client.endAsync();
      const writer = await join();
      await writer.client.publishAsync("a/b", "meanwhile", { qos: 1 });
      const second = await join(options);
      await second.client.subscribeAsync("end", { qos: 1 });
      await writer.client.publishAsync("end", "", { qos: 1 });
      return yes((await second.until("end")).length > 0);
    },
    willDelay: async () => {
      const reader = await join();
      await reader.client.subscribeAsync("will/+", { qos: 1 });
      const will = (topic: string, delay: number) => ({
        will: {
          topic,
          payload: Buffer.from("gone"),
          qos: 1 as const,
          retain: false,
          ...five({ properties: { willDelayInterval: delay } }),
        },
        ...five({ properties: { sessionExpiryInterval: 600 } }),
      });
      const patient = await join(will("will/later", 600));
      const hasty = await join(will("will/now", 0));
      patient.client.stream.destroy();
      await vi.waitFor(() => expect(patient.client.connected).toBe(false), patience);
      hasty.client.stream.destroy();
      const awaited = capability(name, "willDelay") === "yes" ? ["will/now"] : ["will/later", "will/now"];
      await vi.waitFor(() => expect(reader.seen.map(({ topic }) => topic).sort()).toEqual(awaited), patience);
      return yes(!reader.seen.some(({ topic }) => topic === "will/later"));
    },
    shared: async () => {
      const reader = await join();
      await reader.client.subscribeAsync({ "$share/group/a/b": { qos: 1 }, end: { qos: 1 } }).catch(() => undefined);
      const writer = await join();
      await writer.client.publishAsync("a/b", "one", { qos: 1 });
      await writer.client.publishAsync("end", "", { qos: 1 });
      return yes((await reader.until("end")).length > 0);
    },
    sys: async () => yes((await retained("$SYS/#")).length > 0),
    retainHandling: async () => (version === 4 ? "no" : yes((await retained("a/b", { rh: 2 })).length === 0)),
    retainAsPublished: async () => yes((await passed({}, five({ rap: true }), true)).retain),
    noLocal: async () => {
      const self = await join();
      await self.client.subscribeAsync({ "a/b": { qos: 1, ...five({ nl: true }) }, end: { qos: 1 } });
      await self.client.publishAsync("a/b", "own", { qos: 1 });
      await (await join()).client.publishAsync("end", "", { qos: 1 });
      return yes((await self.until("end")).length === 0);
    },
    responseTopic: async () => {
      const { properties } = await passed({ responseTopic: "answer", correlationData: Buffer.from("7") });
      return yes(properties?.responseTopic === "answer" && properties.correlationData?.toString() === "7");
    },
    messageExpiry: async () => yes((await passed({ messageExpiryInterval: 600 })).properties?.messageExpiryInterval !== undefined),
    receiveMaximum: () => greeting("receiveMaximum", "65535"),
    maximumPacketSize: () => greeting("maximumPacketSize", "unlimited"),
    topicAliasMaximum: () => greeting("topicAliasMaximum", "0"),
    deniedSubscription: async () => {
      await broker.stop();
      broker = await start(undefined, denied);
      const { client } = await join();
      const closed = new Promise<string>((resolve) => client.once("close", () => resolve("closes the connection")));
      const answered = new Promise<string>((resolve) => {
        client.subscribe(denied, { qos: 1 }, (_error, _granted, packet) => {
          const code = Number(packet?.granted[0]);
          if (packet) resolve(code < 0x80 ? "grants it" : `code 0x${code.toString(16)}`);
        });
      });
      return Promise.race([closed, answered]);
    },
    deniedPublication: async () => {
      await broker.stop();
      broker = await start(undefined, denied);
      const { client } = await join();
      const closed = new Promise<string>((resolve) => client.once("close", () => resolve("closes the connection")));
      const answered = new Promise<string>((resolve) => {
        client.publish(denied, "", { qos: 1 }, (error) => {
          const code = (error as { code?: number } | null | undefined)?.code;
          if (!error) resolve("acknowledges it");
          else if (code !== undefined) resolve(`code 0x${code.toString(16)}`);
        });
      });
      return Promise.race([closed, answered]);
    },
    takeover: async () => {
      const id = { clientId: "twin", clean: true };
      const { client } = await join(id);
      let told = "no";
      client.on("disconnect", ({ reasonCode = 0 }) => {
        told = `code 0x${reasonCode.toString(16)}`;
      });
      const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
      await join(id);
      await closed;
      return told;
    },
    maximumQoS: () => greeting("maximumQoS", "2"),
  };
  for (const [row, probe] of Object.entries(probes) as [Capability, () => Promise<string>][]) {
    const value = capability(name, row);
    it(`${row}: ${value}`, async () => expect(await probe()).toBe(value));
  }
}

interface Guest {
  client: MqttClient;
  seen: IPublishPacket[];
  /** What came before the message that is the last one. */
  until(topic: string): Promise<IPublishPacket[]>;
}

function guest(client: MqttClient): Guest {
  const seen: IPublishPacket[] = [];
  client.on("error", () => undefined);
  client.on("message", (_topic, _payload, packet) => seen.push(packet));
  return {
    client,
    seen,
    async until(topic) {
      await vi.waitFor(() => expect(seen.some((packet) => packet.topic === topic)).toBe(true), patience);
      return seen.filter((packet) => packet.topic !== topic);
    },
  };
}

function yes(is: boolean): "yes" | "no" {
  return is ? "yes" : "no";
}
