import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Aedes } from "aedes";
import mqtt from "mqtt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { BrokerTarget } from "../../../tui/client/target.ts";
import { Watcher } from "../../../tui/client/watcher.ts";
import { eventually } from "../../agent/shell/fixture.ts";
import { describeMosquitto, freePort, type MosquittoOptions, mosquittoDenying, startMosquitto } from "../../brokers.ts";

let watcher: Watcher;
let online: string[];
let offline: string[];
let refused: string[];
let granted: string[];
let rtts: number[];
let messages: { topic: string; text: string; retain: boolean }[];
const cleanups: (() => unknown)[] = [];

beforeEach(() => {
  online = [];
  offline = [];
  refused = [];
  granted = [];
  rtts = [];
  messages = [];
  watcher = new Watcher({
    filters: ["#", "$SYS/#"],
    on: {
      online: (version) => online.push(version),
      offline: (problem) => offline.push(problem),
      granted: (filter) => granted.push(filter),
      refused: (filter) => refused.push(filter),
      rtt: (ms) => rtts.push(ms),
      message: (topic, payload, retain) => messages.push({ topic, text: payload.toString(), retain }),
    },
    wait: [5, 30],
  });
});

afterEach(async () => {
  watcher.close();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const at = (port: number, some: Partial<BrokerTarget> = {}): BrokerTarget => ({ host: "127.0.0.1", port, via: "mqtt", ...some });

/** Publishes as somebody else, and waits until the broker has it. */
async function publish(port: number, topic: string, text: string, retain = false): Promise<void> {
  const client = await mqtt.connectAsync({ host: "127.0.0.1", port, protocolVersion: 4 });
  await client.publishAsync(topic, text, { qos: 1, retain });
  await client.endAsync();
}

describe("the built-in broker's library", () => {
  async function broker(port = 0): Promise<{ port: number; aedes: Aedes; server: Server }> {
    const aedes = await Aedes.createBroker();
    const server = createServer(aedes.handle);
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    const stop = () => new Promise<void>((resolve) => aedes.close(() => server.close(() => resolve())));
    cleanups.push(stop);
    return { port: (server.address() as AddressInfo).port, aedes, server };
  }

  test("falls back to 3.1.1 and receives what is live and what is retained", async () => {
    const { port } = await broker();
    await publish(port, "kept", "1", true);
    watcher.use(at(port));
    await eventually(() => messages).toContainEqual({ topic: "kept", text: "1", retain: true });
    expect(online).toEqual(["3.1.1"]);
    await publish(port, "live", "2");
    await eventually(() => messages).toContainEqual({ topic: "live", text: "2", retain: false });
  });

  test("connects when the broker appears, and again when it comes back", async () => {
    const port = await freePort();
    watcher.use(at(port));
    await eventually(() => offline.length).toBeGreaterThan(0);
    expect(offline[0]).toMatch(new RegExp(`^mqtt://127.0.0.1:${port}: `));
    const first = await broker(port);
    await eventually(() => online.length).toBe(1);
    await new Promise<void>((resolve) => first.aedes.close(() => first.server.close(() => resolve())));
    await eventually(() => offline.length).toBeGreaterThan(1);
    cleanups.pop();
    await broker(port);
    await eventually(() => online.length).toBe(2);
  });

  test("publishes, and says when it cannot", async () => {
    await expect(watcher.publish({ topic: "a", payload: "1", qos: 1, retain: false })).rejects.toThrow("not connected");
    const { port } = await broker();
    watcher.use(at(port));
    await eventually(() => online.length).toBe(1);
    await watcher.publish({ topic: "a/b", payload: "1", qos: 1, retain: false });
    await eventually(() => messages).toContainEqual({ topic: "a/b", text: "1", retain: false });
  });

  test("another broker replaces the first one", async () => {
    const [one, two] = [await broker(), await broker()];
    watcher.use(at(one.port));
    await eventually(() => online.length).toBe(1);
    watcher.use(at(two.port));
    await eventually(() => two.aedes.connectedClients).toBe(1);
    await eventually(() => one.aedes.connectedClients).toBe(0);
  });

  test("reaches a broker through a local socket, as ssh forwards it", async () => {
    const aedes = await Aedes.createBroker();
    const server = createServer(aedes.handle);
    const dir = mkdtempSync(join(tmpdir(), "pinbus-watcher-"));
    const path = join(dir, "broker.sock");
    await new Promise<void>((resolve) => server.listen(path, resolve));
    cleanups.push(async () => {
      await new Promise<void>((resolve) => aedes.close(() => server.close(() => resolve())));
      rmSync(dir, { recursive: true, force: true });
    });
    watcher.use(at(1883, { socket: path }));
    await eventually(() => online).toEqual(["3.1.1"]);
  });

  test("a refused user is named, the password never", async () => {
    const { port, aedes } = await broker();
    aedes.authenticate = (_client, _user, _password, done) => done(null, false);
    watcher.use(at(port, { username: "ev3", password: "hush" }));
    await eventually(() => offline.join()).toContain("not authorised, user ev3");
    expect(offline.join()).not.toContain("hush");
  });
});

describeMosquitto("mosquitto", () => {
  async function broker(options?: MosquittoOptions): Promise<number> {
    const running = await startMosquitto(options);
    cleanups.push(() => running.stop());
    return running.port;
  }

  test("MQTT 5 tells of live messages whether they are retained, and $SYS is there", async () => {
    const port = await broker();
    watcher.use(at(port));
    await eventually(() => online).toEqual(["5"]);
    await eventually(() => messages.some(({ topic }) => topic.startsWith("$SYS/"))).toBe(true);
    await publish(port, "kept", "1", true);
    await publish(port, "live", "2", false);
    await eventually(() => messages).toContainEqual({ topic: "live", text: "2", retain: false });
    expect(messages).toContainEqual({ topic: "kept", text: "1", retain: true });
  });

  test("a filter that the broker does not grant is named, the others work", async () => {
    const port = await broker(mosquittoDenying([{ acltype: "subscribeLiteral", topic: "$SYS/#" }]));
    watcher.use(at(port));
    await eventually(() => refused).toEqual(["$SYS/#"]);
    await eventually(() => granted).toEqual(["#"]);
    expect(rtts.length).toBeGreaterThan(0);
    await publish(port, "a/b", "1");
    await eventually(() => messages).toContainEqual({ topic: "a/b", text: "1", retain: false });
  });

  test("what the broker keeps comes once more when it is asked for, and live messages still come", async () => {
    const port = await broker();
    await publish(port, "pinbus/a/status", "online", true);
    watcher.use(at(port));
    const statuses = () => messages.filter(({ topic }) => topic === "pinbus/a/status").length;
    await eventually(() => statuses()).toBe(1);
    watcher.refresh(["pinbus/+/status", "pinbus/+/info"]);
    await eventually(() => statuses()).toBe(2);
    await publish(port, "pinbus/a/status", "offline");
    await eventually(() => messages).toContainEqual({ topic: "pinbus/a/status", text: "offline", retain: false });
  });

  test("anonymous clients that are refused are told so", async () => {
    const port = await broker({ config: ["allow_anonymous false"] });
    watcher.use(at(port));
    await eventually(() => offline.join()).toContain("not authorised, no user was given");
  });
});
