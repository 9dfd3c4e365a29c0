import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createBroker } from "../../../agent/embedded/broker.ts";
import type { Broker, BrokerOptions } from "../../../agent/embedded/broker-terms.ts";
import { freePort, leftOut, type Observer, observe, silentLog } from "../../brokers.ts";
import { patience } from "../shell/fixture.ts";
import { generate } from "./packets.ts";

let brokers: Broker[] = [];
let observers: Observer[] = [];

function make(changes: Partial<BrokerOptions> = {}): Broker {
  const broker = createBroker({
    listeners: [{ protocol: "mqtt", address: null, port: 0 }],
    sysInterval: 50,
    version: "9.8.7",
    log: silentLog,
    now: () => performance.now(),
    retryEvery: 50,
    ...changes,
  });
  brokers.push(broker);
  return broker;
}

async function started(changes: Partial<BrokerOptions> = {}): Promise<{ broker: Broker; port: number; url: string }> {
  const broker = make(changes);
  await broker.start();
  const port = broker.addresses[0]?.port ?? 0;
  return { broker, port, url: `mqtt://127.0.0.1:${port}` };
}

async function watch(url: string, filter: string): Promise<Observer> {
  const observer = await observe({ url }, filter);
  observers.push(observer);
  return observer;
}

beforeEach(() => {
  brokers = [];
  observers = [];
});
afterEach(async () => {
  for (const observer of observers) await observer.stop();
  for (const broker of brokers) await broker.stop();
});

describe("the built-in broker", () => {
  it("listens on both loopback addresses with one free port", async () => {
    const { broker, port } = await started();
    expect(port).toBeGreaterThan(0);
    const six = broker.addresses.find(({ address }) => address === "::1");
    // A machine without IPv6 has one address only.
    expect(broker.addresses).toHaveLength(six ? 2 : 1);
    for (const { address, port: own, problem } of broker.addresses) {
      expect({ own, problem }).toEqual({ own: port, problem: null });
      const socket = createConnection({ host: address, port });
      await once(socket, "connect");
      socket.destroy();
    }
  });

  it("lets everybody in, with any credentials, and gives a client without an id one (brokers 6.7 and 7.5)", async () => {
    const { url } = await started();
    const observer = await observe({ url }, "a", { username: "any", password: "thing", clientId: "" });
    observers.push(observer);
    await observer.client.publishAsync("a", "b");
    await vi.waitFor(() => expect(observer.payloads("a")).toEqual(["b"]), patience);
  });

  it("counts its clients and tells $SYS subscribers with mosquitto's names (brokers 7.7 and 7.9)", async () => {
    const { broker, url } = await started();
    const observer = await watch(url, "$SYS/#");
    await vi.waitFor(() => expect(observer.payloads("$SYS/broker/clients/connected").at(-1)).toBe("1"), patience);
    expect(broker.clients).toBe(1);
    const second = await watch(url, "x");
    await second.client.publishAsync("kept", "value", { retain: true });
    await vi.waitFor(() => {
      expect(observer.payloads("$SYS/broker/clients/connected").at(-1)).toBe("2");
      expect(observer.payloads("$SYS/broker/subscriptions/count").at(-1)).toBe("2");
      // "kept" and the values of $SYS themselves, as with mosquitto.
      expect(observer.payloads("$SYS/broker/retained messages/count").at(-1)).toBe("52");
    }, patience);
    expect(observer.payloads("$SYS/broker/version")).toEqual(["pinbus version 9.8.7"]);
    expect(observer.payloads("$SYS/broker/uptime")[0]).toMatch(/^\d+ seconds$/);
    expect(observer.seen.filter(({ topic }) => !topic.startsWith("$SYS/broker/"))).toEqual([]);
    await second.stop();
    await vi.waitFor(() => expect(observer.payloads("$SYS/broker/clients/connected").at(-1)).toBe("1"), patience);
    // A value is sent again only when it has changed.
    const live = observer.seen.filter(({ topic, retain }) => topic === "$SYS/broker/clients/connected" && !retain);
    expect(live.filter(({ payload }, index) => payload === live[index - 1]?.payload)).toEqual([]);
  });

  it("keeps $ topics away from wildcards, retained and live (brokers 6.2)", async () => {
    const { broker, url } = await started();
    await broker.publish({ topic: "plain", payload: "1", qos: 0, retain: true });
    const all = await watch(url, "#");
    const plus = await watch(url, "+/broker/+");
    const both = await watch(url, "$SYS/broker/version");
    await both.client.subscribeAsync(["#", "$SYS/broker/version"]);
    await broker.publish({ topic: "$SYS/broker/test", payload: "1", qos: 0, retain: true });
    await broker.publish({ topic: "last/broker/x", payload: "1", qos: 0, retain: false });
    for (const { seen } of [all, plus]) await vi.waitFor(() => expect(seen.at(-1)?.topic).toBe("last/broker/x"), patience);
    expect(all.seen.map(({ topic }) => topic)).toEqual(["plain", "last/broker/x"]);
    expect(plus.seen).toHaveLength(1);
    await vi.waitFor(() => expect(both.payloads("plain")).toEqual(["1"]), patience);
    await vi.waitFor(() => expect(both.payloads("$SYS/broker/version")).toHaveLength(2), patience);
  });

  it("takes another period for $SYS while it runs", async () => {
    const { broker, url } = await started({ sysInterval: 3_600_000 });
    const observer = await watch(url, "$SYS/broker/clients/connected");
    await vi.waitFor(() => expect(observer.payloads("$SYS/broker/clients/connected")).toEqual(["0"]), patience);
    broker.setSysInterval(20);
    await vi.waitFor(() => expect(observer.payloads("$SYS/broker/clients/connected").at(-1)).toBe("1"), patience);
  });

  it("tells nothing below $SYS with an interval of 0, until it gets another", async () => {
    const { broker, url } = await started({ sysInterval: 0 });
    const observer = await watch(url, "$SYS/#");
    await observer.client.publishAsync("x", "y", { qos: 1 });
    expect(observer.seen).toEqual([]);
    broker.setSysInterval(20);
    await vi.waitFor(() => expect(observer.payloads("$SYS/broker/uptime")).not.toEqual([]), patience);
  });

  for (const [stateQoS, eventQoS] of [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ] as const) {
    it(`loses neither a retained state (QoS ${stateQoS}) nor the event (QoS ${eventQoS}) that follows in the same packet`, async () => {
      const { url } = await started();
      const observer = await watch(url, "#");
      const { client } = await watch(url, "none");
      for (let count = 0; count < 10; count += 1) {
        client.publish("state", String(count), { qos: stateQoS, retain: true });
        client.publish("event", String(count), { qos: eventQoS });
      }
      await vi.waitFor(() => expect(observer.seen).toHaveLength(20), patience);
      const order = Array.from({ length: 10 }, (_, count) => String(count));
      expect(observer.payloads("state")).toEqual(order);
      expect(observer.payloads("event")).toEqual(order);
    });
  }

  it("never gives a new subscriber an older value after a newer one", async () => {
    const { broker, url } = await started({ sysInterval: 10_000 });
    for (let round = 0; round < 20; round += 1) {
      for (let topic = 0; topic < 40; topic += 1) await broker.publish({ topic: `t/${topic}`, payload: "old", qos: 0, retain: true });
      const observer = await observe({ url }, "none");
      const subscribed = observer.client.subscribeAsync("t/#");
      for (let turn = 0; turn < round; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      for (let topic = 0; topic < 40; topic += 1) await broker.publish({ topic: `t/${topic}`, payload: "new", qos: 0, retain: true });
      await subscribed;
      await vi.waitFor(() => expect(observer.payloads("t/39").at(-1)).toBe("new"), patience);
      const last = new Map(observer.seen.map((message) => [message.topic, message.payload]));
      expect([...last].filter(([, payload]) => payload !== "new")).toEqual([]);
      await observer.stop();
    }
  });

  it("publishes the will of a client that dies, not of one that says goodbye", async () => {
    const { url } = await started();
    const observer = await watch(url, "will/+");
    const will = (topic: string) => ({ will: { topic, payload: Buffer.from("gone"), qos: 1 as const, retain: false } });
    const polite = await observe({ url }, "x", will("will/polite"));
    const dead = await observe({ url }, "x", will("will/dead"));
    await polite.client.endAsync();
    dead.client.stream.destroy();
    await dead.stop();
    await vi.waitFor(() => expect(observer.seen.map(({ topic }) => topic)).toEqual(["will/dead"]), patience);
  });

  it("delivers 200 of 200 publications of clients that connect, publish and are gone without reading (brokers 6.1)", async () => {
    const { url, port } = await started();
    const observer = await watch(url, "fire");
    for (let count = 0; count < 200; count += 1) {
      const socket = createConnection({ port, host: "127.0.0.1" });
      socket.on("error", () => undefined);
      const closed = once(socket, "close");
      socket.write(Buffer.concat([generate.connect(`fire-${count}`), generate.publish("fire", String(count))]), () =>
        socket.resetAndDestroy(),
      );
      await closed;
    }
    await vi.waitFor(() => expect(observer.seen.length).toBe(200), patience);
    expect(new Set(observer.payloads("fire")).size).toBe(200);
  });

  it.skipIf(leftOut("processes that exit unread", "python3", "python3"))(
    "delivers 200 of 200 publications of processes that exit with the CONNACK unread",
    async () => {
      const { url, port } = await started();
      const observer = await watch(url, "fire");
      const bytes = Buffer.concat([generate.connect("exit"), generate.publish("fire", "x")]).toString("hex");
      // The fork leaves without closing in order, so the kernel answers the CONNACK with RST.
      const script = `
import os, socket, sys, time
for i in range(200):
    if os.fork() == 0:
        s = socket.create_connection(("127.0.0.1", ${port}))
        s.sendall(bytes.fromhex("${bytes}".replace("65786974", (b"%04d" % i).hex())))
        if i % 2: time.sleep(0.002)
        os._exit(0)
    if i % 8 == 7:
        for _ in range(8): os.wait()
`;
      const child = spawn("python3", ["-c", script], { stdio: "inherit" });
      const [code] = await once(child, "exit");
      expect(code).toBe(0);
      await vi.waitFor(() => expect(observer.seen.length).toBe(200), patience);
    },
  );

  it.skipIf(leftOut("Debian's clients", "mosquitto_pub", "mosquitto-clients"))("serves Debian's clients", async () => {
    const { url, port } = await started();
    const observer = await watch(url, "deb");
    for (let count = 0; count < 20; count += 1) {
      const child = spawn("mosquitto_pub", [
        "-h",
        "127.0.0.1",
        "-p",
        String(port),
        "-t",
        "deb",
        "-m",
        String(count),
        "-u",
        "ev3",
        "-P",
        "formosa",
      ]);
      expect(await once(child, "exit")).toEqual([0, null]);
    }
    await vi.waitFor(() => expect(observer.seen.length).toBe(20), patience);
  });

  it("drops a client that announces a packet of more than 256 kB, before its bytes arrive, and only that one", async () => {
    const { url, port } = await started();
    const observer = await watch(url, "#");
    const socket = createConnection({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    const closed = once(socket, "close");
    socket.write(Buffer.concat([generate.connect("big"), Buffer.from([0x30, 0x81, 0x80, 0x10])]));
    await closed;
    await observer.client.publishAsync("still", "here");
    await vi.waitFor(() => expect(observer.payloads("still")).toEqual(["here"]), patience);
  });

  it("refuses the 101st connection", async () => {
    const warn = vi.fn();
    const { broker, port } = await started({ log: { ...silentLog, warn } });
    const sockets = Array.from({ length: 101 }, () => createConnection({ port, host: "127.0.0.1" }).on("error", () => undefined));
    await vi.waitFor(() => expect(sockets.filter((socket) => socket.closed || socket.readableEnded)).toHaveLength(1), patience);
    expect(warn).toHaveBeenCalledOnce();
    expect(broker.clients).toBe(0);
    for (const socket of sockets) socket.destroy();
  });
});

describe("a port that cannot be had", () => {
  it("because it is taken is a problem that names the holder, not an end, and goes away by itself", async () => {
    const port = await freePort();
    const holder = createServer().listen(port, "127.0.0.1");
    await once(holder, "listening");
    const info = vi.fn();
    const broker = make({ listeners: [{ protocol: "mqtt", address: "127.0.0.1", port }], log: { ...silentLog, info } });
    await broker.start();
    const [taken] = broker.addresses;
    expect(taken).toMatchObject({ protocol: "mqtt", address: "127.0.0.1", port });
    expect(taken?.problem).toMatch(
      new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: .+ \\(pid ${process.pid}\\) holds the port; .*mqtt\\.server: 127\\.0\\.0\\.1`),
    );
    holder.close();
    await vi.waitFor(() => expect(broker.addresses[0]?.problem).toBeNull(), patience);
    expect(info).toHaveBeenCalledWith(`the built-in broker listens on 127.0.0.1:${port} (mqtt) now`, expect.anything());
    await watch(`mqtt://127.0.0.1:${port}`, "x");
  });

  it("of an address that this machine does not have is a problem that says what to do", async () => {
    const broker = make({ listeners: [{ protocol: "mqtt", address: "192.0.2.1", port: 1883 }] });
    await broker.start();
    expect(broker.addresses[0]?.problem).toBe(
      "the built-in broker cannot listen on 192.0.2.1:1883: this machine has no such address now; name one of its own in broker.listeners, or 0.0.0.0 for all",
    );
  });

  it.skipIf(Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8")) <= 80)(
    "below 1024 is a problem that says what to do, for who has no privilege",
    async () => {
      const listener = new URL("../../../dist/agent/embedded/listener.js", import.meta.url);
      const program = `
        import { Listener } from ${JSON.stringify(listener)};
        if (process.getuid() === 0) process.setuid(65534);
        const one = new Listener({ address: "127.0.0.1", port: 80, retryEvery: 60_000, connection() {}, changed() {} });
        await one.start();
        console.log(one.problem);
        one.stop();`;
      const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
      expect(stdout).toBe(
        "the built-in broker may not listen on 127.0.0.1:80: ports below 1024 need a privilege; set a higher port in broker.listeners\n",
      );
    },
  );

  it("does not keep stop from ending", async () => {
    const { port } = await started({ listeners: [{ protocol: "mqtt", address: "127.0.0.1", port: 0 }] });
    const second = make({ listeners: [{ protocol: "mqtt", address: "127.0.0.1", port }] });
    await second.start();
    expect(second.addresses[0]?.problem).toContain("holds the port");
    await second.stop();
  });
});
