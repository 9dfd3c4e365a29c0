import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exit } from "../../../agent/exit.ts";
import { eventually } from "../shell/fixture.ts";
import { type AgentProcess, start, startAgent } from "./agent-process.ts";

let agent: AgentProcess;
beforeAll(async () => {
  agent = await startAgent(`
node: garage
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
outputs: { lamp: { line: 27 }, fan: { line: 22 } }
sensors:
  attic: { driver: w1, id: 28-0316a2795bff }
`);
});
afterAll(() => agent.clean());

describe("pinbus watch", () => {
  it("tells what is, and then a line for each change, as JSON too, until it is stopped", async () => {
    const plain = start(["watch", "lamp", "attic.temperature", "--socket", agent.socket]);
    // Who may only look may watch.
    const json = start(["watch", "--json", "--socket", agent.view]);
    // Its first read, which is a moment after the start, has nothing to tell.
    await eventually(() => plain.stdout).toMatch(/lamp {2}OFF\n[\s\S]* {2}attic {2}failed: .*\n$/);
    await eventually(() => json.stdout).toContain('"id":"attic"');
    await agent.ask("set", "fan", "on");
    await agent.ask("set", "lamp", "on");
    await eventually(() => plain.stdout).toMatch(/\d\d:\d\d:\d\d {2}lamp {2}ON\n$/);
    await agent.ask("sim", "sensor", "attic", "21.4");
    await eventually(() => plain.stdout).toMatch(/attic {2}21\.4 °C\n$/);
    await agent.ask("sim", "sensor", "attic", "fail", "CRC error");
    await eventually(() => plain.stdout).toMatch(/attic {2}failed: CRC error\n$/);
    expect(plain.stdout).not.toContain("fan");
    const told = () =>
      json.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
    await eventually(() => told().at(-1)).toMatchObject({ id: "attic", kind: "sensor", value: null, reason: "failed: CRC error" });
    expect(told()).toContainEqual(expect.objectContaining({ id: "lamp", kind: "output", value: "ON", cause: expect.any(String) }));
    expect(told()).toContainEqual(expect.objectContaining({ id: "attic", name: "temperature", value: 21.4, unit: "°C", reason: null }));
    for (const each of [plain, json]) {
      each.child.kill("SIGINT");
      expect(await each.done).toMatchObject({ code: exit.ok, stderr: "" });
    }
  });

  it("is refused for what is not there, with what is", async () => {
    expect(await agent.ask("watch", "cellar")).toMatchObject({
      code: exit.refused,
      stderr: expect.stringContaining('there is no input, output or sensor "cellar"; there are lamp, fan, attic'),
    });
  });
});
