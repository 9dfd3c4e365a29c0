import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type KeyEntry, keyTable, type Scope } from "../../tui/keys.ts";
import { findProgram, freePort, leftOutUnless, startMosquitto, type TestBroker } from "../brokers.ts";

// Every key of the table, pressed in a terminal that looks at another machine: tmux, a real sshd, an agent on the simulated board, mosquitto.
// PINBUS_TOUR=FILE keeps what was seen: the screen where the keys of a scope begin, and the first rows that each of them changed.

const root = dirname(createRequire(import.meta.url).resolve("pinbus/package.json"));
const main = join(root, "dist/agent/main.js");
const missing = ["tmux", "mosquitto", "sshd", "ssh", "bash"].filter((name) => !findProgram(name));
const without = leftOutUnless(missing.length === 0, "the tour of the terminal UI", `${missing.join(", ")} not installed`);
const program = (name: string) => findProgram(name) ?? name;

/** A tmux server of its own, so that a person's own sessions are neither seen nor touched. */
const socket = `pinbus-tour-${process.pid}`;
const tmux = (...args: string[]) => execFileSync("tmux", ["-L", socket, "-f", "/dev/null", ...args], { encoding: "utf8" });
const screen = () => tmux("capture-pane", "-p", "-t", "ui");
const shows = (text: string | RegExp) => vi.waitFor(() => expect(screen()).toMatch(text), { timeout: 30_000, interval: 50 });

/** How tmux calls a key of the table. */
const tmuxNames: Record<string, string> = {
  enter: "Enter",
  escape: "Escape",
  tab: "Tab",
  "S-tab": "BTab",
  space: "Space",
  up: "Up",
  down: "Down",
  left: "Left",
  right: "Right",
  home: "Home",
  end: "End",
  pageup: "PPage",
  pagedown: "NPage",
};
function press(...keys: string[]): void {
  for (const key of keys) {
    const name = tmuxNames[key] ?? (key.startsWith("C-") ? key : undefined);
    tmux("send-keys", "-t", "ui", ...(name === undefined ? ["-l", key] : [name]));
  }
}

/** When what is shown stands still, ages and clocks aside. */
async function settled(): Promise<string> {
  const still = () => screen().replaceAll(/\d+/g, "0");
  let before = "";
  await vi.waitFor(
    () => {
      const last = before;
      before = still();
      expect(before).toBe(last);
    },
    { timeout: 5_000, interval: 80 },
  );
  return screen();
}

const tabKeys = { all: "1", topics: "1", pins: "2", broker: "3", host: "4", services: "5", trace: "6", fleet: "7" } as const;
/** How a person comes to where the keys of a scope mean something, from a tab without a dialog. */
const ways: Partial<Record<Scope, () => Promise<void>>> = {
  filter: () => go("topics", "/"),
  menu: () => go("topics", "?"),
  publish: () => go("topics", "p"),
  async preset() {
    await go("topics", "p", "C-u", ..."a/b");
    press("C-t");
    await shows(/Name of the preset/);
  },
  async clear() {
    await go("topics", "/", ..."pinbus", "enter", "g", "D");
    await shows(/hold a retained message/);
  },
  async service() {
    await go("services", "enter");
    await shows(/Restart/);
  },
  async switch() {
    await go("pins", "/", ..."lamp", "enter");
    if ((await settled()).includes("DISARMED")) press("!");
    await shows(/ ARMED/);
    press("enter");
    await shows(/Switch output/);
  },
  async inject() {
    await go("pins", "/", ..."porch", "enter");
    press("i");
    await shows(/Inject/);
  },
  async "inject-message"() {
    await ways.inject?.();
    press("m");
    await shows(/Inject a message/);
  },
};
/** A recording is no other machine, and there is no third one to go to. */
const elsewhere: readonly Scope[] = ["replay", "attach"];
const table = keyTable.filter(({ scope }) => !elsewhere.includes(scope));

async function go(tab: keyof typeof tabKeys, ...keys: string[]): Promise<void> {
  press(tabKeys[tab]);
  await settled();
  for (const key of keys) {
    press(key);
    await settled();
  }
}

/** Out of dialogs, filters and zoomed panes. */
async function reset(): Promise<void> {
  for (let times = 0; times < 3; times++) {
    press("escape");
    await settled();
  }
}

async function enter(scope: Scope): Promise<void> {
  await reset();
  const way = ways[scope];
  if (way !== undefined) return way();
  if (!(scope in tabKeys)) throw new Error(`the tour knows no way to where the keys of ${scope} mean something`);
  return go(scope as keyof typeof tabKeys);
}

const file = process.env.PINBUS_TOUR;
function keep(text: string): void {
  if (file) appendFileSync(file, text);
}

describe.skipIf(without)("the tour of the terminal UI over a real sshd", () => {
  const dir = mkdtempSync(join(tmpdir(), "pinbus-tour-"));
  const children: ChildProcess[] = [];
  let broker: TestBroker;
  const user = userInfo().username;
  const command = `${process.execPath} ${main} tui --host ${user}@127.0.0.1`;

  beforeAll(async () => {
    broker = await startMosquitto();
    const config = [
      "node: garden",
      "gpio: { driver: sim }",
      "state_dir: state",
      "control: { socket: control.sock }",
      `mqtt: { server: 127.0.0.1, port: ${broker.port} }`,
      "inputs: { porch: { line: 17, bias: pull-up, active: low } }",
      "outputs: { lamp: { line: 27, pulse: 500ms }, fan: { line: 22 } }",
      "rules: { porch-lamp: { when: { input: porch, gesture: press }, do: [{ output: lamp, set: toggle }] } }",
      "services: [{ unit: mosquitto.service, control: [start, stop, restart] }, ssh.service]",
    ];
    writeFileSync(join(dir, "pinbus.yaml"), `${config.join("\n")}\n`);
    start(process.execPath, [main, "run", "--config", join(dir, "pinbus.yaml")]);
    await startSshd();
    const path = `${join(dir, "local")}:${process.env.PATH}`;
    const env = ["env", `PATH=${path}`, `XDG_STATE_HOME=${dir}`, "PS1=ready> ", "LANG=C.UTF-8"];
    tmux("new-session", "-d", "-s", "ui", "-x", "80", "-y", "24", ...env, program("bash"), "--norc", "--noprofile", "-i");
    await shows(/ready>/);
    if (file)
      writeFileSync(
        file,
        `Every key of tui/keys.ts, pressed in: pinbus tui --host ${user}@127.0.0.1 (tmux 80x24, a real sshd, an agent on the simulated board, mosquitto)\n`,
      );
  }, 60_000);

  afterAll(async () => {
    try {
      tmux("kill-server");
    } finally {
      for (const child of children.reverse()) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        await ended;
      }
      await broker.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  });

  function start(path: string, args: string[]): void {
    children.push(spawn(path, args, { stdio: "ignore" }));
  }

  /** Of Debian's openssh-server, for one key, on loopback; on the other machine `pinbus` is in the path. */
  async function startSshd(): Promise<void> {
    const port = await freePort();
    const at = (name: string) => join(dir, name);
    for (const key of ["host", "person"]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at(key)]);
    for (const folder of ["local", "there"]) mkdirSync(at(folder));
    writeFileSync(at("there/pinbus"), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
    // The real ssh, with a configuration of its own: a person has one for the machine too.
    writeFileSync(at("local/ssh"), `#!/bin/sh\nexec '${program("ssh")}' -F '${at("ssh_config")}' "$@"\n`, { mode: 0o755 });
    writeFileSync(at("ssh_config"), `Port ${port}\nIdentityFile ${at("person")}\nUserKnownHostsFile ${at("known")}\n`);
    writeFileSync(at("known"), `[127.0.0.1]:${port} ${readFileSync(at("host.pub"), "utf8")}`);
    const lines = [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${at("host")}`,
      `AuthorizedKeysFile ${at("person.pub")}`,
      "PidFile none",
      "StrictModes no",
      "UsePAM no",
      `SetEnv PATH=${at("there")}:/usr/bin:/bin PINBUS_CONTROL_SOCKET=${at("control.sock")}`,
    ];
    writeFileSync(at("sshd_config"), `${lines.join("\n")}\n`);
    // Debian's unit makes it; sshd does not start without it.
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
    start(program("sshd"), ["-D", "-f", at("sshd_config")]);
  }

  async function open(): Promise<void> {
    press("C-u");
    tmux("send-keys", "-t", "ui", `clear; ${command}; echo "ended with $?"`, "Enter");
    await shows(/\[1 Topics\].*LIVE/);
  }

  /** What a key does to the program itself. */
  const special: Partial<Record<KeyEntry["command"], () => Promise<void>>> = {
    quit: leave,
    "quit-now": leave,
    async freeze() {
      await shows(/FROZEN/);
      press("z");
    },
    async record() {
      await shows(/REC/);
      press("x");
      await shows(/recorded to/);
    },
    async suspend() {
      await shows(/Stopped/);
      press("C-u");
      tmux("send-keys", "-t", "ui", 'fg; echo "ended with $?"', "Enter");
      await shows(/\[1 Topics\].*LIVE/);
    },
  };
  async function leave(): Promise<void> {
    await shows(/ended with 0/);
    await open();
  }

  it("presses every key that means something on one other machine, and the UI goes on", { timeout: 600_000 }, async () => {
    await open();
    tmux("send-keys", "-t", "ui", "o");
    const pressed = new Set<string>();
    for (const scope of new Set(table.map((entry) => entry.scope))) {
      await enter(scope);
      keep(`\n=== ${scope}\n\n${screen()}\n`);
      for (const entry of table.filter((each) => each.scope === scope)) {
        for (const key of entry.keys) {
          await enter(scope);
          const before = new Set(screen().split("\n"));
          press(key);
          await (special[entry.command] ?? settled)();
          const shown = await settled();
          expect(shown, `${scope} ${key}`).toMatch(/garden LIVE/);
          pressed.add(`${scope} ${key}`);
          const changed = shown.split("\n").filter((line) => !before.has(line));
          keep(
            `${key.padEnd(10)}${entry.does}\n${changed
              .slice(0, 2)
              .map((line) => `          | ${line}\n`)
              .join("")}`,
          );
        }
      }
    }
    expect([...pressed].sort()).toEqual(table.flatMap(({ scope, keys }) => keys.map((key) => `${scope} ${key}`)).sort());
    await reset();
    press("q");
    await shows(/ended with 0/);
  });
});
