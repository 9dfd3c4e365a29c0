import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { describe, expect, it, onTestFinished } from "vitest";
import { CommandError } from "../../../agent/command/command.ts";
import { rules } from "../../../agent/command/rules.ts";
import { exit } from "../../../agent/exit.ts";
import { startEmbedded } from "../../brokers.ts";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { type AgentProcess, pinbus, start, startAgent } from "./agent-process.ts";

const yaml = (broker: string, maxOn = "150ms") => `
node: garage
gpio: { driver: sim }
${broker}
inputs:
  porch: { line: 17, bias: pull-up, active: low, window: 5s }
  bell: { line: 22, bias: pull-up, active: low, kind: doorbell }
outputs:
  lamp: { line: 27, max_on: ${maxOn} }
  gate: { line: 5, pulse: 100ms }
  fan: { line: 6, on_start: on, on_broker_lost: { after: 1s, do: off } }
rules:
  porch-lamp: { when: { input: porch, gesture: press }, do: [{ output: lamp, set: toggle }] }
  porch-gate: { when: { input: porch, gesture: double }, do: [{ output: gate, set: pulse }] }
`;
const embedded = "broker: { listeners: [{ protocol: mqtt, port: 0 }] }";

async function agentOf(text: string): Promise<AgentProcess> {
  const agent = await startAgent(text);
  onTestFinished(() => agent.clean());
  return agent;
}

/** `pinbus record`, from the moment in which it records. */
async function recording(agent: AgentProcess, file: string, ...args: string[]) {
  const running = start(["record", file, "--socket", agent.socket, ...args]);
  onTestFinished(() => {
    running.child.kill("SIGKILL");
  });
  await eventually(() => existsSync(file) && readFileSync(file, "utf8").split("\n").length > 2).toBe(true);
  return {
    ...running,
    /** What is in the file by now. */
    text: () => readFileSync(file, "utf8"),
    stop() {
      running.child.kill("SIGINT");
      return running.done;
    },
  };
}

type Line = {
  event?: Record<string, unknown> & { type: string; at: number; input?: string };
  effects?: { type: string; message?: string; level?: string }[];
};
const linesOf = (text: string): Line[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const logsOf = (text: string) =>
  linesOf(text).flatMap(({ effects = [] }) =>
    effects.flatMap(({ type, message, level }) => (type === "log" && level !== "debug" ? [message] : [])),
  );
/** Edges with their distance from the first one, in whole microseconds. */
const edgesOf = (text: string) => {
  const edges = linesOf(text).flatMap(({ event }) => (event?.type === "edge" ? [event] : []));
  return edges.map(({ input, edge, at }) => `${input} ${edge} ${Math.round((at - (edges[0]?.at ?? 0)) * 1000)}`);
};

describe("an afternoon", () => {
  it("with bounces, commands, max_on, a reload and the broker away replays to the same events and effects, byte for byte", async () => {
    const folder = tempFolder();
    const file = join(folder, "afternoon.jsonl");
    const broker = await startEmbedded();
    const port = Number(new URL(broker.url).port);
    const agent = await agentOf(yaml(`mqtt: { server: 127.0.0.1, port: ${port} }`));
    const online = async () => (await agent.client.request("status", {})).link.online;
    await eventually(online).toBe(true);
    // A start that took longer than a second has switched it off.
    await agent.client.request("set", { output: "fan", state: "ON" });
    await agent.client.request("set", { output: "gate", state: "PULSE" });
    // Begins in the middle: a pulse is running.
    const recorded = await recording(agent, file);
    await agent.client.request("sim-press", { input: "porch", for_ms: 60, bounce_ms: 5 });
    await eventually(() => recorded.text()).toContain("porch release");
    await agent.client.request("sim-press", { input: "porch", for_ms: 60, bounce_ms: 5 });
    await agent.client.request("sim-press", { input: "bell", for_ms: 30 });
    await eventually(() => logsOf(recorded.text())).toContain("gate on: rule porch-gate (porch double)");
    await agent.client.request("set", { output: "lamp", state: "ON" });
    await eventually(() => logsOf(recorded.text()).join()).toContain("lamp off: max_on");
    const client = await connectAsync(broker.url, { reconnectPeriod: 0 });
    await client.publishAsync("pinbus/garage/out/lamp/set", '{"state":"on","id":"a-1","cause":"dusk"}', { qos: 1 });
    await client.publishAsync("pinbus/garage/out/lamp/set", "sideways \u0000\u2028", { qos: 1 });
    await client.publishAsync("pinbus/garage/out/gate/set", "pulse", { qos: 1 });
    await eventually(() => logsOf(recorded.text()).join()).toContain("gate on: mqtt");
    await client.endAsync();
    const text = readFileSync(agent.config, "utf8");
    writeFileSync(agent.config, text.replace("150ms", "90ms").replace("gate: { line: 5", "gate: { line: 26").replace("  bell:", "  ring:"));
    expect((await agent.client.request("reload", {})).applied).toBe(true);
    await agent.client.request("sim-press", { input: "ring", for_ms: 30 });
    await broker.stop();
    await eventually(() => logsOf(recorded.text()).join()).toContain("fan off: broker lost");
    const ended = await recorded.stop();
    expect(ended).toMatchObject({ code: exit.ok, stderr: "" });

    const replayed = await pinbus(["rules", "test", file]);
    expect(replayed.stderr).toBe("");
    expect(replayed.code).toBe(exit.ok);
    const said = replayed.stdout.trim().split("\n");
    const effects = linesOf(recorded.text()).flatMap((line) => line.effects ?? []).length;
    const events = linesOf(recorded.text()).filter((line) => line.effects).length;
    expect(ended.stdout).toContain(`${events} events`);
    expect(said.at(-1)).toBe(`same as recorded: ${events} events, ${effects} effects`);
    expect(said.slice(0, -1).map((line) => line.slice(26))).toEqual(logsOf(recorded.text()));

    // Somebody who changes what happened is told where.
    const forged = join(folder, "forged.jsonl");
    const wrong = recorded.text().replace('"message":"lamp on: rule porch-lamp (porch press)"', '"message":"lamp on: by itself"');
    writeFileSync(forged, wrong);
    const difference = await pinbus(["rules", "test", forged]);
    expect(difference.code).toBe(exit.refused);
    expect(difference.stderr).toMatch(
      /forged\.jsonl:\d+: not the same as recorded \(by pinbus [\d.]+\)\n {2}after {5}output-written\n {2}recorded .*by itself.*\n {2}now .*porch-lamp/,
    );

    // Another configuration: the lamp stays on longer, and nothing opens the gate.
    const other = join(folder, "other.yaml");
    writeFileSync(
      other,
      yaml(embedded, "1h")
        .replace(/ {2}porch-gate.*\n/, "")
        .replace(", window: 5s", ""),
    );
    const dry = await pinbus(["rules", "test", file, "--config", other]);
    expect(dry).toMatchObject({ code: exit.ok, stderr: "" });
    expect(dry.stdout).not.toContain("max_on");
    expect(dry.stdout).toMatch(/\n {2}rule porch-lamp fired 2 times\n/);
    expect(dry.stdout).toContain(`with ${other}, from `);
  });

  it("is played on the simulated board of another agent: the same edges at the same distances, the same decisions", async () => {
    const folder = tempFolder();
    const [file, again] = [join(folder, "one.jsonl"), join(folder, "two.jsonl")];
    const first = await agentOf(yaml(embedded, "10m"));
    const recorded = await recording(first, file);
    await first.client.request("sim-press", { input: "porch", for_ms: 60, bounce_ms: 4 });
    // A press that begins before the release has settled is none.
    await eventually(async () => (await first.client.request("get", { id: "porch" })).state).toBe("OFF");
    const client = await connectAsync(`mqtt://127.0.0.1:${first.port}`, { reconnectPeriod: 0 });
    await client.publishAsync("pinbus/garage/out/gate/set", '{"state":"pulse","id":"p-1"}', { qos: 1 });
    await first.client.request("sim-press", { input: "porch", for_ms: 60 });
    // No command close to the end of a debounce: one that is played late would come after it.
    await eventually(() => logsOf(recorded.text())).toContain("porch double");
    await first.client.request("set", { output: "lamp", state: "TOGGLE" });
    await first.client.request("lock", { output: "lamp", locked: true });
    await eventually(() => logsOf(recorded.text())).toContain("lamp locked by cli");
    await client.endAsync();
    await recorded.stop();

    const second = await agentOf(yaml(embedded, "10m"));
    const replayed = await recording(second, again);
    expect(await second.ask("sim", "play", file)).toMatchObject({
      code: exit.ok,
      stderr: "",
      stdout: expect.stringContaining("3 commands"),
    });
    const own = (text: string) => logsOf(text).filter((message) => !message?.startsWith("gate off"));
    await eventually(() => own(replayed.text())).toEqual(own(recorded.text()));
    await replayed.stop();
    expect(edgesOf(replayed.text())).toEqual(edgesOf(recorded.text()));
    expect((await pinbus(["rules", "test", again])).stdout).toContain("same as recorded");

    // Ten times faster is ten times closer.
    const quick = await recording(second, join(folder, "three.jsonl"));
    await second.client.request("lock", { output: "lamp", locked: false });
    expect((await second.ask("sim", "play", file, "--speed", "10")).code).toBe(exit.ok);
    const spans = [recorded, quick].map(({ text }) => Number(edgesOf(text()).at(-1)?.split(" ")[2]));
    expect((spans[0] ?? 0) / (spans[1] ?? 1)).toBeCloseTo(10, 1);
    await quick.stop();
  });
});

it("with values out of messages is played with their numbers, and without a text among them", async () => {
  const file = join(tempFolder(), "words.jsonl");
  const text = `
node: garage
gpio: { driver: sim }
${embedded}
sensors:
  attic: { driver: file, path: /attic, unit: l }
  washer: { driver: topic, topic: washer/state, values: { phase: { value: phase, type: text } } }
  plug: { driver: topic, topic: plug/power, unit: W }
`;
  const first = await agentOf(text);
  const client = await connectAsync(`mqtt://127.0.0.1:${first.port}`, { reconnectPeriod: 0 });
  const say = async (phase: string, watts: string) => {
    await client.publishAsync("washer/state", JSON.stringify({ phase }), { qos: 1 });
    await client.publishAsync("plug/power", watts, { qos: 1 });
  };
  await say("rinse", "7");
  const value = async (agent: AgentProcess, id: string) => JSON.stringify(await agent.client.request("get", { id }));
  await eventually(() => value(first, "plug")).toContain("7");
  await eventually(() => value(first, "washer")).toContain("rinse");
  await first.client.request("sim-sensor", { sensor: "attic", to: 0 });
  const recorded = await recording(first, file);
  await say("spin", "9");
  await eventually(() => recorded.text()).toContain("spin");
  await eventually(() => value(first, "plug")).toContain("9");
  await client.endAsync();
  await recorded.stop();

  const second = await agentOf(text);
  expect(await second.ask("sim", "play", file)).toMatchObject({
    code: exit.ok,
    stderr: "",
    stdout: "played 0 levels, 3 readings and 0 commands\n",
  });
  await eventually(() => value(second, "plug")).toContain('"value":9,"unit":"W"');
  expect(await value(second, "washer")).not.toContain("spin");
});

describe("the file of a recording", () => {
  it("is not for everybody, is not overwritten unless asked to, holds no secret, and ends where --size says so", async () => {
    const folder = tempFolder();
    const file = join(folder, "a.jsonl");
    const agent = await agentOf(yaml("mqtt: { server: 127.0.0.1, port: 1, username: pi, password: hunter2 }"));
    expect(await (await recording(agent, file)).stop()).toMatchObject({ code: exit.ok });
    expect(statSync(file).mode & 0o007).toBe(0);
    const before = readFileSync(file, "utf8");
    expect(before).toContain("porch-lamp");
    expect(before).not.toMatch(/hunter2|username/);
    const refused = await agent.ask("record", file);
    expect(refused).toMatchObject({
      code: exit.refused,
      stderr: expect.stringContaining("is there already: name another file, or overwrite it with --force"),
    });
    expect(readFileSync(file, "utf8")).toBe(before);
    const small = await agent.ask("record", file, "--force", "--size", "1k");
    expect(small).toMatchObject({ code: exit.refused, stderr: expect.stringContaining("it has the 1 kB that --size allows") });
    expect(await agent.ask("record", file, "--force", "--for", "50ms")).toMatchObject({ code: exit.ok, stderr: "" });
    expect(await agent.ask("record", join(folder, "no", "b.jsonl"))).toMatchObject({
      code: exit.refused,
      stderr: expect.stringContaining("ENOENT"),
    });
    expect((await agent.ask("record", file, "--size", "much")).code).toBe(exit.usage);
  });

  it("is readable after whoever recorded was killed, and after the agent was", async () => {
    const folder = tempFolder();
    const [one, two] = [join(folder, "one.jsonl"), join(folder, "two.jsonl")];
    const agent = await agentOf(yaml(embedded));
    const [killed, left] = [await recording(agent, one), await recording(agent, two)];
    await agent.client.request("sim-press", { input: "porch" });
    await eventually(() => logsOf(killed.text())).toContain("porch press");
    killed.child.kill("SIGKILL");
    await killed.done;
    expect(await pinbus(["rules", "test", one])).toMatchObject({
      code: exit.ok,
      stdout: expect.stringContaining("same as recorded"),
      stderr: expect.stringContaining("has no end: whoever recorded was killed"),
    });
    // A disk that was full, or a power cut, leaves a part of a line.
    writeFileSync(one, readFileSync(one).subarray(0, -7));
    expect(await pinbus(["rules", "test", one])).toMatchObject({
      code: exit.ok,
      stderr: expect.stringContaining("cut off within its last line"),
    });
    agent.child.kill("SIGKILL");
    expect(await left.done).toMatchObject({
      code: exit.unreachable,
      stderr: expect.stringContaining("the recording ended early: the agent"),
    });
    expect(JSON.parse(left.text().trim().split("\n").at(-1) ?? "")).toMatchObject({ end: { complete: false } });
    expect(await pinbus(["rules", "test", two])).toMatchObject({ code: exit.ok, stderr: "" });
  });
});

describe("a file that is no recording", () => {
  const header = '{"format":"pinbus-recording","version":1,"pinbus":"1","node":"a","started":"now"}';
  const snapshot = (more: object) => JSON.stringify({ snapshot: { at: 0, config: "", state: {}, timers: [], ...more } });
  it.each([
    ["an empty one", "", /a\.jsonl is empty/],
    ["something else", "node: garage\n", /a\.jsonl:1: this is no recording of pinbus/],
    ["a list", "[]\n", /a\.jsonl:1: this is no recording of pinbus/],
    ["a newer one", `${header.replace(":1,", ":2,")}\n`, /a\.jsonl:1: the recording has format version 2, and this pinbus reads version 1/],
    ["one that is cut off within its header", header.slice(0, 20), /a\.jsonl:1: it is cut off within the first line/],
    ["a header alone", `${header}\n`, /a\.jsonl has no event/],
    ["no JSON", `${header}\n${snapshot({})}\n{"event"\n`, /a\.jsonl:3: this is not what pinbus recorded: /],
    ["brackets", `${header}\n${snapshot({})}\n${"[".repeat(100_000)}\n`, /a\.jsonl:3: this is not what pinbus recorded: /],
    [
      "deep state",
      `${header}\n${snapshot({}).replace('"state":{}', `"state":{"a":${"[".repeat(50)}${"]".repeat(50)}}`)}\n`,
      /a\.jsonl:2: .*more than 32 levels/,
    ],
    [
      "a wrong configuration",
      `${header}\n${snapshot({ config: "outputs: { lamp: { line: 4, max_on: 1 } }" })}\n`,
      /a\.jsonl:2: .*the recorded configuration:1:.*max_on/,
    ],
    [
      "an event without a state",
      `${header}\n${snapshot({ state: { inputs: [] } })}\n{"event":{"type":"edge","input":"porch","at":1},"effects":[]}\n`,
      /a\.jsonl:3: this is not what pinbus recorded/,
    ],
    ["terminal codes", `${header}\n${snapshot({})}\n{"event":{"type":"\u001b]0;x\u0007"},"effects":[]}\n`, /a\.jsonl:3: /],
    ["a line without an end", `${header}\n${"x".repeat(5 * 1024 * 1024)}`, /a\.jsonl:2: the line has more than 4194304 bytes/],
  ])("is refused with its line: %s", async (_, text, message) => {
    const file = join(tempFolder(), "a.jsonl");
    writeFileSync(file, text);
    const error: unknown = await rules.run(["test", file]).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({ code: exit.refused, message: expect.stringMatching(message) });
  });

  it("is told apart from one that is not there, and from a command that is wrong", async () => {
    const folder = tempFolder();
    expect(await pinbus(["rules", "test", join(folder, "none")])).toMatchObject({
      code: exit.refused,
      stderr: expect.stringContaining(
        "none could not be read: ENOENT: there is no such file, create it or name another; `pinbus record` writes one",
      ),
    });
    expect((await pinbus(["rules", "check", "a"])).code).toBe(exit.usage);
    expect((await pinbus(["rules", "test", "a", "--config", join(folder, "none.yaml")])).code).toBe(exit.config);
  });
});
