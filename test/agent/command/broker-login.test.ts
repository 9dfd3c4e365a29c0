import { afterEach, expect, it, vi } from "vitest";
import { connectAgent } from "../../../agent/command/client.ts";
import { freePort } from "../../brokers.ts";
import { codeOf } from "../embedded/connack.ts";
import { patience } from "../shell/fixture.ts";
import { type AgentProcess, startAgent } from "./agent-process.ts";

let agent: AgentProcess;
afterEach(() => agent.clean());

it("the broker's credentials are told on the socket that may operate, and stand nowhere else", async () => {
  const port = await freePort();
  const listeners = `[{ protocol: mqtt, port: ${port} }]`;
  agent = await startAgent(
    `gpio: { driver: sim }\nlog: { level: debug }\nbroker: { listeners: ${listeners}, username: ev3, password: formosa }`,
  );
  const login = await agent.client.request("broker-login", {});
  expect(login).toMatchObject({ url: `mqtt://127.0.0.1:${port}`, username: "pinbus-terminal", trust: "own" });
  const { username = "", password = "" } = { username: login.username ?? "", password: login.password ?? "" };
  expect(await codeOf(port, { username, password })).toBe(0);
  expect(await codeOf(port, { username, password: `${password}x` })).toBe(5);
  expect(await codeOf(port, {})).toBe(5);

  const looker = await connectAgent(agent.view);
  await expect(looker.request("broker-login", {})).rejects.toThrow("forbidden");
  const seen = JSON.stringify([await looker.request("status", {}), await looker.request("host", {}), await looker.request("trace", {})]);
  looker.close();
  expect(password.length).toBeGreaterThan(20);
  for (const text of [seen, agent.stderr, agent.stdout]) expect(text).not.toContain(password);
});

it("the bytes of packets are told from the first question on, on the socket that may operate", async () => {
  agent = await startAgent(
    `gpio: { driver: sim }\nbroker: { listeners: [{ protocol: mqtt, port: ${await freePort()} }] }\noutputs: { lamp: { line: GPIO27 } }`,
  );
  const bytes = (number: number) => agent.client.request("packet-bytes", { number });
  await vi.waitFor(async () => expect(await agent.client.request("trace", {})).not.toEqual([]), patience);
  expect(await bytes(1)).toBeNull();
  await agent.client.request("set", { output: "lamp", state: "ON" });
  const topic = Buffer.from("/out/lamp/state").toString("hex");
  const payload = Buffer.from("ON").toString("hex");
  await vi.waitFor(async () => {
    const entries = await agent.client.request("trace", {});
    const last = entries.findLast((entry) => entry.topic?.endsWith("/out/lamp/state"));
    expect((await bytes(last?.number ?? 0))?.hex).toMatch(new RegExp(`^3[0-9a-f]*${topic}[0-9a-f]*${payload}$`));
  }, patience);
  expect(await bytes(1), "what was before nobody has kept").toBeNull();
  const looker = await connectAgent(agent.view);
  await expect(looker.request("packet-bytes", { number: 1 })).rejects.toThrow("forbidden");
  looker.close();
});
