import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { vi } from "vitest";
import { main } from "../agent/command/agent-process.ts";
import { findProgram, freePort } from "../brokers.ts";

export interface TestSshd {
  /** What `ssh` goes there under. */
  host: string;
  /** The folder of its keys. */
  folder: string;
  /** Ends every connection that stands, as a network that is gone does in the end. */
  cut(): void;
  stop(): Promise<void>;
}

/**
 * A real sshd on a loopback port, with its own keys; `pinbus` there speaks to the agent on `socket`. Until it is stopped, `ssh` in the PATH of this
 * process knows it as `garden`, and no key or setting of the person is used. With `asks` the person must agree to its key; `passphrase` locks his own.
 */
export async function startSshd(socket: string, { passphrase = "", asks = false } = {}): Promise<TestSshd> {
  const folder = mkdtempSync(join(tmpdir(), "pinbus-sshd-"));
  const at = (name: string) => join(folder, name);
  const program = (name: string) => {
    const path = findProgram(name);
    if (path === undefined) throw new Error(`${name} is not installed: apt install openssh-server`);
    return path;
  };
  const port = await freePort();
  for (const [key, lock] of [
    ["host", ""],
    ["user", passphrase],
  ] as const)
    execFileSync(program("ssh-keygen"), ["-q", "-t", "ed25519", "-N", lock, "-f", at(key)]);
  execFileSync("cp", [at("user.pub"), at("authorized_keys")]);
  const script = (name: string, text: string) => {
    mkdirSync(join(at(name), ".."), { recursive: true });
    writeFileSync(at(name), `#!/bin/sh\n${text}\n`);
    chmodSync(at(name), 0o755);
  };
  script("there/pinbus", `exec '${process.execPath}' '${main}' "$@" --socket '${socket}'`);
  script("here/ssh", `exec '${program("ssh")}' -F '${at("ssh_config")}' "$@"`);
  const server = [`Port ${port}`, "ListenAddress 127.0.0.1", `HostKey ${at("host")}`, `AuthorizedKeysFile ${at("authorized_keys")}`];
  const rules = ["PermitRootLogin yes", "StrictModes no", "UsePAM no", "PasswordAuthentication no", "PidFile none"];
  writeFileSync(at("sshd_config"), `${[...server, ...rules, `SetEnv PATH=${at("there")}:/usr/bin:/bin`].join("\n")}\n`);
  const client = [`Host garden`, "HostName 127.0.0.1", `Port ${port}`, `User ${userInfo().username}`, `IdentityFile ${at("user")}`];
  const known = [
    "IdentitiesOnly yes",
    "IdentityAgent none",
    `UserKnownHostsFile ${at("known_hosts")}`,
    `StrictHostKeyChecking ${asks ? "ask" : "accept-new"}`,
  ];
  writeFileSync(at("ssh_config"), `${[...client, ...known].join("\n  ")}\n`);
  // What Debian's unit makes.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  const child = spawn(program("sshd"), ["-D", "-e", "-f", at("sshd_config")], { stdio: ["ignore", "ignore", "pipe"], detached: true });
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const end = () => process.kill(-(child.pid ?? 0), "SIGKILL");
  process.once("exit", () => {
    if (child.exitCode === null && child.signalCode === null) end();
  });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`sshd did not start: ${text}`);
    await setTimeout(20);
  }
  vi.stubEnv("PATH", `${at("here")}:${process.env.PATH}`);
  return {
    host: "garden",
    folder,
    cut() {
      // The listener has no session of its own; each connection has, below it.
      const sessions = execFileSync("pgrep", ["-P", String(child.pid)], { encoding: "utf8" });
      for (const pid of sessions.trim().split("\n")) process.kill(Number(pid), "SIGKILL");
    },
    async stop() {
      vi.unstubAllEnvs();
      const ended = once(child, "exit");
      end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
