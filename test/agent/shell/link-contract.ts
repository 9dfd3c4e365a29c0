import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createLink, type Incoming, type Link, type LinkOptions, type MqttVersion, type Publication } from "../../../agent/shell/link.ts";
import { type BrokerName, brokers, capability } from "../../broker-capabilities.ts";
import { type Observer, observe, type Seen, type TestBroker } from "../../brokers.ts";
import { type FaultProxy, startProxy } from "../../fault-proxy.ts";
import { patience } from "./fixture.ts";

export const P = "t/node";

export interface Probe {
  link: Link;
  options: LinkOptions;
  events: string[];
  messages: Incoming[];
  warnings: string[];
  infos: string[];
}

export function state(topic: string, payload: string, qos: 0 | 1 = 1): Publication {
  return { topic: `${P}/${topic}`, payload, qos, retain: true, kind: "state" };
}
export const offline = state("status", "offline");

/** A link with quick retries that records everything it says. */
export function probe(url: string, changes: Partial<LinkOptions> = {}): Probe {
  const events: string[] = [];
  const messages: Incoming[] = [];
  const warnings: string[] = [];
  const infos: string[] = [];
  const options: LinkOptions = {
    server: { url },
    protocol: "auto",
    clientId: `pinbus-test-${Math.random().toString(16).slice(2)}`,
    keepalive: 60_000,
    will: { topic: `${P}/status`, payload: "offline", qos: 1, retain: true, delayS: 5 },
    sessionExpiryS: 60,
    subscriptions: [{ filter: `${P}/out/+/set`, qos: 1 }],
    birth: () => [state("out/lamp/state", "OFF"), state("out/lamp/attr", "{}", 0)],
    online: state("status", "online"),
    backoff: { first: 20, limit: 100, refused: { from: 50, to: 100 } },
    random: Math.random,
    log: {
      debug: () => undefined,
      info: (message) => infos.push(message),
      warn: (message) => warnings.push(message),
    },
    on: {
      online: (version) => events.push(`online ${version}`),
      offline: (problem) => events.push(`offline: ${problem}`),
      message: (message) => messages.push(message),
    },
    ...changes,
  };
  return { link: createLink(options), options, events, messages, warnings, infos };
}

export const untilOnline = (link: Link) => vi.waitFor(() => expect(link.view.online).toBe(true), patience);

/** What every broker must let the link keep, each in its own way where it cannot do what the others can. */
export function linkContract(
  start: (port?: number) => Promise<TestBroker>,
  protocol: LinkOptions["protocol"],
  name: BrokerName,
  version: MqttVersion = brokers[name],
): void {
  const wildcardRetained = capability(name, "wildcardRetained") === "yes";
  let broker: TestBroker;
  let proxy: FaultProxy;
  let observer: Observer | undefined;
  const open: Link[] = [];
  const connect = (url: string, changes: Partial<LinkOptions> = {}): Probe => {
    const made = probe(url, { protocol, ...changes });
    open.push(made.link);
    made.link.start();
    return made;
  };
  const protocolVersion = version === "5" ? 5 : 4;
  const watch = async (filter = "#") => {
    observer = await observe(broker, filter, { protocolVersion });
    // RabbitMQ looks for what is retained after its SUBACK, and would find what came meanwhile a second time.
    await observer.client.subscribeAsync("nothing else", { qos: 0 });
    return observer;
  };

  /** What is retained, as who comes late sees it. From a broker that has nothing for a wildcard it comes by name, and only so: once. */
  const late = async (topics: readonly string[], check: (seen: readonly Seen[]) => void) => {
    const { client, seen, stop } = await observe(broker, "#", { protocolVersion });
    if (!wildcardRetained) await client.subscribeAsync(topics.map(under), { qos: 1 });
    await vi.waitFor(() => check(seen), patience);
    await stop();
  };

  beforeEach(async () => {
    broker = await start();
    proxy = await startProxy(broker.port);
  });
  afterEach(async () => {
    for (const link of open.splice(0)) await link.stop([]);
    await observer?.stop();
    observer = undefined;
    await proxy.stop();
    await broker.stop();
  });

  it("starts without a broker and comes online when it appears", async () => {
    await broker.stop();
    const { link, events } = connect(broker.url);
    await vi.waitFor(() => expect(link.view.problem).toContain(`nothing listens at 127.0.0.1:${broker.port}`), patience);
    broker = await start(broker.port);
    await untilOnline(link);
    expect(events).toHaveLength(2);
    expect(events[1]).toBe(`online ${version}`);
    expect(link.view).toMatchObject({ version, problem: null, reconnects: 0, server: `127.0.0.1:${broker.port}` });
  });

  it("publishes every state before online, with the retain flag set (owlcms 1.8, growbuddy 7.3)", async () => {
    const { seen } = await watch();
    const { link } = connect(broker.url);
    await untilOnline(link);
    await vi.waitFor(() => expect(seen.at(-1)?.topic).toBe(`${P}/status`), patience);
    // A broker may let QoS 0 overtake QoS 1 (MQTT 3.1.1 section 4.6), and aedes does: only the last place is promised.
    const shown = seen.map(({ topic, payload }) => `${topic} ${payload}`);
    expect(shown.slice(0, 2).sort()).toEqual([`${P}/out/lamp/attr {}`, `${P}/out/lamp/state OFF`]);
    expect(shown.slice(2)).toEqual([`${P}/status online`]);
    await late(["out/lamp/state", "out/lamp/attr", "status"], (retained) => {
      expect(retained.map(({ retain }) => retain)).toEqual([true, true, true]);
    });
  });

  it("comes back after a lost connection: states asked anew, then online, commands heard", async () => {
    let lamp = "OFF";
    const { link, messages } = connect(proxy.url, { birth: () => [state("out/lamp/state", lamp)], will: { ...offline0(), delayS: 1 } });
    await untilOnline(link);
    const { seen, client } = await watch(`${P}/#`);
    if (wildcardRetained) await vi.waitFor(() => expect(seen).toHaveLength(2), patience);
    seen.length = 0;
    proxy.open = false;
    proxy.cut();
    await vi.waitFor(() => expect(seen.map(({ payload }) => payload)).toEqual(["offline"]), patience);
    lamp = "ON";
    expect(link.publish(state("out/lamp/state", "ON"))).toBe(false);
    proxy.open = true;
    await untilOnline(link);
    await vi.waitFor(() => expect(seen.map(({ payload }) => payload)).toEqual(["offline", "ON", "online"]), patience);
    await client.publishAsync(`${P}/out/lamp/set`, "OFF", { qos: 1 });
    await vi.waitFor(() => expect(messages.map(({ payload }) => payload.toString())).toEqual(["OFF"]), patience);
    expect(link.view.reconnects).toBe(1);
    expect(link.dropped).toBe(0);
  });

  it("fills a broker that restarted empty and is heard there again (owlcms 1.8)", async () => {
    const { link, messages, events } = connect(broker.url);
    await untilOnline(link);
    await broker.restart();
    await vi.waitFor(() => expect(events.filter((event) => event === `online ${version}`)).toHaveLength(2), patience);
    const topics = ["out/lamp/attr", "out/lamp/state", "status"];
    await late(topics, (seen) => expect(seen.map(({ topic }) => topic).sort()).toEqual(topics.map(under)));
    const { client } = await watch("nothing");
    await client.publishAsync(`${P}/out/lamp/set`, "TOGGLE", { qos: 1 });
    await vi.waitFor(() => expect(messages).toHaveLength(1), patience);
  });

  it("shows a retained command for what it is, or not at all", async () => {
    const { client } = await watch("nothing");
    await client.publishAsync(`${P}/out/lamp/set`, "ON", { qos: 1, retain: true });
    const { link, messages } = connect(broker.url);
    await untilOnline(link);
    await client.publishAsync(`${P}/out/lamp/set`, "OFF", { qos: 1 });
    await vi.waitFor(() => expect(messages.at(-1)?.payload.toString()).toBe("OFF"), patience);
    const flags = messages.map(({ payload, retain }) => `${payload} ${retain ? "retained" : "live"}`);
    expect(flags).toEqual(version === "5" || !wildcardRetained ? ["OFF live"] : ["ON retained", "OFF live"]);
  });

  it("hears a live command as live although its publisher set retain", async () => {
    const { client } = await watch("nothing");
    const { link, messages } = connect(broker.url);
    await untilOnline(link);
    await client.publishAsync(`${P}/out/lamp/set`, "ON", { qos: 1, retain: true });
    await vi.waitFor(() => expect(messages.map(({ retain }) => retain)).toEqual([false]), patience);
  });

  it("hears what others have said before and say later, and what a reload adds", async () => {
    const { client } = await watch("nothing");
    await client.publishAsync("tele/plug/LWT", "Online", { qos: 1, retain: true });
    await client.publishAsync("tele/tank/LWT", "Offline", { qos: 1, retain: true });
    const topics = [{ topic: "tele/plug/LWT", retained: true }];
    const { link, messages } = connect(broker.url, { listensTo: () => topics });
    await untilOnline(link);
    const said = () => messages.map(({ topic, payload }) => `${topic} ${payload}`);
    await vi.waitFor(() => expect(said()).toEqual(["tele/plug/LWT Online"]), patience);
    topics.splice(0, 1, { topic: "tele/tank/LWT", retained: true });
    link.relisten();
    await vi.waitFor(() => expect(said().at(-1)).toBe("tele/tank/LWT Offline"), patience);
    await client.publishAsync("tele/plug/LWT", "Offline", { qos: 1 });
    await client.publishAsync("tele/tank/LWT", "Online", { qos: 1 });
    await vi.waitFor(() => expect(said()).toEqual(["tele/plug/LWT Online", "tele/tank/LWT Offline", "tele/tank/LWT Online"]), patience);
  });

  it("does not take for news what others have said before, where only what they say now counts", async () => {
    const { client } = await watch("nothing");
    await client.publishAsync("hall/reset", "old", { qos: 1, retain: true });
    const { link, messages } = connect(broker.url, { listensTo: () => [{ topic: "hall/reset", retained: false }] });
    await untilOnline(link);
    link.relisten();
    await client.publishAsync("hall/reset", "new", { qos: 1, retain: true });
    // What is retained may overtake what is live.
    const live = () => messages.flatMap(({ payload, retain }) => (retain ? [] : [payload.toString()]));
    await vi.waitFor(() => expect(live()).toEqual(["new"]), patience);
    if (version === "5") expect(messages).toHaveLength(1);
  });

  it("says online again when it sees its own offline, or that somebody cleared its status (home-assistant 4)", async () => {
    const { payloads, client } = await watch(`${P}/status`);
    const { link, messages } = connect(broker.url);
    await untilOnline(link);
    await client.publishAsync(`${P}/status`, "offline", { qos: 1, retain: true });
    await vi.waitFor(() => expect(payloads(`${P}/status`)).toEqual(["online", "offline", "online"]), patience);
    await client.publishAsync(`${P}/status`, "", { qos: 1, retain: true });
    await vi.waitFor(() => expect(payloads(`${P}/status`)).toEqual(["online", "offline", "online", "", "online"]), patience);
    link.publish(state("status", "busy"));
    await vi.waitFor(() => expect(payloads(`${P}/status`).at(-1)).toBe("busy"), patience);
    await client.publishAsync(`${P}/status`, "", { qos: 1, retain: true });
    await vi.waitFor(() => expect(payloads(`${P}/status`).slice(5)).toEqual(["busy", "", "online"]), patience);
    expect(messages).toEqual([]);
  });

  it("says offline when it is stopped, and only once", async () => {
    const { payloads } = await watch(`${P}/status`);
    const { link } = connect(broker.url);
    await untilOnline(link);
    await link.stop([offline]);
    expect(link.view.online).toBe(false);
    await vi.waitFor(() => expect(payloads(`${P}/status`)).toEqual(["online", "offline"]), patience);
    await late(["status"], (seen) => expect(seen.find(({ topic }) => topic === under("status"))?.payload).toBe("offline"));
    expect(payloads(`${P}/status`)).toEqual(["online", "offline"]);
  });

  it("delivers the last value of every state when a thousand change at once", async () => {
    const { seen } = await watch();
    const { link } = connect(broker.url);
    await untilOnline(link);
    for (let round = 0; round < 3; round += 1) {
      for (let id = 0; id < 1_000; id += 1) expect(link.publish(state(`in/i${id}/state`, String(round)))).toBe(true);
    }
    await vi.waitFor(() => expect(new Map(seen.map(({ topic, payload }) => [topic, payload])).size).toBe(1_003), patience);
    await vi.waitFor(() => {
      const last = new Map(seen.map(({ topic, payload }) => [topic, payload]));
      expect([...last].filter(([topic, payload]) => topic.includes("/in/") && payload !== "2")).toEqual([]);
    }, patience);
    expect(link.view.online).toBe(true);
  });

  it("stays online at the broker when it takes over the session of another agent with its client id", async () => {
    const clientId = "pinbus-twin";
    const first = connect(broker.url, {
      clientId,
      backoff: { first: 60_000, limit: 60_000, refused: { from: 60_000, to: 60_000 } },
      random: () => 0.9,
    });
    await untilOnline(first.link);
    const second = connect(broker.url, { clientId });
    await untilOnline(second.link);
    await vi.waitFor(() => expect(first.link.view.online).toBe(false), patience);
    await vi.waitFor(async () => {
      const { seen, stop } = await observe(broker, `${P}/status`, { protocolVersion });
      await vi.waitFor(() => expect(seen).toHaveLength(1), patience);
      await stop();
      expect(seen.map(({ payload }) => payload)).toEqual(["online"]);
    }, patience);
  });

  it("says of two agents that end each other's connection that there are two, and makes the one wait that was sent away", async () => {
    const twin = { clientId: "pinbus-twin", backoff: { first: 20, limit: 100, refused: { from: 60_000, to: 60_000 } } };
    const first = connect(broker.url, twin);
    await untilOnline(first.link);
    const second = connect(broker.url, twin);
    const problems = () => [first, second].map(({ link }) => link.view.problem ?? "").join();
    await vi.waitFor(() => expect(problems()).toContain("another client with the id pinbus-twin"), patience);
    const sentAway = first.link.view.problem?.includes("another client") ? first : second;
    const other = sentAway === first ? second : first;
    await untilOnline(other.link);
    const { length } = sentAway.events;
    for (let count = 0; count < 20; count++) other.link.publish(state("in/bell/state", String(count)));
    const { client, payloads } = await watch("done");
    await client.publishAsync("done", "yes", { qos: 1 });
    await vi.waitFor(() => expect(payloads("done")).toEqual(["yes"]), patience);
    expect([other.link.view.online, sentAway.events.length]).toEqual([true, length]);
  });
}

const under = (topic: string) => `${P}/${topic}`;
function offline0(): NonNullable<LinkOptions["will"]> {
  return { topic: `${P}/status`, payload: "offline", qos: 1, retain: true, delayS: 5 };
}
