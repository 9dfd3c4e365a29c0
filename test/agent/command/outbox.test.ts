import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { describeMosquitto, observe, startMosquitto } from "../../brokers.ts";
import { startProxy } from "../../fault-proxy.ts";
import { runs } from "../../runs.ts";
import { eventually, patience } from "../shell/fixture.ts";
import { killAndStartAgain, startAgent } from "./agent-process.ts";

vi.setConfig({ testTimeout: 180_000 + runs(6) * 5_000 });

const topic = "pinbus/box/in/bell/event";

describeMosquitto("events of a running agent", () => {
  it("survive SIGKILL at any moment, with the broker there or not: what is on disk arrives, and twice at most with its number", async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const proxy = await startProxy(broker.port);
    onTestFinished(() => proxy.stop());
    const observer = await observe(broker, topic);
    onTestFinished(() => observer.stop());
    let agent = await startAgent(`
node: box
gpio: { driver: sim, board: pi4 }
mqtt: { server: 127.0.0.1, port: ${new URL(proxy.url).port} }
inputs: { bell: { line: 17, debounce: 0ms, event_ttl: 1h } }
`);
    onTestFinished(() => agent.clean());
    const file = join(agent.folder, "state", "outbox.jsonl");
    const expected = new Set<string>();
    const kills = runs(6);
    for (let kill = 0; kill < kills; kill++) {
      let client = agent.client;
      const producer = setInterval(() => void client.request("sim-press", { input: "bell", for_ms: 5 }).catch(() => undefined), 20);
      const moment = 100 + Math.random() * 900;
      const turn = setTimeout(() => {
        proxy.open = !proxy.open;
        proxy.cut();
      }, Math.random() * moment);
      await new Promise((resolve) => setTimeout(resolve, moment));
      clearTimeout(turn);
      const dying = agent;
      dying.child.kill("SIGKILL");
      await dying.done;
      clearInterval(producer);
      for (const payload of waitingIn(file)) expected.add(payload);
      agent = await killAndStartAgain(dying);
      client = agent.client;
    }
    proxy.open = true;
    const heard = () => observer.payloads(topic);
    await vi.waitFor(() => expect([...expected].filter((payload) => !heard().includes(payload))).toEqual([]), {
      ...patience,
      interval: 200,
    });
    await eventually(() => readFileSync(file, "utf8")).toBe("");
    const times = new Map<string, number>();
    for (const payload of heard()) times.set(payload, (times.get(payload) ?? 0) + 1);
    const numbers = [...times.keys()].map((payload) => (JSON.parse(payload) as { seq: number }).seq);
    expect(new Set(numbers).size).toBe(numbers.length);
    const twice = heard().length - times.size;
    expect(twice).toBeLessThanOrEqual(64 * kills);
    expect(expected.size).toBeGreaterThan(0);
    console.log(`# ${kills} kills: ${expected.size} events waited on disk, all delivered; ${times.size} delivered in all, ${twice} twice`);
  });
});

/** The payloads that a restart has to send. */
function waitingIn(file: string): string[] {
  const records = readFileSync(file, { encoding: "utf8", flag: "a+" })
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line) => JSON.parse(line.slice(9)) as { n?: number; done?: number; payload?: string });
  const done = Math.max(0, ...records.flatMap((record) => record.done ?? []));
  return records.flatMap(({ n = 0, payload }) => (payload !== undefined && n >= done ? payload : []));
}
