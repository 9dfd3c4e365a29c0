import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, expect, it } from "vitest";
import { topicsOf } from "../../../agent/core/topics.ts";
import type { BrokerFacts } from "../../../agent/doctor/facts.ts";
import { probeBroker } from "../../../agent/doctor/gather/broker.ts";
import type { LinkServer } from "../../../agent/shell/link-dial.ts";
import { describeMosquitto, freePort, mosquittoDenying, mosquittoUsers, observe, startEmbedded, startMosquitto } from "../../brokers.ts";
import { makeAuthority } from "../../certificates.ts";
import { startProxy } from "../../fault-proxy.ts";
import { eventually } from "../shell/fixture.ts";

const topics = topicsOf("pinbus", "garage");
const filters = [topics.commandFilter, topics.status];
const probe = (server: LinkServer, ms?: number) => probeBroker({ server, protocol: "auto", topics, filters }, ms);
const stepsOf = ({ steps }: BrokerFacts) => steps.map(({ step }) => step);
const all = ["tcp", "connack", "suback", "publish", "read-back"];
const secret = "correct-horse-battery";

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});
function until<T extends { stop(): unknown }>(broker: T): T {
  ending.push(() => broker.stop());
  return broker;
}
function authority() {
  const made = makeAuthority();
  ending.push(made.clean);
  return made;
}

it("nothing listens on a wrong port", async () => {
  const facts = await probe({ url: `mqtt://127.0.0.1:${await freePort()}` });
  expect(stepsOf(facts)).toEqual([]);
  expect(facts.failed).toMatchObject({ step: "tcp", why: { here: expect.stringMatching(/^nothing listens at/) } });
});

it("a name that nobody knows ends with the first step, and its name stays here", async () => {
  const facts = await probe({ url: "mqtt://broker-of-mine.invalid:1883" });
  expect(facts.failed).toMatchObject({ step: "name", why: { here: expect.stringContaining("cannot be resolved") } });
  expect(facts.failed?.why.abroad).not.toContain("broker-of-mine");
});

it("a packet that is too large is not collected", async () => {
  // 1 MB is announced, a third of it sent: who waits for all of it waits in vain.
  const broker = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write(Buffer.concat([Buffer.from([0x20, 0x80, 0x80, 0x40]), Buffer.alloc(300 * 1024)])));
  });
  await new Promise<void>((resolve) => broker.listen(0, "127.0.0.1", resolve));
  ending.push(() => broker.close());
  const facts = await probe({ url: `mqtt://127.0.0.1:${(broker.address() as AddressInfo).port}` }, 1000);
  expect(stepsOf(facts)).toEqual(["tcp", "connack"]);
  expect(facts.failed).toMatchObject({ step: "suback", why: { here: "no answer within 1 s" } });
});

it("the built-in broker, which speaks 3.1.1 only, is gone through with that", async () => {
  const broker = until(await startEmbedded());
  const facts = await probe({ url: broker.url });
  expect(facts).toMatchObject({ failed: null, version: "3.1.1", refused: [] });
  expect(stepsOf(facts)).toEqual(all);
});

it("WebSocket is a step of its own", async () => {
  const port = await freePort();
  const broker = until(await startEmbedded(0, { listeners: [{ protocol: "ws", address: "127.0.0.1", port }] }));
  const facts = await probe({ url: `ws://127.0.0.1:${broker.port}/mqtt` });
  expect(facts.failed).toBeNull();
  expect(stepsOf(facts)).toEqual(["tcp", "websocket", ...all.slice(1)]);
});

describeMosquitto("the way to mosquitto", () => {
  it("is gone to its end, each step with its time", async () => {
    const broker = until(await startMosquitto());
    const facts = await probe({ url: broker.url });
    expect(facts).toMatchObject({ failed: null, version: "5", refused: [] });
    expect(stepsOf(facts)).toEqual(all);
    for (const { ms } of facts.steps) expect(ms).toBeLessThan(5000);
  });

  it("disturbs no agent and leaves nothing retained", async () => {
    const broker = until(await startMosquitto());
    const agent = until(await observe(broker, "pinbus/#", { clientId: "pinbus-0123456789ab" }));
    await probe({ url: broker.url });
    await eventually(() => agent.seen.map(({ topic }) => topic)).toEqual(["pinbus/garage/doctor"]);
    expect(agent.client.connected).toBe(true);
    const later = until(await observe(broker, "#"));
    await later.client.publishAsync("end", "");
    expect(later.seen.filter(({ retain }) => retain)).toEqual([]);
  });

  it("ends at CONNACK with a wrong password, which is not in what is found", async () => {
    const broker = until(await startMosquitto(mosquittoUsers({ pi: "right" })));
    const facts = await probe({ url: broker.url, username: "pi", password: secret });
    expect(facts.failed).toMatchObject({ step: "connack", why: { here: expect.stringContaining("user pi is not authorised") } });
    expect(facts.failed?.why.abroad).toBe("the broker refused us (code 0x87)");
    expect(JSON.stringify(facts)).not.toContain(secret);
  });

  it("ends at TLS with a certificate that has expired", async () => {
    const ca = authority();
    const { cert, key } = ca.issue("broker", { from: -10, to: -1 });
    const tls = [`certfile ${cert}`, `keyfile ${key}`, "allow_anonymous true"];
    const broker = until(await startMosquitto({ config: tls }));
    const facts = await probe({ url: `mqtts://127.0.0.1:${broker.port}`, ca: readFileSync(ca.cert) });
    expect(stepsOf(facts)).toEqual(["tcp"]);
    expect(facts.failed).toMatchObject({ step: "tls", why: { here: expect.stringContaining("has expired") } });
  });

  it("goes through TLS, and tells until when the broker's certificate holds", async () => {
    const ca = authority();
    const { cert, key } = ca.issue("broker", { to: 5 });
    const broker = until(await startMosquitto({ config: [`certfile ${cert}`, `keyfile ${key}`, "allow_anonymous true"] }));
    const facts = await probe({ url: `mqtts://127.0.0.1:${broker.port}`, ca: readFileSync(ca.cert) });
    expect(facts.failed).toBeNull();
    expect(stepsOf(facts)).toEqual(["tcp", "tls", ...all.slice(1)]);
    expect(Math.round(((facts.certificate?.to ?? 0) - Date.now()) / 86_400_000)).toBe(5);
  });

  it("ends at TLS when the port speaks none", async () => {
    const broker = until(await startMosquitto());
    const facts = await probe({ url: `mqtts://127.0.0.1:${broker.port}` });
    expect(facts.failed?.step).toBe("tls");
  });

  it("tells which of the agent's subscriptions the rules refuse", async () => {
    const rules = mosquittoDenying([{ acltype: "subscribeLiteral", topic: topics.commandFilter }]);
    const broker = until(await startMosquitto(rules));
    expect(await probe({ url: broker.url })).toMatchObject({ failed: null, refused: [topics.commandFilter] });
  });

  it("ends at the message that the rules forbid", async () => {
    const rules = mosquittoDenying([{ acltype: "publishClientSend", topic: "pinbus/#" }]);
    const broker = until(await startMosquitto(rules));
    expect((await probe({ url: broker.url })).failed).toMatchObject({
      step: "publish",
      why: { here: expect.stringContaining("code 0x87") },
    });
  });

  it("ends when the message does not come back, as with an acl_file and MQTT 3.1.1", async () => {
    const acl = { config: ["allow_anonymous true", "acl_file {dir}/acl"], files: { acl: "topic read pinbus/other/#\n" } };
    const broker = until(await startMosquitto(acl));
    const facts = await probeBroker({ server: { url: broker.url }, protocol: "3.1.1", topics, filters }, 500);
    expect(facts.failed).toMatchObject({ step: "read-back", why: { here: expect.stringContaining("did not give it back") } });
  });

  it("each step has a time of its own, of which a slow broker needs a part", async () => {
    const broker = until(await startMosquitto());
    const proxy = until(await startProxy(broker.port));
    // There and back; three steps wait for it.
    proxy.delay = 200;
    const facts = await probe({ url: proxy.url }, 1000);
    expect(facts.failed).toBeNull();
    expect(stepsOf(facts)).toEqual(all);
  });

  it("a broker that hangs is left after the deadline", async () => {
    const broker = until(await startMosquitto());
    broker.hang(true);
    ending.push(() => broker.hang(false));
    const facts = await probe({ url: broker.url }, 400);
    expect(stepsOf(facts)).toEqual(["tcp"]);
    expect(facts.failed).toMatchObject({ step: "connack", why: { here: "no answer within 0.4 s" } });
  });
});
