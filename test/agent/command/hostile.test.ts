import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { freePort } from "../../brokers.ts";
import { wire } from "../embedded/session-wire.ts";
import { eventually, patience } from "../shell/fixture.ts";
import { main, startAgent } from "./agent-process.ts";

const program = join(dirname(main), "../../bench/hostile-attacks.mjs");
const attacks = execFileSync(process.execPath, [program], { encoding: "utf8" }).split("\n");
const run = promisify(execFile);

/** `bench/run.mjs hostile` measures how long a press takes meanwhile. */
describe("an agent whose built-in broker is attacked", () => {
  it("answers every press, serves whoever does nothing wrong, and has bounded memory", { timeout: 300_000 }, async () => {
    const [port, webSocketPort] = [await freePort(), await freePort()];
    const agent = await startAgent(`
gpio: { driver: sim }
broker: { listeners: [{ address: 127.0.0.1, port: ${port} }, { protocol: ws, address: 127.0.0.1, port: ${webSocketPort} }] }
inputs: { button: { line: GPIO17, debounce: 0ms } }
outputs: { lamp: { line: GPIO27 } }
rules: { toggle: { when: { input: button, gesture: press }, do: [{ output: lamp, set: toggle }] } }
`);
    try {
      const ordinary = await wire(port, "ordinary", { clean: true });
      await ordinary.subscribe("ordinary", 1);
      let state = "OFF";
      for (const attack of attacks) {
        let going = true;
        const done = run(process.execPath, [program, attack, String(port), "1", String(webSocketPort)]).finally(() => {
          going = false;
        });
        while (going) {
          // A rule that fires more often rests.
          await agent.client.request("sim-press", { input: "button", for_ms: 60 });
          state = state === "OFF" ? "ON" : "OFF";
          expect(await agent.client.request("get", { id: "lamp" }), attack).toMatchObject({ state });
        }
        await done;
        const before = ordinary.count(4);
        ordinary.send("ordinary", attack, { qos: 1 });
        await vi.waitFor(() => expect(ordinary.count(4), attack).toBeGreaterThan(before), patience);
        await vi.waitFor(() => expect(ordinary.payloads).toContain(attack), patience);
        const rss = Number(readFileSync(`/proc/${agent.child.pid}/status`, "utf8").match(/VmRSS:\s*(\d+)/)?.[1]) / 1024;
        expect(rss, `MB after ${attack}`).toBeLessThan(400);
      }
      await eventually(async () => (await agent.client.request("status", {})).link.online).toBe(true);
      expect(agent.stdout + agent.stderr).not.toContain("has failed");
    } finally {
      await agent.clean();
    }
  });
});
