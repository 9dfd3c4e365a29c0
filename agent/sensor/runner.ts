import { type ChildProcess, spawn } from "node:child_process";

// Runs the programs of `command` sensors, in the process that reads files: to start one takes time that no button shall wait for.

export type Ran = { ok: true; text: string } | { ok: false; problem: string };

const maxBytes = 4096;
/** Programs at once; others wait. */
const maxRunning = 4;
const running = new Set<number>();
const waiting: (() => void)[] = [];

/** Nothing of the agent's own. */
const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" };

/**
 * What a program prints, at most 4096 bytes in at most `timeout` ms. It and its process group are gone when this resolves; a daemon that has
 * left the group goes on, and is not waited for.
 */
export async function runProgram([program = "", ...args]: readonly string[], timeout: number): Promise<Ran> {
  if (running.size >= maxRunning) await new Promise<void>((resolve) => waiting.push(resolve));
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      // A group of its own, so that all of it can be killed.
      child = spawn(program, args, { detached: true, cwd: "/", env, stdio: ["ignore", "pipe", "ignore"] });
    } catch (error) {
      waiting.shift()?.();
      resolve(notStarted(error as NodeJS.ErrnoException));
      return;
    }
    // There is no stdout when no descriptor was free.
    const { pid, stdout } = child;
    if (pid !== undefined) running.add(pid);
    const chunks: Buffer[] = [];
    let length = 0;
    let problem: string | undefined;
    const end = (why: string) => {
      problem ??= why;
      killGroup(pid);
      stdout?.destroy();
    };
    const late = setTimeout(() => end(`has not ended within ${timeout / 1000} s`), timeout);
    let isOver = false;
    const over = (result: Ran) => {
      // A program that could not be started also closes.
      if (isOver) return;
      isOver = true;
      clearTimeout(late);
      if (pid !== undefined) running.delete(pid);
      waiting.shift()?.();
      resolve(result);
    };
    stdout?.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) end(`prints more than ${maxBytes} bytes`);
      else chunks.push(chunk);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (pid === undefined) over(notStarted(error));
    });
    // What it has left behind would keep its output open. What has left the group, too, and is not killed: all that the program itself has
    // printed waits in the pipe now, and is read before the second turn.
    child.on("exit", () => {
      killGroup(pid);
      setImmediate(() => setImmediate(() => stdout?.destroy()));
    });
    child.on("close", (code, signal) => {
      if (problem === undefined && code !== 0) problem = code === null ? `was ended by ${signal}` : `has ended with ${code}`;
      over(problem === undefined ? { ok: true, text: Buffer.concat(chunks).toString("utf8") } : { ok: false, problem });
    });
  });
}

function notStarted({ code, message }: NodeJS.ErrnoException): Ran {
  return { ok: false, problem: `cannot be started (${code ?? message})` };
}

/** Ends every program that is still running. */
export function killPrograms(): void {
  for (const pid of running) killGroup(pid);
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}
