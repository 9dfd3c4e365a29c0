import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Client, connectAgent } from "../../../agent/command/client.ts";
import type { Methods } from "../../../agent/protocol.ts";

/** The program as it is installed: `npm test` builds it first. */
export const main = join(dirname(createRequire(import.meta.url).resolve("pinbus/package.json")), "dist", "agent", "main.cjs");

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  readonly stdout: string;
  readonly stderr: string;
  done: Promise<Finished>;
}

/** Runs `pinbus …` without anything of the person's own settings. */
export function start(args: string[], options: { env?: Record<string, string>; cwd?: string } = {}): Running {
  if (!existsSync(main)) throw new Error(`${main} is not there: npm run build`);
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PINBUS_|NOTIFY_|WATCHDOG_|JOURNAL_|NODE_)/.test(name)));
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...own, ...options.env },
    cwd: options.cwd ?? tmpdir(),
    stdio: ["pipe", "pipe", "pipe", "ipc"],
  });
  // The channel carries nothing: an agent ends when it breaks, so a test that is aborted leaves none behind.
  child.channel?.unref();
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
    });
  }
  const done = once(child, "close").then(([code]) => ({ code: code as number | null, ...text }));
  return {
    child,
    done,
    get stdout() {
      return text.stdout;
    },
    get stderr() {
      return text.stderr;
    },
  };
}

export async function pinbus(args: string[], options: Parameters<typeof start>[1] & { stdin?: string } = {}): Promise<Finished> {
  const { child, done } = start(args, options);
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.stdin ?? "");
  return done;
}

export interface AgentProcess extends Running {
  folder: string;
  config: string;
  socket: string;
  view: string;
  /** Port of the built-in broker; 0 without one. */
  port: number;
  /** A connection of this process, for what is not about a command. */
  client: Client;
  /** `pinbus <args>` against this agent. */
  ask(...args: string[]): Promise<Finished>;
  clean(): Promise<void>;
}

/** A real agent in its own folder; resolves when it answers and, unless it has a server elsewhere, is online at its own broker, or cannot be. */
export async function startAgent(yaml: string, env: Record<string, string> = {}): Promise<AgentProcess> {
  const folder = mkdtempSync(join(tmpdir(), "pinbus-command-"));
  writeFileSync(join(folder, "pinbus.yaml"), `state_dir: state\ncontrol: { socket: control.sock }\n${yaml}`, { mode: 0o600 });
  return runIn(folder, env);
}

/** SIGKILL, and another agent in the same folder, with what the first one left there. */
export async function killAndStartAgain(agent: AgentProcess): Promise<AgentProcess> {
  agent.child.kill("SIGKILL");
  await agent.done;
  agent.client.close();
  return runIn(agent.folder);
}

/** An agent with the `pinbus.yaml` of this folder, and its control socket there. */
export async function runIn(folder: string, env: Record<string, string> = {}): Promise<AgentProcess> {
  const config = join(folder, "pinbus.yaml");
  const socket = join(folder, "control.sock");
  const running = start(["run", "--config", config], { env });
  let client: Client | undefined;
  const clean = async () => {
    client?.close();
    running.child.kill("SIGKILL");
    await running.done;
    rmSync(folder, { recursive: true, force: true });
  };
  const ask = (...args: string[]) => pinbus([...args, "--socket", socket]);
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline && running.child.exitCode === null) {
    client ??= await connectAgent(socket).catch(() => undefined);
    const status = await client?.request("status", {});
    const port = status && portOf(status);
    if (client && port !== undefined) {
      return Object.assign(running, { folder, config, socket, view: join(folder, "view.sock"), port, client, ask, clean });
    }
    await setTimeout(20);
  }
  const { stderr } = running;
  await clean();
  throw new Error(`the agent did not start:\n${stderr}`);
}

/** 0 without a broker of its own; undefined until the agent is online there, or says why it is not. */
function portOf({ broker, link }: Methods["status"]["result"]): number | undefined {
  if (!broker) return 0;
  return link.online || link.problem !== null ? broker.listeners.find(({ problem }) => problem === null)?.port : undefined;
}
