import { expect, it, onTestFinished } from "vitest";
import { describeMosquitto } from "../../brokers.ts";
import { eventually } from "../shell/fixture.ts";
import { P, startBehindProxy } from "./behind-proxy.ts";

const changes = 1_000;
const lines = [4, 5, 6, 12, 13, 16, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27];
const ids = lines.map((line) => `relay-${line}`);

describeMosquitto("a thousand changes that nobody heard", () => {
  it("are one message for each topic when the broker is back, with the last state, before `online`", async () => {
    const { running, proxy, observer, leave, back } = await startBehindProxy(
      `outputs:\n${lines.map((line, index) => `  ${ids[index]}: { line: ${line} }`).join("\n")}\n`,
    );
    const { client } = running.agent;
    await leave();

    const states = new Map<string, "ON" | "OFF">(ids.map((id) => [id, "OFF"]));
    for (let change = 0; change < changes; change++) {
      const output = ids[change % ids.length] ?? "";
      const state = states.get(output) === "ON" ? "OFF" : "ON";
      states.set(output, state);
      expect(await client.request("set", { output, state })).toMatchObject({ changed: true });
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
    await back();
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
