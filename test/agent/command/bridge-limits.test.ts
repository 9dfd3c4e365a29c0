import { readFileSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { expect, it, onTestFinished, vi } from "vitest";
import { describeMosquitto, freePort, mosquittoDenying, mosquittoUsers, startMosquitto } from "../../brokers.ts";
import { startProxy } from "../../fault-proxy.ts";
import { eventually, patience } from "../shell/fixture.ts";
import { killAndStartAgain } from "./agent-process.ts";
import { agentWith, bridged, bridgeYaml, type Central, client, numbers, publishAll, untilBridged, watch } from "./bridge-world.ts";

const central = async (options?: Parameters<typeof startMosquitto>[0]): Promise<Central> => {
  const broker = await startMosquitto(options);
  onTestFinished(() => broker.stop());
  return broker;
};

/** Refuses who says that he is a bridge, as brokers do that know only what the standard says. */
async function strict(port: number): Promise<Central> {
  const server = createServer((near) => {
    near.on("error", () => undefined);
    near.once("data", (first) => {
      // The protocol level stands behind `MQTT` [MQTT-3.1.2-2].
      if ((first[first.indexOf("MQTT") + 4] ?? 0) >= 0x80) return void near.end(Buffer.from([0x20, 2, 0, 1]));
      const far = createConnection({ port, host: "127.0.0.1" }).on("error", () => undefined);
      far.write(first);
      near.pipe(far).pipe(near);
      return undefined;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const chosen = (server.address() as { port: number }).port;
  return { port: chosen, url: `mqtt://127.0.0.1:${chosen}` };
}

describeMosquitto("a bridge", () => {
  it("names user and code when the password is wrong, is degraded, and keeps what waits", async () => {
    const there = await central(mosquittoUsers({ site: "right" }));
    const { agent, here, proxy } = await bridged(there, "{ filter: a, direction: out }", "username: site, password: so-wrong");
    const { host } = new URL(proxy.url);
    const sentence = `the broker ${host} says user site is not authorised (code 0x87): check broker.bridge.username, broker.bridge.password and the broker's rules`;
    await publishAll(await client(here), "a", 0, 3);
    await vi.waitFor(async () => {
      const status = await agent.client.request("status", {});
      expect(status?.problems).toEqual([`the bridge: ${sentence}`]);
      expect(status).toMatchObject({
        health: "degraded",
        broker: { bridge: { online: false, problem: sentence, waiting: 3, dropped: 0 } },
      });
    }, patience);
    const { stdout, code } = await agent.ask("status");
    expect(stdout).toContain(`  bridge to ${host}: not online: ${sentence}`);
    expect(stdout).toMatch(/ {2}bridge: 3 messages wait for the broker, the oldest for \d+ s; 0 lost since the start/);
    expect(code).toBe(1);
    await eventually(() => agent.stderr).toContain(`bridge: ${sentence}`);
    expect(agent.stderr + stdout).not.toContain("so-wrong");
  });

  it("names a subscription that is refused, and sends all the same", async () => {
    const there = await central(mosquittoDenying([{ acltype: "subscribeLiteral", topic: "in/#" }]));
    const { agent, here } = await bridged(there, "{ filter: in/#, direction: in }, { filter: out/#, direction: out }");
    const centre = await watch(there, "out/#");
    await vi.waitFor(async () => {
      const status = await agent.client.request("status", {});
      expect(status?.broker?.bridge?.problem).toContain(
        "refuses the subscription in/# (code 0x87): nothing comes from there; allow anonymous clients to",
      );
    }, patience);
    await publishAll(await client(here), "out/a", 0, 2);
    await vi.waitFor(() => expect(centre.payloads("out/a")).toEqual(numbers(0, 2)), patience);
  });

  it("drops the oldest of more than may wait, and what is too old, and counts both", async () => {
    const world = await bridged(
      await central(),
      "{ filter: a, direction: out }, { filter: b, direction: out }",
      "max_queued: 5, message_ttl: 4s",
    );
    await untilBridged(world.agent);
    const centre = await watch(world.there, "#");
    world.away();
    const publisher = await client(world.here);
    await publishAll(publisher, "a", 0, 12);
    const dropped = async () => (await world.agent.client.request("status", {}))?.broker?.bridge;
    await vi.waitFor(async () => expect(await dropped()).toMatchObject({ waiting: 5, dropped: 7 }), patience);
    await vi.waitFor(async () => expect((await dropped())?.oldest_ms).toBeGreaterThan(4000), patience);
    world.back();
    await vi.waitFor(async () => expect(await dropped()).toMatchObject({ online: true, waiting: 0, dropped: 12 }), patience);
    await publishAll(publisher, "b", 0, 5);
    await vi.waitFor(() => expect(centre.payloads("b")).toEqual(numbers(0, 5)), patience);
    expect(centre.payloads("a")).toEqual([]);
  });

  it("sends QoS 0 while it is there, and keeps none of it while it is away", async () => {
    const world = await bridged(await central(), "{ filter: a, direction: out, qos: 0 }, { filter: b, direction: out }");
    await untilBridged(world.agent);
    const centre = await watch(world.there, "#");
    const publisher = await client(world.here);
    const both = async (payload: string) => {
      await publisher.publishAsync("a", payload, { qos: 1 });
      await publisher.publishAsync("b", payload, { qos: 0 });
      // Behind both; with QoS 1 on the way.
      await publisher.publishAsync("b", `${payload} end`, { qos: 2 });
    };
    await both("there");
    await vi.waitFor(() => expect(centre.seen).toHaveLength(3), patience);
    world.away();
    await vi.waitFor(async () => expect((await world.agent.client.request("status", {}))?.broker?.bridge?.online).toBe(false), patience);
    await both("away");
    world.back();
    await vi.waitFor(() => expect(centre.payloads("b")).toContain("away end"), patience);
    expect(centre.seen.map(({ topic, payload }) => `${topic} ${payload}`).sort()).toEqual([
      "a there",
      "b away end",
      "b there",
      "b there end",
    ]);
  });

  it("lets no command in that may be old, and one that is not", async () => {
    const there = await central();
    const P = "pinbus/attic";
    const publisher = await client(there);
    await publisher.publishAsync(`${P}/out/lamp/set`, "ON", { qos: 0, retain: true });
    const port = await freePort();
    const topics = `{ filter: ${P}/#, direction: both }, { filter: end, direction: in }`;
    const agent = await agentWith(
      `node: attic\noutputs: { lamp: { line: 27 }, door: { line: 22 }, up: { line: 5, interlock: a }, down: { line: 6, interlock: a } }
interlocks: { a: { dead_time: 0ms } }\ncovers: { gate: { open: up, close: down } }\n${bridgeYaml(port, there.port, topics)}`,
    );
    await untilBridged(agent);
    const here = await watch({ url: `mqtt://127.0.0.1:${port}` }, "#");
    const state = async (output: string) => (await agent.ask("get", output)).stdout.trim();
    await publisher.publishAsync(`${P}/out/door/set`, "ON", { qos: 1 });
    await publisher.publishAsync(`${P}/cover/gate/set`, "OPEN", { qos: 1 });
    await publisher.publishAsync("end", "", { qos: 1 });
    await vi.waitFor(() => expect(here.payloads("end")).toHaveLength(1), patience);
    expect([await state("lamp"), await state("door"), await state("up")]).toEqual(["OFF", "OFF", "OFF"]);
    await eventually(() => agent.stderr).toContain(`a command on "${P}/out/lamp/set" may be old: left out`);
    await publisher.publishAsync(`${P}/out/lamp/set`, "ON", { qos: 0 });
    await vi.waitFor(async () => expect(await state("lamp")).toBe("ON"), patience);
    // What the node says of it went out.
    const centre = await watch(there, `${P}/out/lamp/state`);
    await vi.waitFor(() => expect(centre.payloads(`${P}/out/lamp/state`)).toEqual(["ON"]), patience);
  });

  it("knows its own messages at a broker that sends back everything", async () => {
    const there = await strict((await central()).port);
    const world = await bridged(there, "{ filter: a/#, direction: both }", "protocol: 3.1.1");
    await untilBridged(world.agent);
    const here = await watch(world.here, "a/#");
    const [one, other] = [await client(world.here), await client(there)];
    await publishAll(one, "a/here", 0, 50);
    world.away();
    await publishAll(one, "a/here", 50, 50);
    world.back();
    await vi.waitFor(
      async () => expect((await world.agent.client.request("status", {}))?.broker?.bridge).toMatchObject({ online: true, waiting: 0 }),
      patience,
    );
    await publishAll(other, "a/there", 0, 50);
    await vi.waitFor(() => expect(here.payloads("a/there")).toEqual(numbers(0, 50)), patience);
    expect(here.payloads("a/here")).toEqual(numbers(0, 100));
  });

  it("leaves out what is too large, and takes what comes behind it", async () => {
    const world = await bridged(await central(), "{ filter: a, direction: in }", "protocol: 3.1.1");
    await untilBridged(world.agent);
    const here = await watch(world.here, "a");
    const publisher = await client(world.there);
    await publisher.publishAsync("a", Buffer.alloc(300_000, "x"), { qos: 1 });
    await publisher.publishAsync("a", "small", { qos: 1 });
    await vi.waitFor(() => expect(here.payloads("a")).toEqual(["small"]), patience);
    await eventually(() => world.agent.stderr).toContain('the central broker sent a message of more than 256 kB on "a": left out');
  });

  it("sees that it leads to its own broker, and floods nobody", async () => {
    const port = await freePort();
    const proxy = await startProxy(port);
    onTestFinished(() => proxy.stop());
    const agent = await agentWith(
      bridgeYaml(port, Number(new URL(proxy.url).port), "{ filter: a, direction: out }, { filter: b, direction: both }"),
    );
    await untilBridged(agent);
    const here = await watch({ url: `mqtt://127.0.0.1:${port}` }, "+");
    const publisher = await client({ url: `mqtt://127.0.0.1:${port}` });
    for (const topic of ["a", "b", "end"]) await publisher.publishAsync(topic, "x", { qos: 1 });
    await vi.waitFor(() => expect(agent.stderr).toContain("does broker.bridge.server lead to this broker itself?"), patience);
    await vi.waitFor(() => expect(here.payloads("a")).toEqual(["x", "x"]), patience);
    expect(here.payloads("b").length).toBeLessThan(30);
  });

  it("gives up at the central broker what is no longer let in", async () => {
    const there = await central();
    const port = await freePort();
    const yaml = (topics: string) => bridgeYaml(port, there.port, topics);
    const first = await agentWith(yaml("{ filter: a, direction: in }, { filter: b, direction: in }"));
    await untilBridged(first);
    const text = readFileSync(first.config, "utf8").replace("{ filter: a, direction: in }, ", "");
    writeFileSync(first.config, text);
    const second = await killAndStartAgain(first);
    onTestFinished(() => second.clean());
    await untilBridged(second);
    const here = await watch({ url: `mqtt://127.0.0.1:${port}` }, "+");
    const publisher = await client(there);
    for (const topic of ["a", "b"]) await publisher.publishAsync(topic, "x", { qos: 1 });
    await vi.waitFor(() => expect(here.seen.map(({ topic }) => topic)).toEqual(["b"]), patience);
    const { bridge } = (await second.client.request("status", {}))?.broker ?? {};
    expect(bridge).toMatchObject({ online: true });
    expect(second.stderr).not.toContain("no entry");
  });

  it("tells a central broker that has lost everything what is retained here", async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const world = await bridged(broker, "{ filter: r/#, direction: out, prefix: site1/ }");
    await untilBridged(world.agent);
    const publisher = await client(world.here);
    for (const topic of ["r/a", "r/b"]) await publisher.publishAsync(topic, topic, { qos: 1, retain: true });
    const live = await watch(broker, "site1/#");
    await vi.waitFor(() => expect(live.seen).toHaveLength(2), patience);
    const told = [
      ["site1/r/a", true],
      ["site1/r/b", true],
    ];
    for (const again of [false, true]) {
      if (again) {
        await broker.restart();
        await vi.waitFor(async () => {
          const bridge = (await world.agent.client.request("status", {}))?.broker?.bridge;
          expect([bridge?.online, bridge?.reconnects !== 0]).toEqual([true, true]);
        }, patience);
      }
      const observer = await watch(broker, "site1/#");
      await vi.waitFor(() => expect(observer.seen.map(({ topic, retain }) => [topic, retain]).sort()).toEqual(told), patience);
    }
  });
});
