import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram, freePort, leftOutUnless, startMosquitto, type TestBroker } from "../brokers.ts";
import { writeSshd } from "./ssh-settings.ts";
import { Tour } from "./tour.ts";

// Every key of the table, pressed in a terminal that looks at another machine: tmux, a real sshd, two agents on simulated boards, mosquitto; then
// those of a recording. PINBUS_TOUR=FILE keeps what was seen. test/machine/tour.ts does the same beside a real systemd.

const root = dirname(createRequire(import.meta.url).resolve("pinbus/package.json"));
const main = join(root, "dist/agent/main.cjs");
const missing = ["tmux", "mosquitto", "sshd", "ssh", "bash"].filter((name) => !findProgram(name));
const without = leftOutUnless(missing.length === 0, "the tour of the terminal UI", `${missing.join(", ")} not installed`);
const program = (name: string) => findProgram(name) ?? name;

describe.skipIf(without)("the tour of the terminal UI over a real sshd", () => {
  const dir = mkdtempSync(join(tmpdir(), "pinbus-tour-"));
  const children: ChildProcess[] = [];
  const user = userInfo().username;
  const file = process.env.PINBUS_TOUR;
  const tour = new Tour({
    dir,
    program: `${process.execPath} ${main} tui`,
    bash: program("bash"),
    host: `${user}@garden`,
    other: `${user}@shed`,
    keep: (text) => file && appendFileSync(file, text),
  });
  let broker: TestBroker;

  beforeAll(async () => {
    broker = await startMosquitto();
    for (const [node, config] of Object.entries(nodes)) {
      mkdirSync(join(dir, node));
      const link = `node: ${node}\nmqtt: { server: 127.0.0.1, port: ${broker.port} }\ncontrol: { socket: control.sock }\nstate_dir: state\n`;
      writeFileSync(join(dir, node, "pinbus.yaml"), link + config);
      start(process.execPath, [main, "run", "--config", join(dir, node, "pinbus.yaml")]);
    }
    const machines = await Promise.all(
      Object.keys(nodes).map(async (host) => ({ host, port: await freePort(), socket: join(dir, host, "control.sock") })),
    );
    start(program("sshd"), writeSshd(dir, { main, ssh: program("ssh"), machines }));
    if (file)
      writeFileSync(
        file,
        `Every key of tui/keys.ts, pressed in: pinbus tui --host ${user}@garden (tmux 80x24, a real sshd, two agents on simulated boards, mosquitto)\n`,
      );
    await tour.start();
  });

  afterAll(async () => {
    try {
      tour.stop();
    } finally {
      for (const child of children.reverse()) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        await ended;
      }
      await broker?.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  });
  // tmux has a session of its own, and lives on when the run is aborted.
  process.once("exit", () => {
    const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    if (running.length === 0) return;
    for (const child of running) child.kill("SIGKILL");
    tour.stop();
  });

  function start(path: string, args: string[]): void {
    children.push(spawn(path, args, { stdio: "ignore" }));
  }

  // Each look at the screen is a process: 356 s alone on a machine with a load of 19, more than 600 beside other tests. What hangs ends after 30.
  it("presses every key that there is, and the UI goes on", { timeout: 1_200_000 }, async () => {
    await expect(tour.run()).resolves.toBeUndefined();
  });
});

const nodes = {
  garden: `gpio: { driver: sim }
inputs: { porch: { line: 17, bias: pull-up, active: low } }
outputs: { lamp: { line: 27, pulse: 500ms }, fan: { line: 22 } }
rules: { porch-lamp: { when: { input: porch, gesture: press }, do: [{ output: lamp, set: toggle }] } }
services: [{ unit: mosquitto.service, control: [start, stop, restart] }, ssh.service]
`,
  shed: "gpio: { driver: sim }\noutputs: { pump: { line: 22 } }\n",
};
