import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { toldOf } from "../../../agent/command/why.ts";
import type { Change } from "../../../agent/protocol.ts";
import { eventually } from "../shell/fixture.ts";
import { killAndStartAgain, startAgent } from "./agent-process.ts";

beforeAll(() => {
  process.env.TZ = "UTC";
});

const facts = { cause: "", detail: null, kind: "rule", source: "porch-lamp", id: null, chain: [] };
const change = (at: string, state: Change["state"], text: string, until: string | null = null): Change => ({
  ...facts,
  at,
  state,
  text,
  until,
});
const now = new Date("2026-11-21T11:00:00Z");

describe("pinbus why", () => {
  it("says since when and until when for the present state, when for the others, and the day when it is not today", () => {
    const changes = [
      { ...change("2026-11-21T10:40:00Z", "REFUSED", "REFUSED: lamp must stay on for 9000 ms"), allowed_at: "2026-11-21T10:40:09Z" },
      change("2026-11-21T10:33:12Z", "ON", "ON because porch was pressed; ends by max_on", "2026-11-21T12:33:12Z"),
      change("2026-11-20T22:00:00Z", "ON", "ON because the agent started; ends by its pulse", "2026-11-21T00:00:01Z"),
    ];
    expect(toldOf(changes, "ON", now)).toEqual([
      "10:40:00  REFUSED: lamp must stay on for 9000 ms; allowed from 10:40:09",
      "ON since 10:33:12 because porch was pressed; ends 12:33:12 by max_on",
      "2026-11-20 22:00:00  ON because the agent started; to end 00:00:01 by its pulse",
    ]);
    expect(toldOf(changes, "UNKNOWN", now)[1]).toMatch(/^10:33:12 {2}ON because/);
  });

  it("tells what was before a SIGKILL, with the facts for machines", async () => {
    const agent = await startAgent(`
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
inputs: { porch: { line: 17, debounce: 0ms } }
outputs: { lamp: { line: 27 } }
rules: { porch-lamp: { when: { input: porch, gesture: press }, do: [{ output: lamp, set: toggle }] } }
`);
    onTestFinished(() => agent.clean());
    await agent.client.request("sim-press", { input: "porch", for_ms: 80 });
    for (let count = 0; count < 100; count++)
      await agent.client.request("set", { output: "lamp", state: "PULSE", for_ms: 10 }).catch(() => undefined);
    await eventually(() => readFileSync(`${agent.folder}/state/history.jsonl`, "utf8")).toContain('"kind":"contract"');
    const again = await killAndStartAgain(agent);
    onTestFinished(() => again.clean());
    // The socket answers before the lines are ours.
    await eventually(async () => (await again.client.request("why", { output: "lamp" }))[0]?.kind).toBe("start");
    const changes = await again.client.request("why", { output: "lamp" });
    expect(changes.length).toBeGreaterThan(10);
    expect(changes.map(({ kind }) => kind)).toContain("contract");
    const { code, stdout } = await again.ask("why", "lamp", "-n", "2");
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^OFF since .* because the agent started\n.*\n\d+ more: --all shows them\n$/),
    ]);
    expect((await again.ask("why", "lamp", "--all")).stdout.split("\n")).toHaveLength(changes.length + 1);
    expect((await again.ask("why", "lamp", "-n", "none")).code).toBe(64);
  });
});
