import { readFileSync, writeFileSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import { observe } from "../../brokers.ts";
import { eventually } from "../shell/fixture.ts";
import { startAgent } from "./agent-process.ts";

it("a running agent logs who connects to its broker and publishes it, until a reload ends both (brokers 7.7)", async () => {
  const agent = await startAgent(`
node: garage
gpio: { driver: sim }
broker: { listeners: [{ protocol: mqtt, port: 0 }], sys_interval: 1s, log: { connections: on, topics: on } }
outputs: { lamp: { line: 27 } }
`);
  onTestFinished(() => agent.clean());
  const broker = { url: `mqtt://127.0.0.1:${agent.port}` };
  const observer = await observe(broker, "$SYS/broker/#", { clientId: "observer" });
  onTestFinished(() => observer.stop());
  await (await observe(broker, "x", { clientId: "guest", username: "me" })).stop();
  const sentence = /^\d+: New client connected from 127\.0\.0\.1:\d+ as guest \(p2, c1, k60, u'me'\)\.$/;
  await eventually(() => observer.payloads("$SYS/broker/log/N").filter((line) => sentence.test(line))).toHaveLength(1);
  await eventually(() => `${agent.stdout}${agent.stderr}`).toContain("broker: Client guest closed its connection.");
  await eventually(() => new Set(observer.payloads("$SYS/broker/uptime")).size).toBeGreaterThan(1);
  const text = readFileSync(agent.config, "utf8").replace("sys_interval: 1s, log: { connections: on, topics: on }", "sys_interval: 0s");
  writeFileSync(agent.config, text);
  expect(await agent.ask("reload")).toMatchObject({ code: 0 });
  const late = await observe(broker, "y", { clientId: "late" });
  onTestFinished(() => late.stop());
  await observer.client.subscribeAsync("end");
  await late.client.publishAsync("end", "", { qos: 1 });
  await eventually(() => observer.payloads("end")).toHaveLength(1);
  expect(observer.payloads("$SYS/broker/log/N").filter((line) => line.includes("as late"))).toEqual([]);
  expect(`${agent.stdout}${agent.stderr}`).not.toContain("as late");
});
