import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { exit } from "../../../agent/exit.ts";
import { eventually } from "../shell/fixture.ts";
import { type AgentProcess, killAndStartAgain, startAgent } from "./agent-process.ts";

let agent: AgentProcess;
let bus: MqttClient;
const seen: { topic: string; payload: Record<string, unknown>; retain: boolean }[] = [];
beforeAll(async () => {
  agent = await startAgent(`
node: garage
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
inputs:
  meter: { line: 17, kind: counter, per_unit: 100, unit: kWh, report: 100ms }
  knob: { line: 22, line_b: 23, kind: encoder }
`);
  bus = await connectAsync(`mqtt://127.0.0.1:${agent.port}`);
  bus.on("message", (topic, payload, { retain }) => seen.push({ topic, payload: JSON.parse(payload.toString()), retain }));
  await bus.subscribeAsync(["pinbus/garage/counter/+/state", "pinbus/garage/counter/+/result"]);
});
afterAll(async () => {
  await bus.endAsync(true);
  await agent.clean();
});

const newest = (leaf: string) => seen.findLast(({ topic }) => topic === `pinbus/garage/counter/meter/${leaf}`)?.payload;

describe("a counter of a running agent", () => {
  it("counts, publishes, and is read and set from the command line", async () => {
    for (let i = 0; i < 3; i++) await agent.client.request("sim-press", { input: "meter", for_ms: 2 });
    await eventually(() => newest("state")).toMatchObject({ total: 0.03, pulses: 3, unit: "kWh", lost: 0 });
    expect(await agent.ask("get", "meter")).toMatchObject({ code: 0, stdout: "0.03\n" });
    expect(JSON.parse((await agent.ask("get", "meter", "--json")).stdout)).toMatchObject({ kind: "counter", total: 0.03, pulses: 3 });
    expect(await agent.ask("set", "meter", "12.5")).toMatchObject({ code: 0, stdout: "12.5\n" });
    await eventually(() => newest("state")).toMatchObject({ total: 12.5 });
    expect((await agent.ask("status")).stdout).toMatch(/^ {2}meter: 12\.5 kWh, .* kWh\/h$/m);
    expect((await agent.ask("why", "meter")).stdout).toMatch(
      /^[0-9:]{8} {2}set to 12\.5 kWh \(was 0\.03 kWh\) because somebody set it with `pinbus set`\n$/,
    );
    expect(await agent.ask("set", "meter", "1", "--for", "1s")).toMatchObject({ code: exit.usage });
    expect(await agent.ask("set", "nothing", "1")).toMatchObject({
      code: exit.refused,
      stderr: expect.stringContaining("there are meter, knob"),
    });
  });

  it("takes a number below 0 for what it is, and not for an option", async () => {
    expect(await agent.ask("set", "knob", "-3")).toMatchObject({ code: 0, stdout: "-3\n" });
    expect(JSON.parse((await agent.ask("set", "knob", "-4", "--json")).stdout)).toMatchObject({ total: -4 });
  });

  it("is set over MQTT with an answer, and refuses what is not understood", async () => {
    await bus.publishAsync("pinbus/garage/counter/meter/set", '{"set":7,"id":"a"}', { qos: 1 });
    await eventually(() => newest("result")).toEqual({ id: "a", ok: true, total: 7, pulses: 700 });
    await bus.publishAsync("pinbus/garage/counter/meter/set", "much", { qos: 1 });
    await eventually(() => newest("result")).toMatchObject({ ok: false, reason: "malformed" });
    await eventually(() => newest("state")).toMatchObject({ total: 7 });
  });

  it("keeps every total that it has published over a SIGKILL in the middle of a thousand pulses", async () => {
    const press = async () => {
      // Ends with the agent.
      for (;;) await agent.client.request("sim-press", { input: "meter", for_ms: 0 });
    };
    const presses = [press(), press(), press()].map((pressing) => pressing.catch(() => undefined));
    await eventually(() => Number(newest("state")?.pulses)).toBeGreaterThan(1700);
    const again = await killAndStartAgain(agent);
    onTestFinished(() => again.clean());
    await Promise.all(presses);
    const published = Number(newest("state")?.pulses);
    const { state } = await again.client.request("get", { id: "meter" });
    const pulses = Math.round(Number(state) * 100);
    expect(pulses).toBeGreaterThanOrEqual(published);
    expect(pulses).toBeLessThan(published + 2000);
  });
});
