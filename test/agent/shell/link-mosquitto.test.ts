import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import type { Link, LinkOptions, Publication } from "../../../agent/shell/link.ts";
import { describeMosquitto, mosquittoDenying, mosquittoUsers, observe, startMosquitto, type TestBroker } from "../../brokers.ts";
import { type FaultProxy, startProxy } from "../../fault-proxy.ts";
import { capabilityProbes } from "./capability-probes.ts";
import { patience } from "./fixture.ts";
import { linkContract, P, type Probe, probe, state, untilOnline } from "./link-contract.ts";

const start = (port?: number) => startMosquitto(port === undefined ? {} : { port });
const startDenying = (_port?: undefined, denied?: string) =>
  denied === undefined
    ? startMosquitto()
    : startMosquitto(
        mosquittoDenying([
          { acltype: "subscribeLiteral", topic: denied },
          { acltype: "publishClientSend", topic: denied },
        ]),
      );

describeMosquitto("the link on mosquitto with MQTT 5", () => {
  linkContract(start, "auto", "mosquitto 2.0, MQTT 5");
  capabilityProbes(startDenying, "mosquitto 2.0, MQTT 5");
});

describeMosquitto("the link on mosquitto with MQTT 3.1.1", () => {
  linkContract(start, "3.1.1", "mosquitto 2.0, MQTT 3.1.1");
  capabilityProbes(startDenying, "mosquitto 2.0, MQTT 3.1.1");
});

describeMosquitto("the link on a mosquitto that refuses", () => {
  let broker: TestBroker | undefined;
  let open: Link | undefined;
  afterEach(async () => {
    await open?.stop([]);
    await broker?.stop();
  });
  const connect = (url: string, changes: Partial<LinkOptions>): Probe => {
    const made = probe(url, changes);
    open = made.link;
    made.link.start();
    return made;
  };

  for (const [protocol, code] of [
    ["5", "code 0x87"],
    ["3.1.1", "code 5"],
  ] as const) {
    it(`names server, user and code when credentials are refused with MQTT ${protocol}, and tries again slowly`, async () => {
      broker = await startMosquitto(mosquittoUsers({ pi: "right" }));
      const server = { url: broker.url, username: "pi", password: "so-wrong" };
      const refused = { from: 60_000, to: 60_000 };
      const { link, events, warnings, infos } = connect(broker.url, { protocol, server, backoff: { first: 1, limit: 1, refused } });
      const sentence = `the broker 127.0.0.1:${broker.port} says user pi is not authorised (${code}): check mqtt.username, mqtt.password and the broker's rules`;
      await vi.waitFor(() => expect(link.view.problem).toBe(sentence), patience);
      expect(events).toEqual([`offline: ${sentence}`]);
      expect(warnings).toEqual([sentence]);
      expect(JSON.stringify([warnings, infos, events, link.view])).not.toContain("so-wrong");
      const { sent, progress } = { sent: link.view.sent, progress: link.progress };
      expect(sent).toBe(1);
      expect(link.progress).toBeGreaterThan(progress);
    });
  }

  it("says that anonymous clients are not allowed when there is no user", async () => {
    broker = await startMosquitto(mosquittoUsers({ pi: "right" }));
    const { link } = connect(broker.url, {});
    await vi.waitFor(() => expect(link.view.problem).toContain("does not allow anonymous clients (code 0x87, not authorised)"), patience);
  });

  it("comes online once the credentials are right", async () => {
    broker = await startMosquitto(mosquittoUsers({ pi: "right" }));
    const { link } = connect(broker.url, { server: { url: broker.url, username: "pi", password: "right" } });
    await untilOnline(link);
  });

  for (const protocol of ["5", "3.1.1"] as const) {
    it(`names a refused subscription, publishes states, but does not say online with MQTT ${protocol}`, async () => {
      const filter = `${P}/out/+/set`;
      broker = await startMosquitto(mosquittoDenying([{ acltype: "subscribeLiteral", topic: filter }]));
      const observer = await observe(broker, `${P}/#`);
      const { link, events } = connect(broker.url, { protocol });
      await vi.waitFor(() => expect(link.view.problem).toContain(`refuses the subscription ${filter}`), patience);
      expect(events.some((event) => event.startsWith("online"))).toBe(false);
      expect(link.publish(state("out/lamp/state", "ON"))).toBe(true);
      await vi.waitFor(() => expect(observer.payloads(`${P}/out/lamp/state`)).toContain("ON"), patience);
      expect(observer.payloads(`${P}/status`)).toEqual([]);
      // It asks again: the second SUBSCRIBE comes with another round of states.
      await vi.waitFor(() => expect(observer.payloads(`${P}/out/lamp/attr`).length).toBeGreaterThan(1), patience);
      await observer.stop();
    });
  }

  for (const topic of ["hall/reset", "7"])
    it(`is online all the same when what others say on ${topic} is refused, and names it, after a reload too`, async () => {
      broker = await startMosquitto(mosquittoDenying([{ acltype: "subscribeLiteral", topic }]));
      const topics = ["9", topic, "tele/plug/LWT"].map((topic) => ({ topic, retained: false }));
      const { link, warnings } = connect(broker.url, { listensTo: () => topics });
      await untilOnline(link);
      const warning = `the broker refuses the subscription ${topic}: what is said there is not known`;
      expect(warnings).toEqual([warning]);
      expect(link.view.problem).toBe(warning);
      link.relisten();
      await vi.waitFor(() => expect(warnings).toEqual([warning, warning]), patience);
      expect(link.view.problem).toBe(warning);
      topics.splice(1, 1);
      link.relisten();
      expect(link.view.problem).toBeNull();
    });

  it("counts and names a publication that the broker refuses (MQTT 5; owlcms 1.10)", async () => {
    const topic = `${P}/out/lamp/state`;
    broker = await startMosquitto(mosquittoDenying([{ acltype: "publishClientSend", topic }]));
    const { link, warnings } = connect(broker.url, { protocol: "5" });
    await untilOnline(link);
    expect(link.refused).toBe(1);
    expect(warnings).toEqual([`the broker refuses the publication of ${topic} (code 0x87): allow this client to publish there`]);
  });

  it("does not come online while the broker refuses its status (MQTT 5)", async () => {
    broker = await startMosquitto(mosquittoDenying([{ acltype: "publishClientSend", topic: `${P}/status` }]));
    const { link, events } = connect(broker.url, { protocol: "5" });
    await vi.waitFor(() => expect(link.view.problem).toContain(`refuses the publication of ${P}/status`), patience);
    expect(events.some((event) => event.startsWith("online"))).toBe(false);
  });
});

describeMosquitto("the link on a mosquitto that drops what its rules forbid", () => {
  for (const [acltype, protocol] of [
    ["publishClientSend", "3.1.1"],
    ["publishClientReceive", "5"],
  ] as const)
    it(`says so of its status, with MQTT ${protocol} and ${acltype}`, async () => {
      const topic = `${P}/status`;
      const broker = await startMosquitto(mosquittoDenying([{ acltype, topic }]));
      onTestFinished(() => broker.stop());
      const { link, events, warnings } = probe(broker.url, { protocol, echoTimeout: 1 });
      onTestFinished(() => link.stop([]));
      link.start();
      const sentence = `the broker acknowledges ${topic} and passes it on to nobody here: allow this client to publish and to read there`;
      await vi.waitFor(() => expect(link.view.problem).toBe(sentence), patience);
      expect([events, warnings]).toEqual([[expect.stringMatching(/^online/)], [sentence]]);
    });
});

describeMosquitto("the link on mosquitto", () => {
  let broker: TestBroker;
  let proxy: FaultProxy;
  let open: Link;
  beforeEach(async () => {
    broker = await startMosquitto();
    proxy = await startProxy(broker.port);
  });
  afterEach(async () => {
    await open.stop([]);
    await proxy.stop();
    await broker.stop();
  });
  const connect = (url: string, changes: Partial<LinkOptions> = {}): Probe => {
    const made = probe(url, changes);
    open = made.link;
    made.link.start();
    return made;
  };

  it("shows no offline when it returns within the will's delay (MQTT 5)", async () => {
    const { link, events } = connect(proxy.url, { protocol: "5" });
    await untilOnline(link);
    const observer = await observe(broker, `${P}/status`);
    proxy.cut();
    await vi.waitFor(() => expect(events.filter((event) => event === "online 5")).toHaveLength(2), patience);
    await vi.waitFor(() => expect(observer.payloads(`${P}/status`)).toEqual(["online", "online"]), patience);
    await observer.stop();
  });

  it("shows offline on MQTT 3.1.1, where a will has no delay", async () => {
    const { link } = connect(proxy.url, { protocol: "3.1.1" });
    await untilOnline(link);
    const observer = await observe(broker, `${P}/status`);
    proxy.open = false;
    proxy.cut();
    await vi.waitFor(() => expect(observer.payloads(`${P}/status`)).toEqual(["online", "offline"]), patience);
    await observer.stop();
  });

  it("hands over the response topic, correlation data and expiry of a command, and answers with them (MQTT 5)", async () => {
    const { link, messages } = connect(broker.url, { protocol: "5" });
    await untilOnline(link);
    const observer = await observe(broker, "answers/me", { protocolVersion: 5 });
    const correlationData = Buffer.from([0, 1, 255]);
    const properties = { responseTopic: "answers/me", correlationData, messageExpiryInterval: 9 };
    await observer.client.publishAsync(`${P}/out/lamp/set`, "ON", { qos: 1, properties });
    await vi.waitFor(() => expect(messages).toHaveLength(1), patience);
    expect(messages[0]).toMatchObject({ responseTopic: "answers/me", expiryS: 9, retain: false, qos: 1 });
    expect(messages[0]?.correlationData).toEqual(correlationData);
    link.publish({ topic: "answers/me", payload: "done", qos: 1, retain: false, kind: "answer", properties: { correlationData } });
    await vi.waitFor(() => expect(observer.seen[0]?.packet.properties?.correlationData).toEqual(correlationData), patience);
    await observer.stop();
  });

  it("drops and counts events while offline, but not states", async () => {
    await broker.stop();
    const { link } = connect(broker.url);
    const event: Publication = { topic: `${P}/in/bell/event`, payload: "{}", qos: 1, retain: false, kind: "event" };
    expect(link.publish(event)).toBe(false);
    expect(link.publish(state("in/bell/state", "ON"))).toBe(false);
    expect(link.dropped).toBe(1);
  });
});
