import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createConnection } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { Link, LinkOptions } from "../../../agent/shell/link.ts";
import { describeMosquitto, freePort, observe, startMosquitto } from "../../brokers.ts";
import { type Authority, makeAuthority, mosquittoTls } from "../../certificates.ts";
import { patience } from "./fixture.ts";
import { P, probe, state, untilOnline } from "./link-contract.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of open.splice(0).reverse()) await end();
});
function connect(url: string, server: Partial<LinkOptions["server"]> = {}, changes: Partial<LinkOptions> = {}) {
  const slow = { first: 60_000, limit: 60_000, refused: { from: 60_000, to: 60_000 } };
  const made = probe(url, { backoff: slow, ...changes, server: { url, ...server } });
  open.push(() => made.link.stop([]));
  made.link.start();
  return made;
}
const says = (link: Link, words: string) => vi.waitFor(() => expect(link.view.problem).toContain(words), patience);

describeMosquitto("the link over WebSocket", () => {
  let authority: Authority;
  beforeAll(() => {
    authority = makeAuthority();
  });
  afterAll(() => authority.clean());

  /** mosquitto on a plain port, and on a second one that speaks WebSocket. */
  const listen = async (secure = false) => {
    const port = await freePort();
    const tls = secure ? mosquittoTls(authority, authority.issue("broker")) : { config: ["allow_anonymous true"], files: {} };
    const broker = await startMosquitto({
      ...tls,
      config: ["allow_anonymous true", `listener ${port} 127.0.0.1`, "protocol websockets", ...tls.config],
    });
    open.push(broker.stop);
    return { broker, url: `${secure ? "wss" : "ws"}://127.0.0.1:${port}/mqtt` };
  };

  it("comes online, publishes, is heard and comes back when it is lost", async () => {
    const { broker, url } = await listen();
    const { link, messages } = connect(url, {}, { backoff: { first: 20, limit: 100, refused: { from: 50, to: 100 } } });
    await untilOnline(link);
    expect(link.view).toMatchObject({ server: url, version: "5" });
    const watch = async () => {
      const observer = await observe(broker, "#");
      open.push(observer.stop);
      return observer;
    };
    const observer = await watch();
    link.publish(state("out/lamp/state", "x".repeat(100_000)));
    await vi.waitFor(() => expect(observer.payloads(`${P}/out/lamp/state`).at(-1)).toHaveLength(100_000), patience);
    await observer.client.publishAsync(`${P}/out/lamp/set`, "ON", { qos: 1 });
    await vi.waitFor(() => expect(messages.map(({ payload }) => payload.toString())).toEqual(["ON"]), patience);
    expect(link.bytes.sent).toBeGreaterThan(100_000);
    expect(link.bytes.received).toBeGreaterThan(50);
    const { reconnects } = link.view;
    await broker.restart();
    await vi.waitFor(() => expect(link.view).toMatchObject({ online: true, reconnects: reconnects + 1 }), patience);
  });

  it("says goodbye when it is stopped", async () => {
    const { broker, url } = await listen();
    const { link } = connect(url);
    await untilOnline(link);
    await link.stop([state("status", "offline")]);
    const observer = await observe(broker, `${P}/status`);
    open.push(observer.stop);
    await vi.waitFor(() => expect(observer.payloads(`${P}/status`)).toEqual(["offline"]), patience);
  });

  it("goes through TLS, and checks the certificate", async () => {
    const { url } = await listen(true);
    await says(connect(url).link, `the certificate of ${url} is signed by an authority that is not trusted here`);
    const { link } = connect(url, { ca: readFileSync(authority.cert) });
    await untilOnline(link);
    expect(link.view.server).toBe(url);
  });

  it("says what is wrong with a port that speaks plain MQTT", async () => {
    const { broker } = await listen();
    const url = `ws://127.0.0.1:${broker.port}/mqtt`;
    await says(connect(url).link, `${url} closed the connection during the WebSocket handshake: check the port and the path`);
  });
});

describe("the link over WebSocket to a server of the tests", () => {
  const serve = async (meet: (socket: WebSocket) => unknown, protocols?: (offered: Set<string>) => string | false) => {
    const http = createServer();
    const server = new WebSocketServer({ server: http, ...(protocols && { handleProtocols: protocols }) });
    server.on("connection", (socket) => {
      socket.on("error", () => undefined);
      meet(socket);
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    open.push(() => {
      for (const socket of server.clients) socket.terminate();
      http.close();
    });
    return `ws://127.0.0.1:${(http.address() as { port: number }).port}/mqtt`;
  };

  it("cuts what is too large, as over TCP", async () => {
    const broker = await startMosquitto();
    open.push(broker.stop);
    // Not mosquitto's own WebSocket, which gives out 40 kB a second.
    const url = await serve((socket) => {
      const far = createConnection({ port: broker.port, host: "127.0.0.1" });
      socket.on("message", (data: Buffer) => far.write(data));
      far.on("data", (chunk) => socket.send(chunk));
      open.push(() => far.destroy());
    });
    // Only MQTT 5 can tell the broker how much is too much.
    const { link, messages } = connect(url, {}, { protocol: "3.1.1" });
    await untilOnline(link);
    const sender = await observe(broker, "nothing");
    open.push(sender.stop);
    await sender.client.publishAsync(`${P}/out/lamp/set`, Buffer.alloc(300_000), { qos: 1 });
    await sender.client.publishAsync(`${P}/out/lamp/set`, "ON", { qos: 1 });
    await vi.waitFor(() => expect(messages).toHaveLength(2), patience);
    expect(messages[0]?.payload.length).toBeLessThan(256 * 1024);
    expect(link.view.online).toBe(true);
  });

  it("asks for MQTT at the path, and goes when the server knows no such thing", async () => {
    const offered: string[] = [];
    const url = await serve(
      () => undefined,
      (protocols) => {
        offered.push(...protocols);
        return false;
      },
    );
    await says(connect(url).link, `${url} speaks WebSocket, but not MQTT in it: check the path in mqtt.server`);
    expect(offered).toEqual(["mqtt"]);
  });

  it("goes when it sends text", async () => {
    const url = await serve((socket) => socket.on("message", () => socket.send("hello")));
    await says(connect(url).link, `what ${url} sent is not WebSocket`);
  });

  it("goes before it has collected a message that is too large", async () => {
    const url = await serve((socket) => socket.on("message", () => socket.send(Buffer.alloc(2 * 1024 * 1024), { binary: true })));
    await says(connect(url).link, `${url} sent a message that is too large for this machine`);
  });

  it("gives up on a handshake that never ends", async () => {
    const silent = createServer(() => undefined).on("upgrade", (_request, socket) => open.push(() => socket.destroy()));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    open.push(() => silent.close());
    const { port } = silent.address() as { port: number };
    await says(connect(`ws://127.0.0.1:${port}/mqtt`, {}, { connectTimeout: 100 }).link, "did not answer within 0.1 s");
  });
});
