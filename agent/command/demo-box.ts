import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileWords, whyUnwritten } from "../../config/file-words.ts";
import { exit } from "../exit.ts";
import { type Client, connectAgent } from "./client.ts";
import { CommandError } from "./command.ts";
import { type DemoSetting, ownSetting } from "./demo-setting.ts";

/** A real agent in a process of its own, on the simulated board, with the built-in broker on a free port and its files in a temporary folder. */
export interface DemoBox {
  /** The configuration that the agent runs with, and what its environment says besides. */
  config: string;
  setting: DemoSetting;
  /** The environment of the agent, for what reads the configuration as it does. */
  env: NodeJS.ProcessEnv;
  client: Client;
  /** The port of the built-in broker. */
  port: number;
  /** The same over WebSocket; null when it has no such listener. */
  wsPort: number | null;
  /** SIGTERM, as systemd does it; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** What the agent logged. */
  log(): string;
  /** Ends what still runs and removes the folder. */
  clean(): void;
}

/** Also on a small machine that is busy, without anything compiled. */
const startWithin = 60_000;
const stopWithin = 30_000;

/**
 * Resolves once the agent is online; `main` is the program that becomes it, `settingIn` what it runs with in its folder. Throws a CommandError:
 * exit 70 when the agent ended, 3 when it was too slow, 1 without a place for its files.
 */
export async function startDemoBox(
  main = fileURLToPath(new URL("../main.cjs", import.meta.url)),
  settingIn: (dir: string) => DemoSetting | Promise<DemoSetting> = ownSetting,
): Promise<DemoBox> {
  const dir = newFolder();
  const config = join(dir, "pinbus.yaml");
  const logFile = join(dir, "agent.log");
  let running: ChildProcess | undefined;
  const clean = () => {
    running?.kill("SIGKILL");
    // It may be writing at this moment.
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  };
  process.once("exit", clean);
  try {
    const setting = await settingIn(dir);
    const env = { ...ownEnvironment(), ...setting.env };
    writeFileSync(config, setting.text, { mode: 0o600 });
    const child = spawn(process.execPath, [...process.execArgv, main, "run", "--config", config], {
      stdio: ["ignore", "ignore", openSync(logFile, "w"), "ipc"],
      env,
    });
    running = child;
    // The channel carries nothing: the agent ends when it breaks. It must not keep this process alive.
    child.channel?.unref();
    const log = () => readFileSync(logFile, "utf8");
    const client = await reach(join(dir, "control.sock"), child, log);
    const { broker } = await client.request("status", {});
    const portOf = (spoken: string) => broker?.listeners.find(({ problem, protocol }) => problem === null && protocol === spoken)?.port;
    const port = portOf("mqtt");
    const wsPort = portOf("ws") ?? null;
    if (port === undefined) throw new CommandError(exit.refused, "the built-in broker found no free port on loopback");
    const stop = async () => {
      const ended = over(child) ? undefined : once(child, "exit");
      child.kill("SIGTERM");
      // Somebody may wait for the end of this, like a package manager with its lock.
      const late = setTimeout(() => child.kill("SIGKILL"), stopWithin);
      await ended;
      clearTimeout(late);
      return child.exitCode;
    };
    return { config, setting, env, client, port, wsPort, stop, log, clean };
  } catch (error) {
    clean();
    throw fileWords(error, "write") === undefined ? error : unwritten(error);
  }
}

function newFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), "pinbus-demo-"));
  } catch (error) {
    throw unwritten(error);
  }
}

function unwritten(error: unknown): CommandError {
  return new CommandError(exit.refused, `the demo cannot write to ${tmpdir()}: ${whyUnwritten(error)}, or set TMPDIR to another folder`);
}

/** A person's own settings, also those of owlcms, are not for the demo. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PINBUS|OWLCMS)_/.test(name)));
}

function over({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** The agent answers on its socket once everything is started; a process that ended will not. */
async function reach(socket: string, child: ChildProcess, log: () => string): Promise<Client> {
  const deadline = performance.now() + startWithin;
  for (;;) {
    if (existsSync(socket)) {
      try {
        const client = await connectAgent(socket);
        const { broker, link } = await client.request("status", {});
        if (link.online && broker?.listeners.some(({ problem, port }) => problem === null && port > 0)) return client;
        client.close();
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
      }
    }
    if (over(child)) throw new CommandError(exit.bug, `the agent did not start:\n${log()}`);
    if (performance.now() > deadline)
      throw new CommandError(exit.unreachable, `the agent was not online within ${startWithin / 1000} s:\n${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
