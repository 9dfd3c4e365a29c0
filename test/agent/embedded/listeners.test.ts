import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { connect as connectTls, type TLSSocket, type ConnectionOptions as TlsOptions } from "node:tls";
import { connect, connectAsync, type IClientOptions } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { Access } from "../../../agent/embedded/access.ts";
import { createBroker } from "../../../agent/embedded/broker.ts";
import type { BrokerOptions } from "../../../agent/embedded/broker-terms.ts";
import type { BrokerTls, Protocol } from "../../../agent/embedded/entrance.ts";
import { parsePasswordFile, passwordLine } from "../../../agent/embedded/password-file.ts";
import { leftOut, leftOutUnless, observe, silentLog } from "../../brokers.ts";
import { type Authority, type Certificate, makeAuthority } from "../../certificates.ts";
import { patience } from "../shell/fixture.ts";
import { generate } from "./packets.ts";

const protocols = ["mqtt", "mqtts", "ws", "wss"] as const;

let authority: Authority;
let own: Certificate;
beforeAll(() => {
  authority = makeAuthority();
  own = authority.issue("broker");
});
afterAll(() => authority.clean());

function settings(pair: Certificate, more: Partial<BrokerTls> = {}): BrokerTls {
  return { cert: readFileSync(pair.cert), key: readFileSync(pair.key), minVersion: "TLSv1.2", ...more };
}

/** A broker on all four; `anonymous` unless `access` says otherwise. */
async function start(changes: Partial<BrokerOptions> = {}, address: string | null = "127.0.0.1") {
  const warnings: string[] = [];
  const broker = createBroker({
    listeners: protocols.map((protocol) => ({ protocol, address, port: 0 })),
    tls: () => settings(own),
    sysInterval: 60_000,
    version: "0.0.0-test",
    log: { ...silentLog, warn: (message) => warnings.push(message) },
    now: () => performance.now(),
    ...changes,
  });
  await broker.start();
  onTestFinished(() => broker.stop());
  const port = (protocol: Protocol) => broker.addresses.find((place) => place.protocol === protocol)?.port ?? 0;
  const url = (protocol: Protocol, path = "") => `${protocol}://127.0.0.1:${port(protocol)}${path}`;
  const observer = await observe({ url: url("mqtt") }, "seen/#");
  onTestFinished(() => observer.stop());
  return { broker, warnings, port, url, observer };
}

async function client(url: string, options: IClientOptions = {}) {
  const made = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0, ca: readFileSync(authority.cert), ...options });
  onTestFinished(() => void made.end(true));
  return made;
}

/** Resolves when the connection ends without a CONNACK. */
async function refused(url: string, options: TlsOptions = {}) {
  const made = connect(url, { protocolVersion: 4, reconnectPeriod: 0, ca: readFileSync(authority.cert), ...(options as IClientOptions) });
  const greeted = vi.fn();
  made.on("connect", greeted).on("error", () => undefined);
  await new Promise((resolve) => made.once("close", () => resolve(undefined)));
  made.end(true);
  expect(greeted).not.toHaveBeenCalled();
}

/** A WebSocket that collects what comes. */
async function webSocket(url: string, options: ClientOptions = {}, names: string[] = ["mqtt"]) {
  const ws = new WebSocket(url, names, options);
  onTestFinished(() => ws.terminate());
  const came: Buffer[] = [];
  ws.on("message", (data: Buffer) => came.push(data));
  ws.on("error", () => undefined);
  await once(ws, "open");
  return { ws, bytes: () => Buffer.concat(came).toString("hex") };
}
/** What is answered instead of the upgrade. */
async function refusal(url: string, options: ClientOptions = {}, names: string[] = ["mqtt"]) {
  const ws = new WebSocket(url, names, options);
  ws.on("error", () => undefined);
  const [, response] = await Promise.race([once(ws, "unexpected-response"), once(ws, "open").then(() => [ws, { statusCode: 101 }])]);
  ws.terminate();
  return response.statusCode;
}
async function whole(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => parts.push(chunk)).on("error", () => undefined);
  await once(socket, "close");
  return Buffer.concat(parts).toString("latin1");
}
const connackHex = "20020000";

describe("the listeners of the built-in broker", () => {
  it("serve the same topics over TCP, TLS, WebSocket and both, on any path (brokers 5)", async () => {
    const { url, observer, broker } = await start();
    const urls = [...protocols.map((protocol) => url(protocol)), url("ws", "/mqtt"), url("ws", "/anything?x=1"), url("wss", "/mqtt")];
    for (const [index, where] of urls.entries()) {
      const one = await client(where);
      await one.subscribeAsync(`back/${index}`);
      const back = new Promise<Buffer>((resolve) => one.once("message", (_topic, payload) => resolve(payload)));
      await one.publishAsync("seen/by", String(index), { qos: 1 });
      await observer.client.publishAsync(`back/${index}`, "x".repeat(200_000));
      expect(await back).toHaveLength(200_000);
    }
    await vi.waitFor(() => expect(observer.payloads("seen/by")).toEqual(urls.map((_, index) => String(index))), patience);
    expect(broker.clients).toBe(urls.length + 1);
  });

  it.each(["mqtts", "ws", "wss"] as const)("lose nothing of 200 clients that are gone without reading (%s)", async (protocol) => {
    const { port, url, observer } = await start();
    for (let count = 0; count < 200; count++) {
      const bytes = Buffer.concat([generate.connect(`fire-${count}`), generate.publish("seen/fire", String(count))]);
      const secure = protocol === "ws" ? undefined : { host: "127.0.0.1", port: port(protocol), ca: readFileSync(authority.cert) };
      if (protocol === "mqtts") {
        const socket = connectTls(secure ?? {});
        await once(socket, "secureConnect");
        socket.on("error", () => undefined);
        socket.pause();
        socket.write(bytes, () => socket.destroy());
        await once(socket, "close");
      } else {
        const { ws } = await webSocket(url(protocol), { ca: readFileSync(authority.cert) });
        ws.pause();
        const below = (ws as unknown as { _socket: TLSSocket })._socket;
        ws.send(bytes, () => (protocol === "ws" ? below.resetAndDestroy() : below.destroy()));
        await once(ws, "close");
      }
    }
    await vi.waitFor(() => expect(observer.payloads("seen/fire")).toHaveLength(200), patience);
    expect(new Set(observer.payloads("seen/fire")).size).toBe(200);
  });

  it.each(protocols)("let in who is listed, tell others why not, and publish the will of who dies (%s)", async (protocol) => {
    const access = new Access({ anonymous: true, users: null });
    const { url, observer } = await start({ access });
    const dies = await client(url(protocol), { will: { topic: "seen/will", payload: Buffer.from("gone"), qos: 1, retain: false } });
    dies.stream.destroy();
    await vi.waitFor(() => expect(observer.payloads("seen/will")).toEqual(["gone"]), patience);
    access.rules = { anonymous: false, users: parsePasswordFile(await passwordLine("ev3", "formosa")).users };
    await client(url(protocol), { username: "ev3", password: "formosa" });
    await expect(client(url(protocol), { username: "ev3", password: "wrong" })).rejects.toMatchObject({ code: 5 });
  });

  it.each(protocols)("end who does not take what it asked for, and nobody else (%s)", async (protocol) => {
    const { url, broker, observer } = await start();
    const deaf = await client(url(protocol));
    await deaf.subscribeAsync("flood");
    deaf.stream.pause();
    (deaf.stream as { socket?: { pause?(): void; _socket?: Socket } }).socket?._socket?.pause();
    const payload = Buffer.alloc(200_000);
    const given: Promise<void>[] = [];
    for (let count = 0; count < 150; count++) given.push(broker.publish({ topic: "flood", payload, qos: 0, retain: false }));
    await vi.waitFor(() => expect(broker.clients).toBe(1), patience);
    await Promise.all(given);
    await observer.client.publishAsync("seen/still", "here", { qos: 1 });
    await vi.waitFor(() => expect(observer.payloads("seen/still")).toEqual(["here"]), patience);
  });

  it("end at once, with whoever stands in a handshake", async () => {
    const { broker, port } = await start();
    const sockets = protocols.map((protocol) => createConnection({ host: "127.0.0.1", port: port(protocol) }));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    const { ws } = await webSocket(`ws://127.0.0.1:${port("ws")}`);
    const closed = [...sockets.map((socket) => whole(socket)), once(ws, "close")];
    await broker.stop();
    await Promise.all(closed);
  });
});

describe("a WebSocket to the built-in broker", () => {
  it("may bring several packets in one message, and one packet in several, in fragments too", async () => {
    const { url, observer } = await start();
    const { ws, bytes } = await webSocket(url("ws", "/mqtt"));
    const all = Buffer.concat([generate.connect("frames"), generate.publish("seen/a", "1"), generate.publish("seen/b", "2")]);
    ws.send(all.subarray(0, 3));
    ws.send(all.subarray(3, 9));
    ws.send(all.subarray(9));
    await vi.waitFor(() => expect(observer.seen.map(({ topic }) => topic)).toEqual(["seen/a", "seen/b"]), patience);
    const more = generate.publish("seen/c", "3");
    ws.send(more.subarray(0, 4), { fin: false, binary: true });
    ws.send(more.subarray(4), { fin: true });
    await vi.waitFor(() => expect(observer.payloads("seen/c")).toEqual(["3"]), patience);
    const pong = once(ws, "pong");
    ws.ping("x");
    await pong;
    expect(bytes()).toBe(connackHex);
    ws.close();
    const [code] = await once(ws, "close");
    expect(code).toBe(1005);
  });

  it("is ended by a text message, by one that is too large, and by another protocol; nobody else is", async () => {
    const { url, observer, port } = await start();
    const say = async (message: string | Buffer) => {
      const { ws } = await webSocket(url("ws"));
      ws.send(generate.connect("bad"));
      ws.send(message);
      return (await once(ws, "close"))[0];
    };
    expect(await say("text")).toBe(1003);
    expect(await say(Buffer.alloc(1024 * 1024 + 1))).toBe(1009);
    const plain = createConnection({ host: "127.0.0.1", port: port("ws") });
    plain.write(generate.connect("plain"));
    expect(await whole(plain)).toMatch(/^HTTP\/1\.1 400 /);
    await observer.client.publishAsync("seen/still", "here");
    await vi.waitFor(() => expect(observer.payloads("seen/still")).toEqual(["here"]), patience);
  });

  it("may bring a packet that is as large as `max_packet` allows", async () => {
    const { url, observer } = await start({ limits: { maxPacket: 3_000_000 } });
    const { ws } = await webSocket(url("ws"));
    ws.send(generate.connect("large"));
    ws.send(generate.publish("seen/large", "x".repeat(2_000_000)));
    await vi.waitFor(() => expect(observer.payloads("seen/large").map(({ length }) => length)).toEqual([2_000_000]), patience);
  });

  it("is agreed on for the sub-protocols that mosquitto takes, and refused with words for others; deflate is not (brokers 5)", async () => {
    const { url } = await start();
    expect((await webSocket(url("ws"), {}, ["chat", "mqtt"])).ws.protocol).toBe("mqtt");
    expect((await webSocket(url("ws"), {}, ["mqttv3.1"])).ws.protocol).toBe("mqttv3.1");
    expect((await webSocket(url("ws"), { perMessageDeflate: true })).ws.extensions).toBe("");
    expect(await refusal(url("ws"), {}, [])).toBe(400);
    expect(await refusal(url("ws"), {}, ["chat"])).toBe(400);
  });

  it("is what a plain request is told to ask for; headers without end are refused", async () => {
    const { port } = await start();
    const ask = (text: string) => {
      const socket = createConnection({ host: "127.0.0.1", port: port("ws") });
      socket.write(text);
      return whole(socket);
    };
    expect(await ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).toMatch(/^HTTP\/1\.1 426 [\s\S]*MQTT is spoken here/);
    expect(await ask(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(9_000)}`)).toMatch(/^HTTP\/1\.1 431 /);
    expect(
      await ask("GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\nHost: a\r\n\r\n"),
    ).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("counts before it is one, and ends when it takes too long", async () => {
    const { port, warnings } = await start();
    const sockets = Array.from({ length: 101 }, () =>
      createConnection({ host: "127.0.0.1", port: port("ws") }).on("error", () => undefined),
    );
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    // The observer has one of the hundred places.
    await vi.waitFor(() => expect(sockets.filter(({ closed, readableEnded }) => closed || readableEnded)).toHaveLength(2), patience);
    expect(warnings[0]).toContain("connections: refusing more");
    sockets[0]?.write("GET / HTTP/1.1\r\n");
    for (const socket of sockets) socket.resume();
    await vi.waitFor(() => expect(sockets.every(({ closed, readableEnded }) => closed || readableEnded)).toBe(true), patience);
  });
});

describe("a page in a browser, while a client needs no user", () => {
  const lan = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  const page = (origin: string, host?: string): ClientOptions => ({ origin, ...(host !== undefined && { headers: { host } }) });

  it("may connect on loopback when it is one of this machine, or named", async () => {
    const { url, warnings } = await start({ origins: () => ["https://panel.example"] });
    const codes = async (...origins: string[]) => Promise.all(origins.map((origin) => refusal(url("ws"), page(origin))));
    expect(await codes("http://localhost:3000", "http://127.0.0.1", "https://[::1]:8443", "https://panel.example")).toEqual([
      101, 101, 101, 101,
    ]);
    expect(warnings).toEqual([]);
    const strangers = [
      "http://evil.example",
      "null",
      "https://127.0.0.1.evil.example",
      "http://localhost.evil.example",
      "file://",
      "http://panel.example",
    ];
    expect(await codes(...strangers)).toEqual(strangers.map(() => 403));
    // A name of the page's owner may lead to loopback (DNS rebinding).
    expect(await refusal(url("ws"), page("http://evil.example:9000", "evil.example:9000"))).toBe(403);
    expect(warnings[0]).toBe('broker: refused a page of "http://evil.example": if it is meant, name it in broker.origins');
  });

  it.skipIf(leftOut("an address of the network", "ip", "iproute2") || lan === undefined)(
    "may connect elsewhere when it is of the host that it asks for",
    async () => {
      const { broker } = await start({}, "0.0.0.0");
      const there = `ws://${lan}:${broker.addresses.find(({ protocol }) => protocol === "ws")?.port}`;
      expect(await refusal(there, page(`https://${lan}:8080`))).toBe(101);
      expect(await refusal(there, page("https://box.local", "box.local:9000"))).toBe(101);
      expect(await refusal(there, page("https://evil.example"))).toBe(403);
    },
  );

  it("may connect from everywhere when everybody needs a user, or with *", async () => {
    const closed = await start({ origins: () => ["*"] });
    expect(await refusal(closed.url("ws"), page("https://evil.example"))).toBe(101);
    const access = new Access({ anonymous: true, users: null });
    const { url } = await start({ access });
    access.rules = { anonymous: false, users: new Map() };
    expect(await refusal(url("ws"), page("https://evil.example"))).toBe(101);
  });
});

describe("TLS of the built-in broker", () => {
  it("is told about when a handshake fails, seldom, and takes no plain MQTT", async () => {
    const { port, warnings } = await start();
    for (let count = 0; count < 5; count++) {
      const socket = createConnection({ host: "127.0.0.1", port: port("mqtts") });
      socket.write(generate.connect("plain"));
      await whole(socket);
    }
    await vi.waitFor(() => expect(warnings).toHaveLength(3), patience);
    expect(warnings[0]).toMatch(/^broker: the TLS handshake with a client failed \(ERR_SSL_\w+\)$/);
  });

  it("speaks the oldest version that is asked for, and no older one", async () => {
    const { url } = await start({ tls: () => settings(own, { minVersion: "TLSv1.3" }) });
    await client(url("mqtts"));
    await refused(url("mqtts"), { maxVersion: "TLSv1.2" });
  });

  it("asks for a certificate of the clients' authority, and refuses none, and that of another", async () => {
    const other = makeAuthority();
    onTestFinished(() => other.clean());
    const { url, observer } = await start({ tls: () => settings(own, { ca: readFileSync(authority.cert) }) });
    const pem = (pair: Certificate) => ({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) });
    for (const protocol of ["mqtts", "wss"] as const) {
      const known = await client(url(protocol), pem(authority.issue("client")));
      await known.publishAsync("seen/known", protocol, { qos: 1 });
      await refused(url(protocol));
      await refused(url(protocol), pem(other.issue("client")));
      await refused(url(protocol), pem(authority.issue("old", { from: -3, to: -1 })));
    }
    await vi.waitFor(() => expect(observer.payloads("seen/known")).toEqual(["mqtts", "wss"]), patience);
  });

  it("takes a renewed certificate for the next connection; those that are there stay", async () => {
    let current = own;
    const { broker, url, port } = await start({ tls: () => settings(current) });
    const before = await client(url("mqtts"));
    current = authority.issue("renewed");
    broker.renew();
    const socket = connectTls({ host: "127.0.0.1", port: port("mqtts"), ca: readFileSync(authority.cert) });
    await once(socket, "secureConnect");
    expect(socket.getPeerCertificate().subject.CN).toBe("renewed");
    socket.destroy();
    await before.publishAsync("seen/x", "1", { qos: 1 });
  });
});

describe("Debian's clients", () => {
  const run = async (program: string, args: string[]) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [code] = await once(child, "close");
    return code;
  };
  /** Debian's own, whatever python3 is first in the PATH. */
  const python = "/usr/bin/python3";

  it.skipIf(leftOut("mosquitto's clients over TLS", "mosquitto_pub", "mosquitto-clients"))(
    "publish over TLS; without the authority they do not",
    async () => {
      const { port, observer } = await start();
      const publish = (...more: string[]) =>
        run("mosquitto_pub", ["-h", "127.0.0.1", "-p", String(port("mqtts")), "-t", "seen/pub", "-m", "x", ...more]);
      for (let count = 0; count < 20; count++) expect(await publish("--cafile", authority.cert)).toBe(0);
      await vi.waitFor(() => expect(observer.payloads("seen/pub")).toHaveLength(20), patience);
      expect(await publish("--cafile", own.cert)).not.toBe(0);
    },
  );

  const hasPaho = spawnSync(python, ["-c", "import paho.mqtt"]).status === 0;
  it.skipIf(leftOutUnless(hasPaho, "paho", "paho is not installed (apt install python3-paho-mqtt)")).each([
    ["tcp", "mqtt"],
    ["websockets", "ws"],
    ["websockets", "wss"],
  ] as const)("paho over %s: 200 of 200 publications of clients that exit at once (%s)", async (transport, protocol) => {
    const { port, observer } = await start();
    const script = `
import os, sys
import paho.mqtt.client as mqtt
for i in range(200):
    if os.fork() == 0:
        c = mqtt.Client("fire-%d" % i, transport="${transport}")
        ${protocol === "wss" ? `c.tls_set("${authority.cert}")` : "pass"}
        c.connect("127.0.0.1", ${port(protocol)})
        c.publish("seen/paho", str(i))
        os._exit(0)
    if i % 4 == 3:
        for _ in range(4): os.wait()
`;
    expect(await run(python, ["-c", script])).toBe(0);
    await vi.waitFor(() => expect(observer.payloads("seen/paho")).toHaveLength(200), patience);
    expect(new Set(observer.payloads("seen/paho")).size).toBe(200);
  });
});
