import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sim } from "../../../agent/command/sim.ts";
import { get, set } from "../../../agent/command/talk.ts";
import { why } from "../../../agent/command/why.ts";
import { exit } from "../../../agent/exit.ts";
import type { ChipView, Status, TraceEntry } from "../../../agent/protocol.ts";
import { eventually } from "../shell/fixture.ts";
import { type AgentProcess, pinbus, start, startAgent } from "./agent-process.ts";

// One agent on the simulated board for all of these: each test leaves the outputs as it likes, none relies on another.
let agent: AgentProcess;
beforeAll(async () => {
  agent = await startAgent(`
node: garage
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
inputs:
  porch: { line: 17, bias: pull-up, active: low }
outputs:
  lamp: { line: 27 }
  gate: { line: 5, pulse: 50ms }
  fan: { line: 6, min_on: 1h }
  up: { line: 13, interlock: motor }
  down: { line: 19, interlock: motor }
interlocks: { motor: { dead_time: 200ms } }
rules:
  porch-lamp: { when: { input: porch, gesture: press }, do: [{ output: lamp, set: toggle }] }
`);
});
afterAll(() => agent.clean());

const ok = (stdout: string) => ({ code: 0, stdout, stderr: "" });

describe("the contract of an output", () => {
  it("a refusal says from when on it would be served", async () => {
    const before = Date.now();
    await agent.ask("set", "fan", "on");
    const { code, stderr } = await agent.ask("set", "fan", "off");
    expect(code).toBe(exit.refused);
    const [, allowed = ""] = /^pinbus: refused \(min_on\): .*; allowed at (\S+Z)\n$/.exec(stderr) ?? [];
    expect(Date.parse(allowed)).toBeGreaterThanOrEqual(before + 3_600_000);
  });

  it("a locked output is refused, shown and lets go again", async () => {
    expect(await agent.ask("lock", "lamp")).toEqual(ok(""));
    expect(await agent.ask("set", "lamp", "toggle")).toMatchObject({ code: exit.refused, stderr: expect.stringContaining("(locked)") });
    const { pins } = await agent.client.request("pins", {});
    expect(pins.find(({ id }) => id === "lamp")).toMatchObject({ locked: true });
    expect(JSON.parse(readFileSync(join(agent.folder, "state", "outputs.json"), "utf8"))).toMatchObject({ lamp: { locked: true } });
    expect(await agent.ask("unlock", "lamp")).toEqual(ok(""));
    expect(await agent.ask("set", "lamp", "off")).toEqual(ok("OFF\n"));
  });

  it("an interlocked output is answered when it is really on, after the dead time", async () => {
    await agent.ask("set", "down", "on");
    expect(await agent.ask("set", "up", "on")).toEqual(ok("ON\n"));
    const at = async (output: string) => Date.parse((await agent.client.request("why", { output }))[0]?.at ?? "");
    expect((await at("up")) - (await at("down"))).toBeGreaterThanOrEqual(199);
    expect(await agent.ask("get", "down")).toEqual(ok("OFF\n"));
  });
});

describe("get and set", () => {
  it("print the state alone, and --json for scripts", async () => {
    expect(await agent.ask("set", "lamp", "on")).toEqual(ok("ON\n"));
    expect(await agent.ask("get", "lamp")).toEqual(ok("ON\n"));
    expect(await agent.ask("set", "lamp", "TOGGLE")).toEqual(ok("OFF\n"));
    expect(await agent.ask("get", "porch")).toEqual(ok("OFF\n"));
    const json = await agent.ask("set", "lamp", "off", "--json");
    expect(JSON.parse(json.stdout)).toEqual({ output: "lamp", state: "OFF", changed: false });
    expect(JSON.parse((await agent.ask("get", "lamp", "--json")).stdout)).toEqual({ id: "lamp", kind: "output", state: "OFF" });
  });

  it("a pulse has its length and ends by itself", async () => {
    expect(await agent.ask("set", "gate", "pulse", "--for", "100ms")).toEqual(ok("ON\n"));
    await eventually(async () => (await agent.client.request("get", { id: "gate" })).state).toBe("OFF");
    const changes = await agent.client.request("why", { output: "gate" });
    expect(changes.slice(0, 2).map(({ state, cause }) => [state, cause])).toEqual([
      ["OFF", "pulse ended"],
      ["ON", "cli"],
    ]);
    const [end, begin] = changes.map(({ at }) => Date.parse(at));
    expect((end ?? 0) - (begin ?? 0)).toBeGreaterThanOrEqual(99);
  });

  it("a refusal ends with 1, a wrong command line with 64; both say why on stderr only", async () => {
    const [refused, wrong] = await Promise.all([agent.ask("get", "lmap"), agent.ask("set", "lamp", "blink")]);
    expect(refused).toEqual({ code: 1, stdout: "", stderr: expect.stringMatching(/^pinbus: refused \(unknown-id\): .*"lmap".*lamp.*\n$/) });
    expect(wrong).toEqual({
      code: 64,
      stdout: "",
      stderr: expect.stringMatching(
        /^pinbus: set takes on, off, toggle, pulse or a level like 40%, not "blink"\nusage: pinbus set <output> .*\n$/,
      ),
    });
  });

  // The rest of the table without a process for each row.
  it.each([
    ["set", ["porch", "on"], exit.refused, /there is no output "porch"/],
    ["set", ["lamp", "off", "--for", "1s"], exit.refused, /for_ms goes with ON or PULSE/],
    ["set", ["gate", "pulse", "--for", "1000h"], exit.refused, /at most a day/],
    ["set", ["gate", "pulse", "--for", "0ms"], exit.refused, /whole milliseconds/],
    ["set", ["gate", "pulse", "--for", "soon"], exit.usage, /500ms or 5s/],
    ["set", ["lamp"], exit.usage, /a word is missing/],
    ["get", ["lamp", "fan"], exit.usage, /"fan" is one word too many/],
    ["get", ["lamp", "--colour"], exit.usage, /--colour/],
    ["sim", ["tickle", "porch"], exit.usage, /sim takes press/],
    ["sim", ["press", "door"], exit.refused, /there is no input "door"/],
    ["sim", ["press", "porch", "--for", "2h"], exit.refused, /from 0 to 60000/],
    ["why", ["porch"], exit.refused, /there is no output "porch"/],
  ] as const)("%s %j is refused with a sentence", async (name, args, code, message) => {
    await expect({ get, set, sim, why }[name].run([...args, "--socket", agent.socket])).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

describe("the other questions", () => {
  it("status says that it is well, and --json everything", async () => {
    const [text, json] = await Promise.all([agent.ask("status"), agent.ask("status", "--json")]);
    expect(text).toMatchObject({ code: 0, stderr: "" });
    expect(text.stdout).toMatch(/^garage: ok\n/);
    expect(text.stdout).toMatch(/^ {2}1 input, 5 outputs, 1 rule; /m);
    const status = JSON.parse(json.stdout) as Status;
    expect(status).toMatchObject({
      health: "ok",
      problems: [],
      driver: "sim",
      pid: agent.child.pid,
      counts: { inputs: 1, outputs: 5, rules: 1 },
    });
    expect(status.uptime_s).toBeLessThanOrEqual(process.uptime());
  });

  it("sim press makes the rule act, and why tells the cause", async () => {
    await agent.client.request("set", { output: "lamp", state: "OFF" });
    expect(await agent.ask("sim", "press", "porch", "--for", "80ms", "--bounce", "3ms")).toEqual(ok(""));
    await eventually(async () => (await agent.client.request("get", { id: "lamp" })).state).toBe("ON");
    const { stdout } = await agent.ask("why", "lamp");
    expect(stdout.split("\n")[0]).toMatch(/^ON since \d\d:\d\d:\d\d because porch was pressed and rule porch-lamp says toggle$/);
  });

  it("trace shows the packets of both sides, without payloads, and goes on with --follow", async () => {
    await agent.ask("set", "lamp", "off");
    const { code, stdout } = await agent.ask("trace");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\S+ > CONNECT$/m);
    expect(stdout).toMatch(/^\S+ < CONNACK .* after [\d.]+ ms$/m);
    expect(stdout).toMatch(/^\S+ > PUBLISH +\d+ q1 retain +6 B pinbus\/garage\/status$/m);
    expect(stdout).not.toContain("online");
    const following = start(["trace", "--follow", "--json", "--socket", agent.socket]);
    const packets = () =>
      following.stdout
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as TraceEntry);
    const { number = 0 } = (await agent.client.request("trace", {})).at(-1) ?? {};
    await eventually(() => packets().at(-1)?.number ?? 0).toBeGreaterThanOrEqual(number);
    await agent.ask("set", "lamp", "on");
    await eventually(
      () => packets().filter((packet) => packet.number > number && packet.topic === "pinbus/garage/out/lamp/state").length,
    ).toBe(1);
    expect(packets().map((packet) => packet.number)).toEqual(packets().map((_, index) => index + (packets()[0]?.number ?? 0)));
    following.child.kill();
    await following.done;
  });

  it("pins shows each line with its header pin and its holder", async () => {
    const [{ code, stdout }, json] = await Promise.all([agent.ask("pins"), agent.ask("pins", "--json")]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pinctrl-bcm2711 \(gpiochip0 today\), 58 lines\n/);
    expect(stdout).toMatch(/ 17 {2}GPIO17 +pin 11 +input +pinbus:porch {2}= porch\n/);
    const chips = JSON.parse(json.stdout) as ChipView[];
    expect(chips[0]?.lines[27]).toMatchObject({ offset: 27, id: "lamp", header: 13, direction: "output" });
  });

  it("attach is the control socket on stdin and stdout", async () => {
    const lines = [
      { id: 1, method: "hello", params: { protocol: 1, client: "test" } },
      { id: 2, method: "get", params: { id: "gate" } },
    ];
    const { code, stdout } = await pinbus(["attach", "--socket", agent.socket], {
      stdin: `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`,
    });
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).ok),
    ).toEqual([true, true]);
  });

  it("the socket to look answers and does not operate", async () => {
    expect(await pinbus(["get", "gate", "--socket", agent.view])).toMatchObject({ code: 0 });
    const refused = await pinbus(["set", "gate", "on", "--socket", agent.view]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("refused (forbidden)");
  });

  it("the socket is found by argument, by environment and by the configuration", async () => {
    const elsewhere = { PINBUS_CONTROL_SOCKET: join(agent.folder, "nowhere.sock") };
    expect((await pinbus(["get", "gate"], { env: { PINBUS_CONTROL_SOCKET: agent.socket } })).code).toBe(0);
    expect((await pinbus(["get", "gate", "--config", agent.config])).code).toBe(0);
    expect((await pinbus(["get", "gate", "--socket", agent.socket], { env: elsewhere })).code).toBe(0);
    const unreachable = await pinbus(["get", "gate"], { env: elsewhere });
    expect(unreachable).toMatchObject({ code: 3, stdout: "" });
    expect(unreachable.stderr).toContain("nowhere.sock");
  });

  it("safe does not take the lines from a running agent", async () => {
    // The simulated board ends with its agent, so safe says so; a board of its own would be asked on the socket first.
    const config = join(agent.folder, "real.yaml");
    writeFileSync(config, `control: { socket: control.sock }\ngpio: { driver: chardev }\noutputs: { lamp: { line: 27 } }\n`);
    const refused = await pinbus(["safe", "--config", config]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("an agent is running");
    expect(await pinbus(["safe", "--config", agent.config])).toMatchObject({ code: 0 });
  });

  it("a second agent on the same socket is refused before it touches a line", async () => {
    const second = await pinbus(["run", "--config", agent.config]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain("another agent answers on");
    expect((await agent.ask("status")).code).toBe(0);
  });
});

describe("what comes from the network", () => {
  it("reaches neither terminal nor log raw", async () => {
    const client = await connectAsync(`mqtt://127.0.0.1:${agent.port}`, { reconnectPeriod: 0 });
    const hostile = ["\u001b]0;owned\u0007", "\u009b31m", "a\nb", "\r\u001b[2K fake line"];
    for (const id of hostile) {
      await client.publishAsync("pinbus/garage/out/lamp/set", JSON.stringify({ state: "ON", id }), { qos: 1 });
      await client.publishAsync("pinbus/garage/out/lamp/set", id, { qos: 1 });
      // A topic with control characters ends the connection, as at mosquitto.
      const other = await connectAsync(`mqtt://127.0.0.1:${agent.port}`, { reconnectPeriod: 0 });
      const topic = `pinbus/garage/out/${encodeURIComponent(id)}${id.replace(/[#+]/g, "")}/set`;
      const closed = new Promise<void>((resolve) => void other.once("close", () => resolve()));
      await Promise.race([closed, other.publishAsync(topic, "ON", { qos: 1 })]);
      await other.endAsync(true);
    }
    await client.publishAsync("pinbus/garage/out/lamp/set", '{"state":"TOGGLE","id":"the-last"}', { qos: 1 });
    await eventually(async () => (await agent.client.request("why", { output: "lamp" }))[0]?.detail).toBe("id the-last");
    await client.endAsync(true);
    const outputs = await Promise.all([agent.ask("why", "lamp"), agent.ask("why", "lamp", "--json")]);
    for (const text of [agent.stderr, ...outputs.flatMap(({ stdout, stderr }) => [stdout, stderr])]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not appear
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    }
    expect(agent.stderr).not.toMatch(/^ fake line/m);
    const changes = await agent.client.request("why", { output: "lamp" });
    expect(changes.filter(({ state }) => state === "REFUSED").length).toBeGreaterThanOrEqual(hostile.length);
  });
});
