import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { toldOf } from "../../../agent/command/rules.ts";
import { planOf } from "../../../agent/core/plan.ts";
import { eventText, recordingFormat, recordingVersion, snapshotText } from "../../../agent/core/recording.ts";
import { newState } from "../../../agent/core/state.ts";
import { exit } from "../../../agent/exit.ts";
import type { RuleStatus } from "../../../agent/protocol.ts";
import { writeConfig } from "../../../config/write.ts";
import { configOf } from "../../config/loading.ts";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { pinbus, startAgent } from "./agent-process.ts";

const house = `
node: house
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
time_zone: UTC
inputs: { key: { line: 17, debounce: 0ms } }
outputs: { lamp: { line: 27 }, fan: { line: 22 } }
rules:
  key-lamp: { when: { input: key, gesture: press }, do: [{ output: lamp, set: toggle }] }
  blink: { when: { input: key, gesture: release }, do: [{ output: fan, pattern: [1m] }] }
  night: { when: [{ time: "22:00" }, { time: "23:00" }], do: [{ output: lamp, set: off }] }
  busy: { when: { output: lamp, is: on }, do: [{ publish: x/y }] }
`;
async function agentOf(yaml: string) {
  const agent = await startAgent(yaml);
  onTestFinished(() => agent.clean());
  const listed = async (): Promise<RuleStatus[]> => JSON.parse((await agent.ask("rules", "--json")).stdout);
  return { ...agent, child: agent.child, listed };
}

describe("pinbus rules", () => {
  it("lists every rule: whether it is enabled, how often it fired, and when its time comes", async () => {
    const agent = await agentOf(house);
    await agent.client.request("sim-press", { input: "key", for_ms: 20 });
    await eventually(async () => (await agent.listed()).map(({ id, fired }) => `${id} ${fired}`)).toEqual([
      "key-lamp 1",
      "blink 1",
      "night 0",
      "busy 1",
    ]);
    const [lamp, , night] = await agent.listed();
    const since = JSON.parse((await agent.ask("status", "--json")).stdout).started;
    expect(lamp).toEqual({
      id: "key-lamp",
      text: "key press -> lamp toggle",
      fired: 1,
      last: expect.stringMatching(/Z$/),
      enabled: true,
      rests_until: null,
      problem: null,
      next: null,
    });
    expect(Date.parse(lamp?.last ?? "")).toBeGreaterThanOrEqual(Date.parse(since));
    expect(night?.next).toMatch(/T2[23]:00:00\.000Z$/);
    expect(Date.parse(night?.next ?? "")).toBeGreaterThan(Date.parse(since));
    // Who may only look is told the same.
    const seen = await pinbus(["rules", "--socket", agent.view]);
    expect(seen).toMatchObject({ code: exit.ok, stderr: "" });
    expect(seen.stdout).toMatch(/^key-lamp {2}enabled {2}fired 1 time, last [\d:]{8} +key press -> lamp toggle\n/);
    expect(seen.stdout).toMatch(/\nnight +enabled {2}never fired +next [^a-z]+it is 22:00/);
  });

  it("disables a rule with its pattern, for the next start too, and enables it again", async () => {
    const agent = await agentOf(house);
    const fan = async () => (await agent.ask("get", "fan")).stdout;
    await agent.client.request("sim-press", { input: "key", for_ms: 20 });
    await eventually(fan).toBe("ON\n");
    expect(await agent.ask("rules", "disable", "blink")).toEqual({ code: exit.ok, stdout: "", stderr: "" });
    expect(await fan()).toBe("OFF\n");
    expect(JSON.parse(readFileSync(join(agent.folder, "state", "rules.json"), "utf8"))).toEqual({ blink: false });
    expect((await agent.listed())[1]).toMatchObject({ id: "blink", enabled: false });
    expect((await agent.ask("rules")).stdout).toMatch(/\nblink +disabled/);
    expect(await agent.ask("rules", "enable", "blink", "--json")).toMatchObject({ stdout: '{"rule":"blink","enabled":true}\n' });
    expect((await agent.listed())[1]).toMatchObject({ enabled: true });
  });

  it("refuses what it cannot do, with the exit code for it", async () => {
    const agent = await agentOf(house);
    const refused = (stderr: RegExp) => ({ code: exit.refused, stdout: "", stderr: expect.stringMatching(stderr) });
    expect(await agent.ask("rules", "disable", "nihgt")).toMatchObject(
      refused(/\(unknown-id\).*no rule "nihgt"; there are key-lamp, blink, night, busy/),
    );
    expect(await pinbus(["rules", "disable", "night", "--socket", agent.view])).toMatchObject(refused(/\(forbidden\).*may only look/));
    expect((await agent.listed())[2]).toMatchObject({ enabled: true });
    for (const args of [["disable"], ["stop", "night"], ["test", "a", "--json"], ["enable", "a", "b"]])
      expect((await agent.ask("rules", ...args)).code).toBe(exit.usage);
    expect((await pinbus(["rules", "--socket", join(agent.folder, "none.sock")])).code).toBe(exit.unreachable);
    // What cannot be kept takes effect, and is not said to be done.
    const file = join(agent.folder, "state", "rules.json");
    rmSync(file, { force: true });
    await mkdir(join(file, "in the way"), { recursive: true });
    expect(await agent.ask("rules", "disable", "night")).toMatchObject(
      refused(/\(failed\).*"night" is disabled until the next start only/),
    );
    expect((await agent.listed())[2]).toMatchObject({ enabled: false, next: null });
  });

  it("says until when a rule rests, and why", async () => {
    const agent = await agentOf(house);
    for (let flip = 0; flip < 102; flip++) await agent.client.request("set", { output: "lamp", state: "TOGGLE" });
    const [busy] = (await agent.listed()).slice(-1);
    expect(busy).toMatchObject({ id: "busy", fired: 50, problem: "it fired too often (more than 50 times in 10 s, or 500 by inputs)" });
    expect(Date.parse(busy?.rests_until ?? "") - Date.parse(busy?.last ?? "")).toBeGreaterThanOrEqual(60_000);
    expect((await agent.ask("rules")).stdout).toMatch(/\n {2}rests until [^a-z]+: it fired too often/);
  });
});

describe("a recorded night", () => {
  it("lets the times of day of another configuration come, by the recorded clock and in the zone of that configuration", async () => {
    const folder = tempFolder();
    const [file, other] = [join(folder, "night.jsonl"), join(folder, "other.yaml")];
    const config = configOf("inputs: { porch: { line: 17 } }");
    const plan = planOf(config);
    const state = newState(plan, () => 1);
    const [at, wall] = [5000.25, Date.parse("2026-11-21T04:00:00Z")];
    // At 06:31 somebody presses what the other configuration does not have.
    const line = (minutes: number) => {
      const now = at + minutes * 60_000;
      const press = { type: "edge", input: 0, edge: "rising", at: now } as const;
      return eventText(plan, minutes === 91 ? press : { type: "clock-read", offset: wall - at, set: true, zone: 0, at: now }, []);
    };
    const header = { format: recordingFormat, version: recordingVersion, pinbus: "1", node: "garage", started: "" };
    const snapshot = snapshotText({ at, config: writeConfig(config), state, timers: [] });
    const lines = Array.from({ length: 120 }, (_, minute) => line(minute === 90 ? 91 : minute));
    const end = { end: { at: "2026-11-21T08:00:00Z", why: "Ctrl-C", complete: true } };
    writeFileSync(file, [JSON.stringify(header), snapshot, ...lines, JSON.stringify(end), ""].join("\n"));
    writeFileSync(
      other,
      `time_zone: Europe/Berlin
outputs: { lamp: { line: 16 } }
rules:
  morning: { when: { time: "06:30" }, and: { between: ["06:30", "06:31"] }, do: [{ output: lamp, set: on }] }
  gone: { when: { time: "04:30" }, do: [{ output: lamp, set: off }] }
`,
    );
    const test = () => pinbus(["rules", "test", file, "--config", other]);
    const first = await test();
    expect(first).toMatchObject({ code: exit.ok, stderr: "" });
    expect(first.stdout.split("\n").slice(0, 6)).toEqual([
      "2026-11-21T05:30:00.000Z  lamp on: rule morning (it is 06:30)",
      `with ${other}, from 118 recorded events:`,
      "  lamp changed 1 time (recorded: 0)",
      "  rule morning fired 1 time",
      "  rule gone fired 0 times",
      "  2 edges and commands of what it does not have were left out",
    ]);
    expect(await test()).toEqual(first);
  });
});

describe("the list of rules", () => {
  const rule: RuleStatus = {
    id: "a",
    text: "x press -> lamp on",
    fired: 0,
    last: null,
    enabled: true,
    rests_until: null,
    problem: null,
    next: null,
  };

  it("shows times of today as times, and others with their day", () => {
    const now = new Date(2026, 10, 21, 12);
    const at = (...parts: [number, number, number, number?]) => new Date(2026, ...parts).toISOString();
    expect(
      toldOf(
        [
          { ...rule, fired: 12, last: at(10, 21, 11), next: at(10, 22, 6) },
          { ...rule, id: "night", enabled: false, rests_until: at(10, 21, 12, 1), problem: "it fired too often" },
        ],
        now,
      ),
    ).toEqual([
      "a      enabled   fired 12 times, last 11:00:00  next 2026-11-22 06:00:00  x press -> lamp on",
      "night  disabled  never fired                                              x press -> lamp on",
      "  rests until 12:01:00: it fired too often",
    ]);
    expect(toldOf([{ ...rule, fired: 1, last: at(10, 21, 11) }], now)).toEqual([
      "a  enabled  fired 1 time, last 11:00:00  x press -> lamp on",
    ]);
    expect(toldOf([], now)).toEqual(["no rule is configured"]);
  });
});
