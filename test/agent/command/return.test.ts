import { expect, it, onTestFinished, vi } from "vitest";
import { describeMosquitto, observe, startMosquitto } from "../../brokers.ts";
import { startProxy } from "../../fault-proxy.ts";
import { eventually } from "../shell/fixture.ts";
import { startAgent } from "./agent-process.ts";

vi.setConfig({ testTimeout: 60_000 });

const P = "pinbus/box";
const changes = 1_000;
const lines = [4, 5, 6, 12, 13, 16, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27];
const ids = lines.map((line) => `relay-${line}`);

describeMosquitto("a thousand changes that nobody heard", () => {
  it("are one message for each topic when the broker is back, with the last state, before `online`", async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const proxy = await startProxy(broker.port);
    onTestFinished(() => proxy.stop());
    const observer = await observe(broker, `${P}/#`);
    onTestFinished(() => observer.stop());
    const agent = await startAgent(`
node: box
gpio: { driver: sim, board: pi4 }
mqtt: { server: 127.0.0.1, port: ${new URL(proxy.url).port} }
outputs:
${lines.map((line, index) => `  ${ids[index]}: { line: ${line} }`).join("\n")}
`);
    onTestFinished(() => agent.clean());
    const isOnline = async () => (await agent.client.request("status", {})).link.online;
    await eventually(isOnline).toBe(true);
    proxy.open = false;
    proxy.cut();
    await eventually(isOnline).toBe(false);
    await eventually(() => observer.payloads(`${P}/status`).at(-1)).toBe("offline");
    observer.seen.length = 0;

    const states = new Map<string, "ON" | "OFF">(ids.map((id) => [id, "OFF"]));
    for (let change = 0; change < changes; change++) {
      const output = ids[change % ids.length] ?? "";
      const state = states.get(output) === "ON" ? "OFF" : "ON";
      states.set(output, state);
      expect(await agent.client.request("set", { output, state })).toMatchObject({ changed: true });
    }

    const { connections } = proxy;
    const right = () => ids.every((id) => observer.payloads(`${P}/out/${id}/state`).at(-1) === states.get(id));
    let [connected, all] = [0, 0];
    const watch = setInterval(() => {
      if (connected === 0 && proxy.connections > connections) connected = performance.now();
      if (all === 0 && right()) all = performance.now();
    }, 1);
    onTestFinished(() => clearInterval(watch));
    proxy.delay = 15;
    proxy.open = true;
    // The back-off of so long an absence is some seconds.
    await expect.poll(isOnline, { timeout: 40_000, interval: 20 }).toBe(true);
    await eventually(() => all).toBeGreaterThan(0);
    await eventually(() => observer.payloads(`${P}/status`)).toContain("online");
    const topics = observer.seen.map(({ topic }) => topic);
    const online = topics.indexOf(`${P}/status`);
    for (const id of ids) {
      expect(observer.payloads(`${P}/out/${id}/state`)).toEqual([states.get(id)]);
      expect(observer.payloads(`${P}/out/${id}/attr`)).toHaveLength(1);
      expect(topics.indexOf(`${P}/out/${id}/state`)).toBeLessThan(online);
    }
    const births = topics.slice(0, online);
    expect(births).toEqual([...new Set(births)]);
    console.log(
      `# ${changes} changes while the broker was away: every retained state right ${Math.round(all - connected)} ms after the connect, 30 ms round trip`,
    );
  });
});
