import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";

/** Opens the first of the sockets that lets us in. Rejects with a sentence; `code` is the system's. */
export async function dialSocket(paths: readonly string[]): Promise<Duplex> {
  let first: Error | undefined;
  for (const path of paths) {
    try {
      return await connect(path);
    } catch (error) {
      const problem = error as NodeJS.ErrnoException;
      // The socket to operate may be closed to this person; the one to look need not be.
      first ??= Object.assign(new Error(sentence(path, problem)), { code: problem.code });
      if (problem.code !== "EACCES" && problem.code !== "EPERM" && problem.code !== "ENOENT") break;
    }
  }
  throw first ?? new Error("no control socket is configured");
}

function connect(path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      resolve(socket);
    });
  });
}

function sentence(path: string, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOENT":
      return `no agent at ${path}: is it running? (systemctl status pinbus, or --socket)`;
    case "ECONNREFUSED":
      return `nobody listens at ${path}: the agent is not running`;
    case "EACCES":
    case "EPERM":
      return `${path} is not open to you: join the group pinbus-view to look or pinbus-op to operate`;
    default:
      return `${path}: ${error.message}`;
  }
}

/** One ssh connection to another machine: `pinbus attach` on its stdio, and forwardings of ssh itself. */
export interface Ssh {
  open(): Promise<Duplex>;
  /** Makes a port of the other machine reachable as a local socket; its path. */
  forward(host: string, port: number): Promise<string>;
  close(): void;
}

/** Throws when `host` is no `[user@]name`. `command` is `ssh`, or what a test puts in its place. */
export function ssh(host: string, command: readonly string[] = ["ssh"]): Ssh {
  // A leading dash would be an option of ssh, and options can run programs.
  if (!/^[^\s-][^\s]*$/.test(host)) throw new RangeError(`--host ${host}: expected user@machine`);
  const dir = mkdtempSync(join(tmpdir(), "pinbus-ssh-"));
  const control = ["-S", join(dir, "control")];
  const [program = "ssh", ...before] = command;
  const children = new Set<ChildProcess>();
  let sockets = 0;
  const run = (args: string[]) => {
    const child = spawn(program, [...before, ...args], { stdio: ["pipe", "pipe", "pipe"] });
    children.add(child);
    child.once("close", () => children.delete(child));
    return child;
  };
  return {
    open() {
      // BatchMode: a question for a password would be written over the screen.
      const child = run(["-T", "-M", ...control, "-o", "BatchMode=yes", "-o", "ServerAliveInterval=10", "--", host, "pinbus", "attach"]);
      return Promise.resolve(streamOf(child, host));
    },
    async forward(to, port) {
      sockets += 1;
      const path = join(dir, `broker-${sockets}`);
      const address = to.includes(":") ? `[${to}]` : to;
      const child = run([...control, "-O", "forward", "-L", `${path}:${address}:${port}`, "--", host]);
      const problem = lastLine(child);
      const code = await new Promise<number | null>((resolve) => {
        child.once("error", () => resolve(1));
        child.once("close", resolve);
      });
      if (code !== 0) throw new Error(`ssh could not forward the broker's port ${port}: ${problem() || `exit ${code}`}`);
      return path;
    },
    close() {
      for (const child of children) child.kill("SIGTERM");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function streamOf(child: ChildProcess, host: string): Duplex {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("ssh without pipes");
  const problem = lastLine(child);
  const stream = new Duplex({
    read: () => void stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => void stdin.write(chunk, () => done()),
    destroy(error, done) {
      child.kill("SIGTERM");
      done(error);
    },
  });
  stdout.on("data", (chunk: Buffer) => {
    if (!stream.push(chunk)) stdout.pause();
  });
  // A write to an ssh that has ended; why it ended comes with `close`.
  stdin.on("error", () => undefined);
  const end = (why: string) => stream.destroy(new Error(`ssh ${host}: ${problem() || why}`));
  child.once("error", (error) => end(error.message));
  // `close` comes after stderr was read to its end; the reason stands there.
  child.once("close", (code) => end(`ended with code ${code}`));
  return stream;
}

function lastLine(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString("utf8")).slice(-2000);
  });
  return () => text.trim().split("\n").at(-1) ?? "";
}
