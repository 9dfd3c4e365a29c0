import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { systemClock } from "../../../agent/shell/clock.ts";
import { createLink, type Link, type LinkOptions } from "../../../agent/shell/link.ts";
import { Outbox } from "../../../agent/shell/outbox.ts";
import {
  describeMosquitto,
  type MosquittoOptions,
  mosquittoDenying,
  type Observer,
  observe,
  startEmbedded,
  startMosquitto,
  type TestBroker,
} from "../../brokers.ts";
import { type Direction, type FaultProxy, startProxy } from "../../fault-proxy.ts";
import { describeRabbit } from "../../rabbitmq.ts";
import { keptLog, patience, silent, tempFolder } from "./fixture.ts";
import { P, probe, state } from "./link-contract.ts";

/** What the outbox promises, on a real broker behind a network that fails. */
function promises(start: () => Promise<TestBroker>, protocol: LinkOptions["protocol"]): void {
  let broker: TestBroker;
  let proxy: FaultProxy;
  let observer: Observer;
  let link: Link;
  let outbox: Outbox;
  let made = 0;

  beforeEach(async () => {
    broker = await start();
    proxy = await startProxy(broker.port);
    observer = await observe(broker, `${P}/in/+/event`);
    made = 0;
  });
  afterEach(async () => {
    await link.stop([]);
    await outbox.close();
    await observer.stop();
    await proxy.stop();
    await broker.stop();
  });

  function connect(changes: Partial<LinkOptions> = {}): void {
    const { options } = probe(proxy.url, { protocol, backoff: { first: 1, limit: 4, refused: { from: 1, to: 4 } }, ...changes });
    link = createLink({ ...options, on: { ...options.on, online: () => outbox.connected(), closed: () => outbox.disconnected() } });
    outbox = new Outbox({
      dir: tempFolder(),
      boot: "boot",
      limits: { count: 10_000, bytes: 10_000_000, window: 64 },
      link: () => link,
      clock: systemClock,
      log: silent,
    }).load();
    link.start();
  }

  /** Two inputs in turn: the order counts within one topic. */
  function event(): void {
    made++;
    const payload = JSON.stringify({ event_type: "press_end", seq: made });
    outbox.add({ kind: "event", topic: `${P}/in/b${made % 2}/event`, payload, qos: 1, retain: false }, 600_000);
  }

  /** Everything arrived, in order; what came twice came with its number. */
  async function arrived(): Promise<void> {
    const numbers = (topic: string) => observer.payloads(topic).map((payload) => (JSON.parse(payload) as { seq: number }).seq);
    const heard = () => [...new Set([0, 1].flatMap((index) => numbers(`${P}/in/b${index}/event`)))];
    await vi.waitFor(() => expect(heard()).toHaveLength(made), patience);
    await vi.waitFor(() => expect(outbox.depth).toBe(0), patience);
    for (const index of [0, 1]) {
      const first = [...new Set(numbers(`${P}/in/b${index}/event`))];
      expect(first).toEqual(first.toSorted((a, b) => a - b));
    }
    expect(outbox.dropped).toEqual({ expired: 0, full: 0, refused: 0 });
    console.log(`# ${made} events made, ${heard().length} delivered, ${observer.seen.length - made} of them twice`);
  }

  for (const direction of ["up", "down"] as const satisfies readonly Direction[]) {
    // Hundreds of connections, one after the other.
    it(`loses nothing when each connection ends one byte later than the one before (${direction})`, { timeout: 600_000 }, async () => {
      proxy.cutAfter = { direction, bytes: 0 };
      connect();
      // A whole handshake and some publications.
      const bytes = direction === "up" ? 450 : 120;
      for (let taken = 1; taken <= bytes; taken++) {
        const before = proxy.connections;
        proxy.cutAfter = { direction, bytes: taken };
        const next = () => {
          // Something always waits, and never more than gets through in the end, however slow the connections come.
          if (outbox.depth < 200) event();
          expect(proxy.connections).toBeGreaterThan(before);
        };
        await vi.waitFor(next, { ...patience, interval: 5 });
      }
      proxy.cutAfter = null;
      proxy.cut();
      await arrived();
    });
  }

  it("loses nothing while the network flaps", async () => {
    connect();
    const flapping = Number(process.env.PINBUS_FLAPPING_MS ?? 3_000);
    await vi.waitFor(() => expect(link.view.online).toBe(true), patience);
    const began = performance.now();
    const producer = setInterval(event, 10);
    while (performance.now() - began < flapping) {
      const { reconnects } = link.view;
      await new Promise((resolve) => setTimeout(resolve, 100));
      proxy.cut();
      await vi.waitFor(() => expect(link.view.reconnects).toBeGreaterThan(reconnects), patience);
    }
    clearInterval(producer);
    await arrived();
  });

  it("loses nothing in a black hole that outlasts the keep alive three times", async () => {
    connect({ keepalive: 1_000, connectTimeout: 500 });
    await vi.waitFor(() => expect(link.view.online).toBe(true), patience);
    event();
    await arrived();
    proxy.silent = true;
    for (let count = 0; count < 200; count++) event();
    await vi.waitFor(() => expect(link.view.problem).toContain("did not answer"), patience);
    event();
    proxy.silent = false;
    proxy.cut();
    await arrived();
  });

  it("sends nothing before `online`, although something happens whenever the link prepares for it", async () => {
    const all = await observe(broker, `${P}/#`);
    onTestFinished(() => all.stop());
    const birth = () => {
      event();
      return [state("out/lamp/state", "OFF")];
    };
    proxy.open = false;
    connect({ birth });
    for (let count = 0; count < 3; count++) event();
    proxy.open = true;
    await arrived();
    expect(made).toBe(4);
    const topics = () => all.seen.map(({ topic }) => topic);
    await vi.waitFor(() => expect(topics()).toHaveLength(6), patience);
    expect(topics().slice(0, 2)).toEqual([`${P}/out/lamp/state`, `${P}/status`]);
  });

  it("drains a long backlog through a slow network with a full window", async () => {
    proxy.open = false;
    connect();
    for (let count = 0; count < 1_000; count++) event();
    proxy.delay = 30;
    proxy.open = true;
    await arrived();
    expect(observer.seen).toHaveLength(1_000);
  });
}

describeMosquitto("the outbox on mosquitto with MQTT 5", () => {
  promises(() => startMosquitto({ config: ["allow_anonymous true", "max_queued_messages 0"] }), "5");
});
describeMosquitto("the outbox on mosquitto with MQTT 3.1.1", () => {
  promises(() => startMosquitto({ config: ["allow_anonymous true", "max_queued_messages 0"] }), "3.1.1");
});
describeMosquitto("a broker that ends the connection over an event", () => {
  const open: MosquittoOptions = { config: ["allow_anonymous true"] };
  // Side by side, since each connection of a trial has to live for some seconds first.
  it.concurrent.for([
    { link: "is online", rules: () => open },
    { link: "is deaf", rules: () => mosquittoDenying([{ acltype: "subscribeLiteral", topic: `${P}/out/+/set` }]) },
  ])(
    "does not hold up those behind it for ever, whatever else happens, while the link $link: it is left out, counted and named",
    async ({ rules }, { expect, onTestFinished }) => {
      const { config = [], files } = rules();
      const broker = await startMosquitto({ config: [...config, "max_packet_size 500"], ...(files && { files }) });
      onTestFinished(() => broker.stop());
      const observer = await observe(broker, `${P}/in/+/event`);
      onTestFinished(() => observer.stop());
      const log = keptLog();
      const event = (input: string, payload: string, ttl = 600_000) =>
        outbox.add({ kind: "event", topic: `${P}/in/${input}/event`, payload, qos: 1, retain: false }, ttl);
      const birth = () => {
        // Something else happens whenever the link prepares, however often that is.
        event("door", "open", 1);
        return [];
      };
      const { options } = probe(broker.url, { protocol: "3.1.1", backoff: { first: 1, limit: 4, refused: { from: 1, to: 4 } }, birth });
      const limits = { count: 100, bytes: 1_000_000, window: 64 };
      const [connected, closed] = [() => outbox.connected(), () => outbox.disconnected()];
      const link = createLink({ ...options, on: { ...options.on, online: connected, deaf: connected, closed } });
      const outbox = new Outbox({ dir: null, boot: "boot", limits, link: () => link, clock: systemClock, log, patience: 100 });
      onTestFinished(() => Promise.all([link.stop([]), outbox.close()]).then(() => undefined));
      for (const payload of ["before", "x".repeat(600), "behind", "last"]) event("bell", payload);
      link.start();
      await vi.waitFor(() => expect(outbox.dropped.refused).toBe(1), patience);
      await vi.waitFor(() => expect([...new Set(observer.payloads(`${P}/in/bell/event`))]).toEqual(["before", "behind", "last"]), patience);
      expect(outbox.dropped).toMatchObject({ full: 0, refused: 1 });
      expect(log.entries.filter((line) => line.includes("ends the connection each time"))).toHaveLength(1);
    },
  );
});

describe("the outbox on the built-in broker", () => {
  promises(() => startEmbedded(), "auto");
});
describeRabbit("the outbox on RabbitMQ 3.10", "3.10", (start) => promises(start, "auto"));
describeRabbit("the outbox on RabbitMQ 4.0", "4.0", (start) => {
  describe("with MQTT 5", () => promises(start, "5"));
  describe("with MQTT 3.1.1", () => promises(start, "3.1.1"));
});
