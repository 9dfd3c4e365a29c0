import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { connectAsync } from "mqtt";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Command } from "../../../agent/command/command.ts";
import { diff, reload } from "../../../agent/command/reload.ts";
import { sim } from "../../../agent/command/sim.ts";
import { attach, get, set } from "../../../agent/command/talk.ts";
import { why } from "../../../agent/command/why.ts";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { killAndStartAgain, pinbus, startAgent } from "./agent-process.ts";

const board = `
node: garage
gpio: { driver: sim }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
inputs: { porch: { line: 17, bias: pull-up, active: low } }
outputs: { lamp: { line: 27, on_exit: off }, fan: { line: 6, on_start: on, on_exit: on } }
`;

async function agent(yaml: string, env: Record<string, string> = {}) {
  const running = await startAgent(yaml, env);
  onTestFinished(() => running.clean());
  return running;
}

describe("an agent that is stopped", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "by %s puts its outputs into their exit states, says offline, and ends with 0",
    async (signal) => {
      const running = await agent(board);
      const witness = await connectAsync(`mqtt://127.0.0.1:${running.port}`, { reconnectPeriod: 0 });
      const seen: string[] = [];
      witness.on("message", (topic, payload) => seen.push(`${topic.slice("pinbus/garage/".length)} ${payload}`));
      await witness.subscribeAsync(["pinbus/garage/status", "pinbus/garage/out/+/state"], { qos: 1 });
      await running.client.request("set", { output: "lamp", state: "ON" });
      await running.client.request("set", { output: "fan", state: "OFF" });
      await eventually(() => seen).toContain("status online");
      running.child.kill(signal);
      expect(await running.done).toMatchObject({ code: 0, stdout: "" });
      await eventually(() => seen.at(-1)).toBe("status offline");
      expect(seen.slice(-3, -1).sort()).toEqual(["out/fan/state ON", "out/lamp/state OFF"]);
      await witness.endAsync(true);
      expect(existsSync(running.socket)).toBe(false);
      expect(running.stderr).toMatch(/stops: outputs go to their exit states.*lamp off: agent stops.*stopped\n$/s);
    },
  );

  it("numbers its events on, also after SIGKILL", async () => {
    const seqOf = (folder: string) => (JSON.parse(readFileSync(join(folder, "state", "seq.json"), "utf8")) as { porch: number }).porch;
    const running = await agent(board);
    const first = seqOf(running.folder);
    const again = await killAndStartAgain(running);
    onTestFinished(() => again.clean());
    await eventually(() => seqOf(running.folder)).toBeGreaterThan(first);
  });
});

it("an agent whose log nobody reads any more goes on, and stops as ever", async () => {
  const running = await agent(board);
  running.child.stderr?.destroy();
  await running.client.request("set", { output: "lamp", state: "ON" });
  await eventually(async () => (await running.client.request("get", { id: "lamp" })).state).toBe("ON");
  running.child.kill("SIGTERM");
  expect(await running.done).toMatchObject({ code: 0 });
});

describe("an agent whose broker is away", () => {
  it("is degraded and says why; status ends with 1, and the lines work", async () => {
    const running = await agent(`${board.replace(/broker:.*/, "")}mqtt: { server: 127.0.0.1, port: 9 }\n`);
    await eventually(async () => (await running.client.request("status", {})).problems.join()).toContain("127.0.0.1");
    const status = await running.ask("status");
    expect(status).toMatchObject({ code: 1, stderr: "" });
    expect(status.stdout).toMatch(/garage: degraded\n {2}problem: .*127\.0\.0\.1/);
    expect(status.stdout).not.toContain("outbox");
    expect(await running.client.request("set", { output: "lamp", state: "ON" })).toMatchObject({ state: "ON" });
    await running.client.request("sim-press", { input: "porch" });
    await eventually(async () => (await running.client.request("status", {})).outbox.waiting).toBeGreaterThan(0);
    expect((await running.ask("status")).stdout).toMatch(
      /\n {2}outbox: \d+ events? waits? for the broker, the oldest for \d+ s; 0 lost since the start\n/,
    );
  });

  it("whose own broker finds its port taken is failing and goes on; status ends with 2", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => {
      taken.close();
    });
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    const listeners = `broker: { listeners: [{ protocol: mqtt, port: 0 }, { protocol: mqtt, address: 127.0.0.1, port: ${port} }] }`;
    const running = await agent(board.replace(/broker:.*/, listeners));
    await eventually(async () => (await running.client.request("status", {})).health).toBe("failing");
    expect(await running.ask("status")).toMatchObject({ code: 2, stdout: expect.stringContaining(String(port)) });
    expect(await running.client.request("get", { id: "fan" })).toMatchObject({ state: "ON" });
  });
});

describe("a secret in the configuration", () => {
  const secret = "hunter2-Zq9";
  it("is found nowhere, given by file, by environment or as text", async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, "secret.txt"), `${secret}\n`, { mode: 0o600 });
    const rest = `${board.replace(/broker:.*/, "")}log: { level: debug }\n`;
    const texts: string[] = [];
    const ways = [`{ file: ${folder}/secret.txt }`, "{ env: GARAGE_PASSWORD }", secret];
    const tryOne = async (password: string) => {
      const yaml = rest.concat(`mqtt: { server: 127.0.0.1, port: 9, username: pi, password: ${password} }\n`);
      const running = await agent(yaml, { GARAGE_PASSWORD: secret });
      await eventually(() => running.stderr).toContain("127.0.0.1");
      texts.push(readFileSync(`/proc/${running.child.pid}/cmdline`, "utf8"));
      texts.push(JSON.stringify(await running.client.request("status", {})));
      for (const wrong of [[], ["--mqtt-port", "none"]]) {
        const { stdout, stderr } = await pinbus(["check", "--config", running.config, ...wrong], { env: { GARAGE_PASSWORD: secret } });
        texts.push(stdout, stderr);
      }
      await running.clean();
      texts.push(running.stdout, running.stderr);
    };
    await Promise.all(ways.map(tryOne));
    for (const text of texts) expect(text).not.toContain(secret);
    expect(texts.join("").length).toBeGreaterThan(1000);
  });

  it("cannot be given as an argument at all", async () => {
    const { code, stderr } = await pinbus(["check", "--mqtt-password", secret]);
    expect(code).toBe(64);
    expect(stderr).toContain("--mqtt-password");
    expect(stderr).not.toContain(secret);
  });
});

describe("commands that need no agent", () => {
  it("--help lists every command, --version says which one this is", async () => {
    const [help, version, ofSet, none] = await Promise.all([["--help"], ["--version"], ["set", "--help"], []].map((args) => pinbus(args)));
    expect(none?.code).toBe(64);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    for (const name of [
      "run",
      "demo",
      "tui",
      "check",
      "pins",
      "status",
      "get",
      "set",
      "lock",
      "unlock",
      "why",
      "reload",
      "diff",
      "sim",
      "safe",
      "attach",
      "init",
    ])
      expect(help?.stdout).toMatch(new RegExp(`^  ${name} +\\w`, "m"));
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^pinbus \d+\.\d+\.\d+\n$/), stderr: "" });
    expect(ofSet).toMatchObject({ code: 0, stdout: expect.stringMatching(/^usage: pinbus set <output>/) });
  });

  it.each([
    ["statsu", "did you mean status?"],
    ["\u001b[31m", "there is no command"],
  ])("the unknown command %j ends with 64 and a suggestion where there is one", async (name, said) => {
    const { code, stdout, stderr } = await pinbus([name]);
    expect([code, stdout]).toEqual([64, ""]);
    expect(stderr).toContain(said);
    expect(stderr).not.toContain("\u001b");
  });

  it("check says that a configuration is fine and prints the pin map, or names every problem and ends with 78", async () => {
    const folder = tempFolder();
    const good = join(folder, "good.yaml");
    writeFileSync(good, board);
    const fine = await pinbus(["check", "--config", good]);
    expect(fine).toMatchObject({ code: 0, stderr: "" });
    expect(fine.stdout).toContain(`${good} is fine.`);
    expect(fine.stdout).toMatch(/lamp +output +GPIO27/);
    expect(fine.stdout).toMatch(/porch +click +20ms after it opens +debounce; nothing longer is bound/);
    const bad = join(folder, "bad.yaml");
    writeFileSync(bad, "node: garage\noutputs: { lamp: { lin: 27 } }\nrules: {}\ncolour: red\n");
    const refused = await pinbus(["check", "--config", bad]);
    expect(refused).toMatchObject({ code: 78, stdout: "" });
    expect(refused.stderr).toMatch(new RegExp(`${bad}:2:\\d+: .*\n`));
    expect(refused.stderr).toMatch(new RegExp(`${bad}:4:1: .*colour`));
    const run = await pinbus(["run", "--config", bad]);
    expect(run).toMatchObject({ code: 78, stdout: "" });
    expect(run.stderr).toContain(`${bad}:4:1`);
    expect((await pinbus(["run", "--config", join(folder, "missing.yaml")])).code).toBe(78);
  });

  it("run and check end with 78 for a setting that this machine cannot serve, and with 1 when its socket has no place", async () => {
    const folder = tempFolder();
    const config = join(folder, "pinbus.yaml");
    writeFileSync(config, "gpio: { driver: sim }\nstate_dir: state\ncontrol: { socket: control.sock }\n");
    const server = ["--mqtt-server", "127.0.0.1", "--mqtt-port", "9"];
    const [certificate, checked, place, shut] = await Promise.all([
      pinbus(["run", "--config", config, ...server, "--mqtt-ca", join(folder, "ca.pem")]),
      pinbus(["check", "--config", config, ...server, "--mqtt-ca", join(folder, "ca.pem")]),
      pinbus(["run", "--config", config, ...server, "--control-socket", join(config, "control.sock")]),
      pinbus(["run", "--config", config, ...server, "--control-socket", "/proc/control.sock"]),
    ]);
    expect(certificate.code).toBe(78);
    expect(certificate.stderr).toContain(`mqtt.ca: ${join(folder, "ca.pem")} cannot be read`);
    expect(checked.code).toBe(78);
    expect(checked.stderr).toContain(`--mqtt-ca: mqtt.ca: ${join(folder, "ca.pem")} cannot be read`);
    expect(place.code).toBe(1);
    expect(place.stderr).toContain("set control.socket to a path that you may write");
    expect(shut.code).toBe(1);
    expect(shut.stderr).toContain(
      "/proc/control.sock could not be made: EACCES: this user may not write there, let it write the file and its folder, or set control.socket",
    );
  });

  it("init writes a configuration that check accepts, and never overwrites one", async () => {
    const config = join(tempFolder(), "etc", "pinbus.yaml");
    expect(await pinbus(["init", "--config", config])).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining(config) });
    expect((await pinbus(["check", "--config", config])).code).toBe(0);
    writeFileSync(config, "# mine\n");
    const again = await pinbus(["init", "--config", config]);
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toContain("not overwritten");
    expect(readFileSync(config, "utf8")).toBe("# mine\n");
    const unknown = await pinbus(["init", "--example", "../../secret", "--config", join(dirname(config), "other.yaml")]);
    expect(unknown.code).toBe(64);
    expect(unknown.stderr).toContain("starter");
  });

  it("a client without an agent ends with 3, names the socket and says what to do", async () => {
    const socket = join(tempFolder(), "control.sock");
    const { code, stdout, stderr } = await pinbus(["status", "--socket", socket]);
    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toMatch(new RegExp(`no agent answers on ${socket}: .*pinbus run`));
    const rest: [Command, string[]][] = [
      [get, ["lamp"]],
      [set, ["lamp", "on"]],
      [why, ["lamp"]],
      [sim, ["press", "porch"]],
      [reload, []],
      [diff, []],
      [attach, []],
    ];
    for (const [command, args] of rest) {
      await expect(command.run([...args, "--socket", socket])).rejects.toMatchObject({ code: 3, message: expect.stringContaining(socket) });
    }
  });
});

describe("demo", () => {
  it("plays its scenario as an independent subscriber sees it, ends with 0 and leaves nothing behind", async () => {
    const folder = tempFolder();
    const { code, stdout, stderr } = await pinbus(["demo"], { env: { TMPDIR: folder } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const steps = [
      "/status  online",
      "out/lamp/state  ON",
      "press_end",
      "out/lamp/state  OFF",
      '"reason":"stale"',
      "pulse ended",
      "/status  offline",
      "Done",
    ];
    let from = 0;
    for (const step of steps) {
      const at = stdout.indexOf(step, from);
      expect(at, `${step} after ${stdout.slice(0, from).split("\n").at(-2)}`).toBeGreaterThanOrEqual(0);
      from = at;
    }
    expect(readdirSync(folder)).toEqual([]);
  });
});
