import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { vi } from "vitest";
import { main } from "../agent/command/agent-process.ts";
import { findProgram, freePort } from "../brokers.ts";
import { writeSshd } from "./ssh-settings.ts";

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
  const program = (name: string) => {
    const path = findProgram(name);
    if (path === undefined) throw new Error(`${name} is not installed: apt install openssh-server`);
    return path;
  };
  const port = await freePort();
  const machines = [{ host: "garden", port, socket }];
  const settings = writeSshd(folder, { main, ssh: program("ssh"), machines, passphrase, asks });
  const child = spawn(program("sshd"), ["-e", ...settings], { stdio: ["ignore", "ignore", "pipe"], detached: true });
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
  vi.stubEnv("PATH", `${join(folder, "local")}:${process.env.PATH}`);
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
