import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeMosquitto } from "../../brokers.ts";
import { eventually } from "../shell/fixture.ts";
import { type AgentProcess, killAndStartAgain } from "./agent-process.ts";
import { P, startBehindProxy } from "./behind-proxy.ts";

/** With a counter and a sensor. */
async function outage(telemetry: "off" | "memory" | "disk") {
  const behind = await startBehindProxy(`
outbox: { telemetry: ${telemetry} }
inputs:
  bell: { line: 17, debounce: 0ms, event_ttl: 1h }
  meter: { line: 22, kind: counter, report: 100ms }
sensors: { attic: { driver: w1, id: 28-0316a2795bff } }
`);
  // What was read before the first connect.
  await eventually(async () => (await behind.status()).outbox.telemetry?.waiting ?? 0).toBe(0);
  const json = (topic: string) => behind.observer.payloads(topic).map((payload) => JSON.parse(payload));
  return { ...behind, json };
}

/** Each is on its way to the broker, or waits for it, before the next one comes. */
async function measure(agent: AgentProcess, values: readonly number[]): Promise<void> {
  for (const value of values) {
    await agent.client.request("sim-sensor", { sensor: "attic", to: value });
    await eventually(async () => (await agent.client.request("status", {})).sensors?.attic?.values[0]?.value).toBe(value);
  }
}

/** One pulse, and one report of it. */
async function pulse(agent: AgentProcess): Promise<void> {
  const waiting = async () => (await agent.client.request("status", {})).outbox.telemetry?.waiting ?? 0;
  const before = await waiting();
  await agent.client.request("sim-press", { input: "meter", for_ms: 5 });
  await eventually(waiting).toBeGreaterThan(before);
}

describeMosquitto("what is counted and measured while the broker is away", () => {
  it("is sent when it is back: marked, in order, behind the events, and never in place of the newest state", async () => {
    const { running, observer, leave, back, json } = await outage("memory");
    const { agent } = running;
    await leave();
    await measure(agent, [10, 11, 12]);
    for (let count = 0; count < 3; count++) await pulse(agent);
    await agent.client.request("sim-press", { input: "bell", for_ms: 5 });
    await eventually(async () => (await agent.client.request("status", {})).outbox.waiting).toBe(1);
    expect((await agent.ask("status")).stdout).toMatch(/\n {2}telemetry: \d+ readings wait for the broker, the oldest for \d+ s; 0 lost/);
    await back();
    await eventually(async () => (await agent.client.request("status", {})).outbox.telemetry?.waiting).toBe(0);
    await eventually(() => json(`${P}/sensor/attic/history`).map(({ temperature }) => temperature)).toEqual([10, 11, 12]);
    const totals = () => json(`${P}/counter/meter/history`).map(({ total }) => total as number);
    await eventually(() => [...new Set(totals())]).toEqual([1, 2, 3]);
    const sent = observer.seen.filter(({ topic }) => topic.endsWith("/history"));
    for (const { payload, retain } of sent) {
      expect(JSON.parse(payload)).toMatchObject({ historical: true, ts: expect.stringMatching(/^\d{4}-.*Z$/) });
      expect(retain).toBe(false);
    }
    const topics = observer.seen.map(({ topic }) => topic);
    expect(topics.indexOf(`${P}/in/bell/event`)).toBeLessThan(topics.findIndex((topic) => topic.endsWith("/history")));
    expect(json(`${P}/sensor/attic/state`).map(({ temperature }) => temperature)).toEqual([12]);
    await eventually(() => json(`${P}/counter/meter/state`).at(-1)).toMatchObject({ total: 3 });
    expect(json(`${P}/counter/meter/state`).at(-1)).not.toHaveProperty("historical");
  });

  it("waits on disk if so configured, and comes after a SIGKILL; what comes after the start is live", async () => {
    const { running, leave, back, json } = await outage("disk");
    await leave();
    await measure(running.agent, [10, 11]);
    await eventually(async () => (await running.agent.client.request("status", {})).outbox.telemetry?.waiting).toBe(2);
    // What is written is on disk after the patience of the file.
    await eventually(() => fileLines(running.agent)).toBeGreaterThanOrEqual(2);
    running.agent = await killAndStartAgain(running.agent);
    await back();
    await eventually(() => json(`${P}/sensor/attic/history`).map(({ temperature }) => temperature)).toEqual([10, 11]);
    await measure(running.agent, [12]);
    await eventually(() => json(`${P}/sensor/attic/state`).at(-1)?.temperature).toBe(12);
    expect(json(`${P}/sensor/attic/history`)).toHaveLength(2);
  });

  it("is not kept when nobody wants it", async () => {
    const { running, leave, back, json } = await outage("off");
    await leave();
    await measure(running.agent, [10, 11]);
    expect((await running.agent.client.request("status", {})).outbox).not.toHaveProperty("telemetry");
    await back();
    await eventually(() => json(`${P}/sensor/attic/state`).map(({ temperature }) => temperature)).toEqual([11]);
    expect(json(`${P}/sensor/attic/history`)).toEqual([]);
  });
});

function fileLines({ folder }: AgentProcess): number {
  const text = readFileSync(join(folder, "state", "telemetry.jsonl"), { encoding: "utf8", flag: "a+" });
  return text.split("\n").filter((line) => line.includes("/history")).length;
}
