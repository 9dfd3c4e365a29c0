import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import { spawn } from "@lydell/node-pty";
import { connectAsync } from "mqtt";
import { describe, expect, it, onTestFinished } from "vitest";
import { connectAgent } from "../../../agent/command/client.ts";
import { createBroker } from "../../../agent/embedded/broker.ts";
import { freePort, silentLog } from "../../brokers.ts";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { type AgentProcess, main, pinbus, startAgent } from "./agent-process.ts";

const board = `
node: garage
gpio: { driver: sim }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
inputs: { porch: { line: 17, bias: pull-up, active: low } }
outputs: { lamp: { line: 27, max_on: 2h }, fan: { line: 6, on_start: on, on_exit: off } }
`;
const changed = board.replace("fan: { line: 6", "gate: { line: 5").replace("2h", "1h");

async function agent() {
  const running = await startAgent(board);
  onTestFinished(() => running.clean());
  return running;
}

/** Another text below the two lines that name the agent's own folder. */
function write({ config }: AgentProcess, text: string): void {
  const own = readFileSync(config, "utf8").split("\n").slice(0, 2);
  writeFileSync(config, `${own.join("\n")}\n${text}`);
}

async function idsOf({ client }: AgentProcess): Promise<string[]> {
  return (await client.request("pins", {})).pins.map(({ id }) => id);
}

describe("a running agent", () => {
  it("applies its changed file on SIGHUP: what stays keeps its state and its cause, what goes leaves no topic", async () => {
    const running = await agent();
    const witness = await connectAsync(`mqtt://127.0.0.1:${running.port}`, { reconnectPeriod: 0 });
    const seen: string[] = [];
    witness.on("message", (topic, payload) => seen.push(`${topic.slice("pinbus/garage/".length)} ${payload}`));
    await witness.subscribeAsync("pinbus/garage/out/+/state", { qos: 1 });
    await running.client.request("set", { output: "lamp", state: "ON" });
    await eventually(() => seen).toContain("out/fan/state ON");
    const { pid } = await running.client.request("status", {});
    write(running, changed);
    running.child.kill("SIGHUP");
    await eventually(() => idsOf(running)).toEqual(["lamp", "gate", "porch"]);
    await eventually(() => seen.slice(-3).sort()).toEqual(["out/fan/state ", "out/fan/state OFF", "out/gate/state ON"]);
    expect(seen.filter((message) => message.startsWith("out/lamp"))).toEqual(["out/lamp/state OFF", "out/lamp/state ON"]);
    expect(await running.client.request("why", { output: "lamp" })).toMatchObject([{ state: "ON", cause: "cli" }, { cause: "start" }]);
    expect((await running.client.request("status", {})).pid).toBe(pid);
    const late = await connectAsync(`mqtt://127.0.0.1:${running.port}`, { reconnectPeriod: 0 });
    const retained: string[] = [];
    late.on("message", (topic) => retained.push(topic));
    await late.subscribeAsync(["pinbus/garage/out/#", "pinbus/garage/status"], { qos: 1 });
    await eventually(() => retained).toContain("pinbus/garage/status");
    expect(retained.filter((topic) => topic.includes("/fan/"))).toEqual([]);
    await Promise.all([witness.endAsync(true), late.endAsync(true)]);
    await eventually(() => running.stderr).toMatch(
      /reload: outputs\.fan: removed; its line goes off and is released\n.*reloaded \(SIGHUP\): 3 changes\n/s,
    );
  });

  it("tells by diff what reload will do, and does it by reload", async () => {
    const running = await agent();
    expect(await running.ask("diff")).toMatchObject({ code: 0, stdout: `nothing differs from ${running.config}\n`, stderr: "" });
    write(running, changed);
    const told = await running.ask("diff");
    expect(told).toMatchObject({ code: 0, stderr: "" });
    expect(told.stdout.split("\n")).toEqual([
      "outputs.lamp.max_on: 2h -> 1h",
      "outputs.fan: removed; its line goes off and is released",
      "outputs.gate: new, { line: GPIO5, on_start: on }; it starts on",
      "",
    ]);
    expect(await idsOf(running)).toEqual(["lamp", "fan", "porch"]);
    expect(await pinbus(["reload", "--config", running.config])).toEqual({ ...told, code: 0 });
    expect(await idsOf(running)).toEqual(["lamp", "gate", "porch"]);
    expect(JSON.parse((await running.ask("reload", "--json")).stdout)).toMatchObject({ applied: true, changes: [] });
  });

  it("goes on with what it has when the file is faulty: 78 from diff, 1 from reload, every problem in both and in the log", async () => {
    const running = await agent();
    const shown = async () => (await running.client.request("pins", {})).pins.map(({ id, line, state }) => [id, line, state]);
    const before = await shown();
    write(running, `${changed}colour: red\nsys_interval: 5\n`);
    const [diff, reload] = [await running.ask("diff"), await running.ask("reload")];
    expect([diff.code, diff.stdout, reload.code, reload.stdout]).toEqual([78, "", 1, ""]);
    running.child.kill("SIGHUP");
    await eventually(() => running.stderr).toMatch(/a reload \(SIGHUP\) was refused: .* has 2 problems/);
    for (const text of [diff.stderr, reload.stderr, running.stderr]) {
      expect(text).toMatch(new RegExp(`${running.config}:9:1: .*colour`));
      expect(text).toMatch(new RegExp(`${running.config}:10:\\d+: sys_interval: 5 has no unit`));
    }
    expect(await shown()).toEqual(before);
  });

  it("refuses what needs a restart and names it", async () => {
    const running = await agent();
    write(running, changed.replace("garage", "shed"));
    const reload = await running.ask("reload");
    expect([reload.code, reload.stdout]).toEqual([1, ""]);
    expect(reload.stderr).toContain("node: garage -> shed: restart the agent to apply it");
    const diff = await running.ask("diff");
    expect([diff.code, diff.stderr]).toEqual([0, ""]);
    expect(diff.stdout).toContain("node: garage -> shed; needs a restart: until then a reload is refused\n");
    expect(await idsOf(running)).toEqual(["lamp", "fan", "porch"]);
  });

  it("reads the file that it was started with, whatever file a client names, and takes no reload from who may only look", async () => {
    const running = await agent();
    const other = join(running.folder, "other.yaml");
    writeFileSync(other, readFileSync(running.config, "utf8").replace("2h", "3h"));
    const link = join(running.folder, "link.yaml");
    symlinkSync(running.config, link);
    const refused = await pinbus(["reload", "--config", other]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`the agent reads ${running.config}, not ${other}`);
    expect((await pinbus(["diff", "--config", link])).code).toBe(0);
    const viewer = await connectAgent(running.view);
    for (const method of ["reload", "diff"] as const) await expect(viewer.request(method, {})).rejects.toThrow("forbidden");
    viewer.close();
  });

  it("takes reload and resync from the bus, answers where it was asked to, and refuses what is stale, malformed or unknown", async () => {
    const allowed = "commands: [reload, resync]\n";
    const running = await startAgent(`${board}${allowed}`);
    onTestFinished(() => running.clean());
    await eventually(async () => (await running.client.request("status", {})).link.online).toBe(true);
    const client = await connectAsync(`mqtt://127.0.0.1:${running.port}`, { reconnectPeriod: 0 });
    const seen: { topic: string; payload: string }[] = [];
    client.on("message", (topic, payload) => seen.push({ topic: topic.slice("pinbus/garage/".length), payload: payload.toString() }));
    const cmd = (name: string, body: object | string = "", retain = false) =>
      client.publishAsync(`pinbus/garage/cmd/${name}`, typeof body === "string" ? body : JSON.stringify(body), { qos: 1, retain });
    const answers = (name: string) =>
      seen.flatMap(({ topic, payload }) => (topic === `cmd/${name}/result` ? [JSON.parse(payload) as Record<string, unknown>] : []));
    await client.subscribeAsync("pinbus/garage/cmd/+/result", { qos: 1 });
    write(running, `${changed}${allowed}`);
    await cmd("reload", { id: "one" });
    await eventually(() => answers("reload")).toHaveLength(1);
    expect(answers("reload")[0]).toMatchObject({
      id: "one",
      ok: true,
      changes: [expect.stringContaining("max_on"), expect.anything(), expect.anything()],
    });
    await cmd("reload", { id: "one" });
    await eventually(() => answers("reload")).toHaveLength(2);
    expect(answers("reload")[1]).toEqual(answers("reload")[0]);
    write(running, `${changed}${allowed}colour: red\n`);
    await cmd("reload");
    await cmd("reload", { ts: Date.now() - 3_600_000 });
    await cmd("reload", { now: true });
    await cmd("nothing");
    await eventually(() => answers("nothing")).toEqual([expect.objectContaining({ ok: false, reason: "unknown" })]);
    await eventually(() => answers("reload")).toHaveLength(5);
    expect(
      answers("reload")
        .slice(2)
        .map(({ reason }) => reason)
        .sort(),
    ).toEqual(["invalid", "malformed", "stale"]);
    expect(answers("reload").find(({ reason }) => reason === "invalid")).toMatchObject({ problems: [expect.stringContaining("colour")] });
    await client.subscribeAsync(["pinbus/garage/#"], { qos: 1 });
    await eventually(() => seen.map(({ topic }) => topic)).toContain("status");
    await eventually(() => seen.filter(({ topic }) => topic === "out/lamp/state")).toHaveLength(1);
    await cmd("resync", { id: "again" });
    await eventually(() => answers("resync")).toEqual([{ id: "again", ok: true }]);
    // The answer and what was published again come in no certain order.
    const twice = (topic: string) => seen.filter((message) => message.topic === topic && message.payload !== "").length >= 2;
    const all = ["info", "health", "status", "in/porch/state", "out/lamp/state", "out/lamp/attr", "out/gate/state"];
    await eventually(() => all.filter((topic) => !twice(topic))).toEqual([]);
    await client.endAsync(true);
  });

  it("clears the topics of what was removed while the broker was away, once it is back", async () => {
    const broker = createBroker({
      listeners: [{ protocol: "mqtt", address: "127.0.0.1", port: 0 }],
      sysInterval: 60_000,
      version: "1",
      log: silentLog,
      now: () => performance.now(),
    });
    onTestFinished(() => broker.stop());
    await broker.start();
    const port = await freePort();
    const running = await startAgent(`${board.replace(/broker:.*/, "")}mqtt: { server: 127.0.0.1, port: ${port} }\n`);
    onTestFinished(() => running.clean());
    // What the agent left there before the broker went away.
    for (const leaf of ["state", "attr"]) {
      await broker.publish({ topic: `pinbus/garage/out/fan/${leaf}`, payload: "ON", qos: 0, retain: true });
    }
    write(running, `${changed.replace(/broker:.*/, "")}mqtt: { server: 127.0.0.1, port: ${port} }\n`);
    expect(await running.ask("reload")).toMatchObject({ code: 0, stderr: "" });
    const way = createServer((socket) => {
      const onward = createConnection(broker.addresses[0]?.port ?? 0, "127.0.0.1");
      socket.pipe(onward).pipe(socket);
      for (const end of [socket, onward]) end.on("error", () => [socket, onward].map((each) => each.destroy()));
    });
    onTestFinished(() => void way.close());
    way.listen(port, "127.0.0.1");
    await eventually(async () => (await running.client.request("status", {})).link.online).toBe(true);
    const client = await connectAsync(`mqtt://127.0.0.1:${broker.addresses[0]?.port}`, { reconnectPeriod: 0 });
    const retained: string[] = [];
    client.on("message", (topic) => retained.push(topic));
    await client.subscribeAsync(["pinbus/garage/#"], { qos: 1 });
    await eventually(() => retained).toContain("pinbus/garage/status");
    expect(retained.filter((topic) => /^pinbus.garage.out/.test(topic)).sort()).toEqual(
      ["gate/attr", "gate/state", "lamp/attr", "lamp/state"].map((leaf) => `pinbus/garage/out/${leaf}`),
    );
    await client.endAsync(true);
  });

  it("that runs on a terminal ends when the terminal is closed, and does not reload", async () => {
    const folder = tempFolder();
    const config = join(folder, "pinbus.yaml");
    writeFileSync(config, `state_dir: state\ncontrol: { socket: control.sock }\n${board}`, { mode: 0o600 });
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PINBUS_|NOTIFY_)/.test(name)));
    const pty = spawn(process.execPath, [main, "run", "--config", config], { env });
    onTestFinished(() => pty.kill("SIGKILL"));
    let shown = "";
    pty.onData((text) => {
      shown += text;
    });
    const ended = new Promise<number>((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode)));
    await eventually(() => shown).toContain("online at");
    pty.kill("SIGHUP");
    expect(await ended).toBe(0);
    expect(shown).toContain("SIGHUP received");
    expect(shown).not.toContain("reload");
  });

  it("takes another log level and what is read from the environment as before", async () => {
    const running = await startAgent(board, { PINBUS_MQTT_KEEPALIVE: "30s" });
    onTestFinished(() => running.clean());
    write(running, `${board}log: { level: debug }\n`);
    expect((await running.ask("reload")).stdout).toBe("log.level: info -> debug\n");
    await running.client.request("sim-press", { input: "porch", for_ms: 50 });
    await eventually(() => running.stderr).toContain("debug: porch release");
  });
});
