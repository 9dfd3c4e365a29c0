import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { patience } from "../agent/shell/fixture.ts";
import { findProgram, startMosquitto, type TestBroker } from "../brokers.ts";

const root = dirname(createRequire(import.meta.url).resolve("pinbus/package.json"));
const main = join(root, "dist/agent/main.cjs");
const missing = ["tmux", "mosquitto", "mosquitto_pub"].filter((name) => !findProgram(name));
const required = process.env.PINBUS_REQUIRE_ALL === "1";
if (missing.length > 0 && !required) console.warn(`left out: the terminal UI in tmux: ${missing.join(", ")} not installed`);

// Each look is a program of its own.
const slowly = { ...patience, interval: 50 };
/** A tmux server of its own, so that a person's own sessions are neither seen nor touched. */
const socket = `pinbus-test-${process.pid}`;
const tmux = (...args: string[]) => execFileSync("tmux", ["-L", socket, "-f", "/dev/null", ...args], { encoding: "utf8" });
const screen = () => tmux("capture-pane", "-p", "-t", "ui");

async function shows(text: string | RegExp): Promise<string> {
  return vi.waitFor(() => {
    const shown = screen();
    expect(shown).toMatch(text);
    return shown;
  }, slowly);
}

describe.skipIf(missing.length > 0 && !required)("pinbus tui in tmux at 80x24, beside a live agent and mosquitto", () => {
  let dir: string;
  let broker: TestBroker;
  let agent: ReturnType<typeof spawn>;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "pinbus-tmux-"));
    broker = await startMosquitto();
    const config = [
      "node: tmux",
      "gpio: { driver: sim }",
      "state_dir: state",
      "control: { socket: control.sock }",
      `mqtt: { server: 127.0.0.1, port: ${broker.port} }`,
      "inputs: { porch: { line: 17, bias: pull-up, active: low } }",
      "outputs: { lamp: { line: 27 } }",
      "rules: { porch-lamp: { when: { input: porch, gesture: press }, do: [{ output: lamp, set: toggle }] } }",
      "services: [ssh.service]",
    ];
    writeFileSync(join(dir, "pinbus.yaml"), `${config.join("\n")}\n`);
    agent = spawn(process.execPath, [main, "run", "--config", join(dir, "pinbus.yaml")], { stdio: "ignore" });
    await vi.waitFor(() => expect(run("get", "lamp")).toBe("OFF\n"), slowly);
    tmux("new-session", "-d", "-s", "ui", "-x", "80", "-y", "24", "env", "PS1=ready> ", "sh");
    await shows(/ready>/);
  });

  afterAll(async () => {
    tmux("kill-server");
    if (agent.exitCode === null) {
      const ended = once(agent, "exit");
      agent.kill("SIGTERM");
      await ended;
    }
    await broker.stop();
    rmSync(dir, { recursive: true });
  });
  // tmux has a session of its own, and lives on when the run is aborted.
  process.once("exit", () => {
    if (agent === undefined || agent.exitCode !== null) return;
    agent.kill("SIGKILL");
    tmux("kill-server");
  });

  /** A pinbus command beside the running agent; "" while it fails. */
  function run(...args: string[]): string {
    try {
      const command = [main, ...args, "--config", join(dir, "pinbus.yaml")];
      return execFileSync(process.execPath, command, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    } catch {
      return "";
    }
  }

  /** `stty -a` of the pane's terminal, asked from outside while the shell waits. */
  const settings = () =>
    execFileSync("stty", ["-a", "-F", tmux("display-message", "-p", "-t", "ui", "#{pane_tty}").trim()], { encoding: "utf8" });
  const publish = (topic: string, payload: string) =>
    execFileSync("mosquitto_pub", ["-p", String(broker.port), "-t", topic, "-m", payload]);

  async function open(): Promise<void> {
    tmux(
      "send-keys",
      "-t",
      "ui",
      `clear; ${process.execPath} ${main} tui --config ${join(dir, "pinbus.yaml")}; echo "ended with $?"`,
      "Enter",
    );
    await shows(/\[1 Topics\].*LIVE/);
  }

  const pid = () =>
    Number(execFileSync("pgrep", ["-f", `main.cjs tui --config ${join(dir, "pinbus.yaml")}`], { encoding: "utf8" }).split("\n")[0]);

  it("shows what mosquitto_pub publishes, what a press does, and every other tab; q leaves the terminal as it was", async () => {
    const before = settings();
    await open();

    publish("greenhouse/climate", '{"t":21.4}');
    await shows(/greenhouse/);
    tmux("send-keys", "-t", "ui", "/climate", "Enter");
    publish("greenhouse/climate", '{"t":22.7}');
    await shows(/climate\s.*22\.7/);
    tmux("send-keys", "-t", "ui", "Escape");
    await shows(/\$SYS/);

    tmux("send-keys", "-t", "ui", "2");
    await shows(/lamp\s+27 out\s+-\s+off/);
    run("sim", "press", "porch");
    await shows(/lamp\s+27 out\s+-\s+ON.*rule porch-lamp/);
    publish("pinbus/tmux/out/lamp/set", "OFF");
    await shows(/lamp\s+27 out\s+-\s+off.*mqtt/);

    tmux("send-keys", "-t", "ui", "3");
    await shows(/Broker mosquitto [\d.]+ - up/);
    await shows(/Watcher link \(this terminal\) {2}MQTT 5 {2}rap yes {2}rtt \d+ ms {2}granted # {2}\$SYS\/#/);
    await shows(/pinbus link {2}connected .* reconnects 0/);
    tmux("send-keys", "-t", "ui", "4");
    await shows(/CPU +\d+ % /);
    await shows(/Checks {2}event loop ok/);
    tmux("send-keys", "-t", "ui", "5");
    await shows(/ssh\.service/);
    tmux("send-keys", "-t", "ui", "6");
    await shows(/Packet trace/);
    // The agent's statistics would push the lamp away.
    tmux("send-keys", "-t", "ui", "/lamp", "Enter");
    await shows(/-> {2}PUBLISH +\d+ {2}1 R - +2 {2}pinbus\/tmux\/out\/lamp\/sta/);
    tmux("send-keys", "-t", "ui", "7");
    await shows(/> tmux +up /);

    tmux("send-keys", "-t", "ui", "q");
    await shows(/ended with 0/);
    expect(settings()).toBe(before);
  });

  it("is on the demo's own agent, whatever agent the environment names", async () => {
    tmux("send-keys", "-t", "ui", `clear; PINBUS_CONTROL_SOCKET=${join(dir, "control.sock")} ${process.execPath} ${main} demo`, "Enter");
    await shows(/\[1 Topics\].* demo .*LIVE/);
    tmux("send-keys", "-t", "ui", "q");
    await shows(/ready>/);
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("leaves the terminal as it was on %s", async (signal, code) => {
    const before = settings();
    await open();
    expect(settings()).not.toBe(before);
    process.kill(pid(), signal);
    await shows(new RegExp(`ended with ${code}`));
    expect(settings()).toBe(before);
    expect(tmux("display-message", "-p", "-t", "ui", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}").trim()).toBe("0 0 1");
  });
});
