import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { connectAgent } from "../../../agent/command/client.ts";
import type { InputDetail } from "../../../agent/protocol.ts";
import { eventually } from "../shell/fixture.ts";
import { type AgentProcess, startAgent } from "./agent-process.ts";

describe("a pin in detail, from a running agent", () => {
  let agent: AgentProcess;
  beforeAll(async () => {
    agent = await startAgent(`
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
inputs: { porch: { line: 17, bias: pull-up, active: low } }
outputs: { lamp: { line: 27, max_on: 2h, pulse: 5s } }
rules: { porch-lamp: { when: { input: porch, gesture: press }, do: [{ output: lamp, set: toggle }] } }
`);
    return () => agent.clean();
  });

  it("tells each edge of a press that bounces, on the socket that may only look", async () => {
    const look = await connectAgent(agent.view);
    onTestFinished(() => look.close());
    const ask = () => look.request("pin", { id: "porch" }) as Promise<InputDetail>;
    expect((await ask()).edges.edges).toEqual([]);
    await agent.client.request("sim-press", { input: "porch", for_ms: 100, bounce_ms: 5 });
    const counted = async () => (await ask()).edges.edges.filter(({ accepted }) => accepted).map(({ active }) => active);
    await eventually(counted).toEqual([false, true]);
    const { edges } = (await ask()).edges;
    const rejected = edges.filter(({ accepted }) => accepted === false);
    expect(rejected.length).toBeGreaterThan(0);
    // The last one is what an agent does that stood still: it reads the line where edges are missing.
    for (const { note } of rejected) expect(note).toMatch(/^bounce: did not hold 20 ms$|^glitch|^as read from the line/);
    expect(edges.length).toBe(rejected.length + 2);
    const { pins } = await look.request("pins", {});
    expect(pins).toContainEqual(expect.objectContaining({ id: "porch", gesture: "click", gesture_ms: 20 }));
  });

  it("tells the contract of an output, and that there is no such pin", async () => {
    expect(await agent.client.request("pin", { id: "lamp" })).toMatchObject({ kind: "output", pulse_ms: 5000, max_on_ms: 7_200_000 });
    await expect(agent.client.request("pin", { id: "nobody" })).rejects.toMatchObject({ message: expect.stringContaining("lamp, porch") });
  });
});
