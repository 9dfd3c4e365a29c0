import type { Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { LinkOptions } from "../../../agent/shell/link.ts";
import { describeMosquitto, freePort, observe, startEmbedded, startMosquitto, type TestBroker } from "../../brokers.ts";
import { startProxy } from "../../fault-proxy.ts";
import { patience } from "./fixture.ts";
import { P, type Probe, probe, untilOnline } from "./link-contract.ts";
import { type Script, startScript } from "./scripted-broker.ts";

/** So that whatever waits between two rounds does not come within a test. */
const still: LinkOptions["backoff"] = { first: 60_000, limit: 60_000, refused: { from: 60_000, to: 60_000 } };
const quick: LinkOptions["backoff"] = { first: 20, limit: 100, refused: { from: 60_000, to: 60_000 } };

const made: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of made.splice(0).reverse()) await stop();
});
function connect(urls: readonly string[], changes: Partial<LinkOptions> = {}): Probe {
  const [url = "", ...others] = urls;
  const one = probe(url, { backoff: still, random: () => 0.99, ...changes, server: { url, others, ...changes.server } });
  made.push(() => one.link.stop([]));
  one.link.start();
  return one;
}
async function keep<T extends { stop(): Promise<unknown> }>(starting: Promise<T>): Promise<T> {
  const one = await starting;
  made.push(() => one.stop());
  return one;
}
const script = (answer: Script) => keep(startScript(answer));
const nameOf = ({ url }: { url: string }) => new URL(url).host;
const nobody = async () => ({ url: `mqtt://127.0.0.1:${await freePort()}` });

describeMosquitto("a link with several servers", () => {
  it("tries the next one at once, tells it everything, and names it", async () => {
    const away = await nobody();
    const broker = await keep(startMosquitto());
    const { link, events, warnings, infos } = connect([away.url, broker.url]);
    await untilOnline(link);
    expect(link.view).toMatchObject({ server: nameOf(broker), problem: null });
    expect(warnings).toEqual([expect.stringContaining(`nothing listens at ${nameOf(away)}`)]);
    expect(infos.at(-1)).toBe(`online at ${nameOf(broker)} with MQTT 5`);
    expect(events).toEqual([expect.stringContaining(`nothing listens at ${nameOf(away)}`), "online 5"]);
    const observer = await keep(observe(broker, "#"));
    await vi.waitFor(() => expect(observer.payloads(`${P}/status`)).toEqual(["online"]), patience);
    await vi.waitFor(() => expect(observer.payloads(`${P}/out/lamp/state`)).toEqual(["OFF"]), patience);
  });

  it("begins with the first again when the connection is lost, and tells that one everything too", async () => {
    const port = await freePort();
    const second = await keep(startMosquitto());
    const { link } = connect([`mqtt://127.0.0.1:${port}`, second.url], { backoff: { ...quick, first: 1 } });
    await untilOnline(link);
    const online = performance.now();
    const first = await keep(startMosquitto({ port }));
    // A connection that was lost at once would count as a failed one.
    await vi.waitFor(() => expect(performance.now() - online).toBeGreaterThan(5), patience);
    await second.restart();
    await vi.waitFor(() => expect(link.view).toMatchObject({ online: true, server: nameOf(first) }), patience);
    const observer = await keep(observe(first, "#"));
    await vi.waitFor(() => expect(observer.payloads(`${P}/status`)).toEqual(["online"]), patience);
    await vi.waitFor(() => expect(observer.payloads(`${P}/out/lamp/state`)).toEqual(["OFF"]), patience);
  });

  it("does not leave the first for a connection that was cut", async () => {
    const broker = await keep(startMosquitto());
    const proxy = await keep(startProxy(broker.port));
    const asked: string[] = [];
    const second = await script(() => asked.push("second"));
    const { link } = connect([proxy.url, second.url], { backoff: { ...quick, first: 1 } });
    await untilOnline(link);
    const online = performance.now();
    await vi.waitFor(() => expect(performance.now() - online).toBeGreaterThan(5), patience);
    proxy.cut();
    await vi.waitFor(() => expect(link.view).toMatchObject({ online: true, reconnects: 1 }), patience);
    expect(asked).toEqual([]);
  });

  it("remembers for each which MQTT version it speaks", async () => {
    const old: TestBroker = await keep(startEmbedded());
    const port = await freePort();
    const { link, infos } = connect([`mqtt://127.0.0.1:${port}`, old.url], { backoff: { ...quick, first: 1 } });
    await untilOnline(link);
    expect(link.view.version).toBe("3.1.1");
    const first = await keep(startMosquitto({ port }));
    await old.restart();
    await vi.waitFor(() => expect(link.view).toMatchObject({ online: true, server: nameOf(first), version: "5" }), patience);
    await first.stop();
    await vi.waitFor(() => expect(link.view).toMatchObject({ online: true, server: nameOf(old), version: "3.1.1" }), patience);
    expect(infos.filter((line) => line.includes("does not speak MQTT 5"))).toHaveLength(1);
  });
});

describe("a link with several servers", () => {
  it("waits once for each round, and says of each what is wrong with it, at a falling rate", async () => {
    const [a, b] = [await nobody(), await nobody()];
    const waits: number[] = [];
    const warned: string[] = [];
    const warn = (message: string, fields?: Record<string, unknown>) => {
      warned.push(message);
      if (typeof fields?.retry_ms === "number") waits.push(fields.retry_ms);
    };
    const log = { debug: () => undefined, info: () => undefined, warn };
    const { link, events } = connect([a.url, b.url], { log, backoff: { ...quick, limit: 40 }, random: () => 0.5 });
    await vi.waitFor(() => expect(warned.length).toBe(8), patience);
    await link.stop([]);
    // Attempts 1, 2, 4 and 8 of each; the wait is said with the last one of a round.
    for (const { url } of [a, b]) expect(warned.filter((line) => line.includes(nameOf({ url })))).toHaveLength(4);
    expect(waits).toEqual([10, 20, 20, 20]);
    expect(events.at(-1)).toMatch(new RegExp(`${nameOf(a)}.*; nothing listens at ${nameOf(b)}`));
    expect(events).toHaveLength(2);
  });

  it("begins its waiting anew after a connection that had lasted, although commands were not heard", async () => {
    const subscribed = new WeakMap<Socket, number>();
    const deafening = await script((socket, packet, agree) => {
      if (packet[0] !== 0x82) return agree(socket, packet);
      const times = (subscribed.get(socket) ?? 0) + 1;
      subscribed.set(socket, times);
      // It asks again after a while: by then it has lasted.
      if (times > 1) return socket.destroy();
      socket.write(Buffer.from([0x90, 4, packet[2] ?? 0, packet[3] ?? 0, 0x80, 0x80]));
    });
    const waits: number[] = [];
    const warn = (_message: string, fields?: Record<string, unknown>) => {
      if (typeof fields?.retry_ms === "number") waits.push(fields.retry_ms);
    };
    const log = { debug: () => undefined, info: () => undefined, warn };
    const backoff = { first: 10, limit: 60_000, refused: { from: 100, to: 101 } };
    connect([deafening.url], { protocol: "3.1.1", log, backoff, random: () => 0.5, birth: () => [] });
    await vi.waitFor(() => expect(waits.length).toBeGreaterThan(3), patience);
    expect(new Set(waits)).toEqual(new Set([5]));
  });

  it("leaves one that refused it alone, and goes on with the others", async () => {
    const asked: string[] = [];
    const refusing = await script((socket) => {
      asked.push("refusing");
      socket.write(Buffer.from([0x20, 2, 0, 5]));
    });
    const closing = await script((socket) => {
      asked.push("closing");
      socket.write(Buffer.from([0x20, 2, 0, 3]));
    });
    connect([refusing.url, closing.url], { protocol: "3.1.1", backoff: quick });
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(5), patience);
    expect(asked.slice(0, 6)).toEqual(["refusing", "closing", "closing", "closing", "closing", "closing"]);
  });

  it("goes on to the next when one takes it only to drop it again", async () => {
    const asked: string[] = [];
    const dropping = await script((socket, packet, agree) => {
      agree(socket, packet);
      if (packet.includes("online")) socket.end();
      asked.push("dropping");
    });
    const good = await keep(startEmbedded());
    const { link } = connect([dropping.url, good.url], { protocol: "3.1.1" });
    await vi.waitFor(() => expect(link.view).toMatchObject({ online: true, server: nameOf(good) }), patience);
    expect(asked).not.toEqual([]);
  });

  const moved = (code: number, reference: string) => {
    const name = Buffer.from(reference);
    const properties = [0x1c, 0, name.length, ...name];
    return Buffer.from([0x20, 3 + properties.length, 0, code, properties.length, ...properties]);
  };

  it("follows a broker to another server that is configured, before those that come first", async () => {
    const asked: string[] = [];
    const between = await script(() => asked.push("between"));
    const good = await keep(startEmbedded());
    const moving = await script((socket) => socket.write(moved(0x9c, `elsewhere ${nameOf(good)}`)));
    const { link, warnings } = connect([moving.url, between.url, good.url]);
    await vi.waitFor(() => expect(link.view).toMatchObject({ online: true, server: nameOf(good) }), patience);
    expect(asked).toEqual([]);
    expect(warnings[0]).toContain(`asks to use another server (code 0x9c), "elsewhere ${nameOf(good)}"`);
  });

  it("follows it to no other one: credentials would go to whoever the broker names", async () => {
    const asked: string[] = [];
    const stranger = await script(() => asked.push("stranger"));
    const text = `${nameOf(stranger)} \u001b[31m${"x".repeat(300)}`;
    const moving = await script((socket) => {
      const name = Buffer.from(text);
      const size = 3 + name.length;
      const head = [0x20, ((3 + 1 + size) & 0x7f) | 0x80, (3 + 1 + size) >> 7, 0, 0x9d, (size & 0x7f) | 0x80, size >> 7];
      socket.write(Buffer.from([...head, 0x1c, name.length >> 8, name.length & 0xff, ...name]));
    });
    const { link } = connect([moving.url]);
    await vi.waitFor(() => expect(link.view.problem).toContain("asks to use another server (code 0x9d)"), patience);
    expect(link.view.problem).toContain(`"${nameOf(stranger)} \ufffd[31mxxx`);
    expect(link.view.problem).not.toContain("\u001b");
    expect(link.view.problem?.length).toBeLessThan(400);
    expect(asked).toEqual([]);
  });

  it("does not go in circles between two that name each other", async () => {
    const asked: string[] = [];
    const urls: string[] = [];
    const naming = (own: number) =>
      script((socket) => {
        asked.push(`server ${own}`);
        socket.write(moved(0x9c, nameOf({ url: urls[1 - own] ?? "" })));
      });
    for (const own of [0, 1]) urls.push((await naming(own)).url);
    const { link } = connect(urls);
    await vi.waitFor(() => expect(link.view.problem).toContain("; "), patience);
    expect(asked).toEqual(["server 0", "server 1"]);
  });
});
