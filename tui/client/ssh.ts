import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { isDestination } from "../destination.ts";

export interface SshOptions {
  /** `[user@]machine`; what is none is refused with a RangeError. */
  host: string;
  /** The other end may only look. */
  readOnly?: boolean;
  /** In place of `ssh`. */
  command?: readonly string[];
}

/** A connection that stands, with everything that goes over it. */
interface Master {
  child: ChildProcess;
  control: string[];
  said(): string;
  forget(): void;
  /** By the place they lead to: the local sockets. */
  forwards: Map<string, Promise<string>>;
}

type Output = { write(text: string): unknown };

const lookEvery = 50;
const keptText = 2000;
const alive = ["-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3", "-o", "ControlPersist=no"];
/** What the person's own configuration may start there in place of our command. */
const plain = ["-o", "RemoteCommand=none"];
/** A question would be written over the screen. */
const silent = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10"];

/**
 * One ssh connection to another machine: `pinbus attach` and forwardings go over it, so that it asks once. It ends with this process in any
 * case: what holds it open is a `cat` that waits for our end.
 */
export class Ssh {
  readonly #options: SshOptions;
  readonly #dir: string;
  readonly #children = new Set<ChildProcess>();
  #master: Master | null = null;
  #masters = 0;
  #sockets = 0;

  constructor(options: SshOptions) {
    const { host } = options;
    if (!isDestination(host)) throw new RangeError(`--host ${printable(host)}: expected user@machine`);
    this.#options = options;
    this.#dir = mkdtempSync(join(tmpdir(), "pinbus-ssh-"));
  }

  /** Logs in, with ssh's own questions on the terminal: for as long as there is no screen. A sentence when it fails, and it is closed then. */
  async login(output: Output): Promise<string | null> {
    // Ctrl-C ends ssh, which has the terminal; we have to clean up.
    const stay = () => undefined;
    process.on("SIGINT", stay);
    try {
      await this.#connect(output);
      return null;
    } catch (error) {
      this.close();
      return (error as Error).message;
    } finally {
      process.off("SIGINT", stay);
    }
  }

  /** The control socket of the agent there. Connects anew, without questions, when the connection is gone. */
  async open(): Promise<Duplex> {
    const { host, readOnly = false } = this.#options;
    const { control } = this.#master ?? (await this.#connect());
    const look = readOnly ? ["--read-only"] : [];
    const args = ["-T", ...control, "-o", "ControlMaster=no", ...silent, ...plain];
    return streamOf(this.#run([...args, "--", host, "pinbus", "attach", ...look]), host);
  }

  /** Makes a port that the other machine reaches reachable as a local socket; its path, the same one for as long as the connection stands. */
  forward(host: string, port: number): Promise<string> {
    const master = this.#master;
    if (master === null) return Promise.reject(new Error("ssh is not connected: nothing can be forwarded"));
    if (!/^[\w.:-]+$/.test(host)) return Promise.reject(new Error("the broker of the agent has a name that ssh cannot forward to"));
    const to = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const known = master.forwards.get(to);
    if (known !== undefined) return known;
    const made = this.#forward(master, to);
    master.forwards.set(to, made);
    made.catch(() => master.forwards.delete(to));
    return made;
  }

  /** What ssh has said since the last time of forwardings that lead nowhere, behind a problem. */
  explain(problem: string): string {
    const refusal = /open failed: .*/.exec(this.#master?.said() ?? "")?.[0];
    if (refusal === undefined) return problem;
    this.#master?.forget();
    return `${problem}; ssh: ${refusal}`;
  }

  close(): void {
    for (const child of this.#children) child.kill("SIGTERM");
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #connect(questions?: Output): Promise<Master> {
    const { host } = this.#options;
    this.#masters += 1;
    const path = join(this.#dir, `control-${this.#masters}`);
    const control = ["-S", path];
    const child = this.#run(["-T", "-M", ...control, ...alive, ...plain, ...(questions === undefined ? silent : []), "--", host, "cat"]);
    let [listener, why]: [Output | undefined, string | undefined] = [questions, undefined];
    const { said, forget } = lastLine(child, (text) => listener?.write(printable(text)));
    const ended = (reason: string) => {
      why ??= `ssh ${host}: ${reason}`;
      if (this.#master?.child === child) this.#master = null;
    };
    child.once("error", (error: NodeJS.ErrnoException) => ended(error.code === "ENOENT" ? "ssh is not installed here" : error.message));
    child.once("close", (code, signal) => {
      const words = signal === null ? said() || `ended with code ${code}` : `ended by ${signal}`;
      ended(wordsOf(words, questions === undefined));
    });
    // It stands there from the login on.
    while (why === undefined && !existsSync(path)) await setTimeout(lookEvery);
    // What it said before that is still to be read.
    await setTimeout(lookEvery);
    listener = undefined;
    if (why !== undefined) throw new Error(why);
    this.#master = { child, control, said, forget, forwards: new Map() };
    return this.#master;
  }

  async #forward({ control }: Master, to: string): Promise<string> {
    this.#sockets += 1;
    const path = join(this.#dir, `broker-${this.#sockets}`);
    const child = this.#run([...control, "-O", "forward", "-L", `${path}:${to}`, "--", this.#options.host]);
    const { said } = lastLine(child);
    const code = await new Promise<number | null>((resolve) => {
      child.once("error", () => resolve(1));
      child.once("close", resolve);
    });
    if (code !== 0) throw new Error(`ssh could not forward to the broker at ${to}: ${said() || `exit ${code}`}`);
    return path;
  }

  #run(args: string[]): ChildProcess {
    const [program = "ssh", ...before] = this.#options.command ?? [];
    const child = spawn(program, [...before, ...args], { stdio: ["pipe", "pipe", "pipe"] });
    this.#children.add(child);
    child.once("close", () => this.#children.delete(child));
    // A write to an ssh that has ended; why it ended comes with `close`.
    child.stdin.on("error", () => undefined);
    return child;
  }
}

/** What ssh cannot ask while the screen is there, it says as a refusal. */
function wordsOf(said: string, isSilent: boolean): string {
  const asks = isSilent && /Permission denied|Host key verification failed/.test(said);
  // The end of a long sentence may not fit on the screen.
  return asks ? `if ssh has a question, q and start again: ${said}` : said;
}

function streamOf(child: ChildProcess, host: string): Duplex {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("ssh without pipes");
  const { said } = lastLine(child);
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
  const end = (why: string) => stream.destroy(new Error(`ssh ${host}: ${why}`));
  child.once("error", (error) => end(error.message));
  // `close` comes after stderr was read to its end; the reason stands there.
  child.once("close", (code) =>
    end(code === 127 ? "pinbus is not installed there, or not in the PATH" : said() || `ended with code ${code}`),
  );
  return stream;
}

/** Of its stderr. */
function lastLine(child: ChildProcess, heard?: (text: string) => void): { said(): string; forget(): void } {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    heard?.(chunk.toString("utf8"));
    text = (text + chunk.toString("utf8")).slice(-keptText);
  });
  return {
    said: () => printable(text.trim().split("\n").at(-1)?.trim() ?? ""),
    forget() {
      text = "";
    },
  };
}

/** What the other machine says goes to the terminal of this one. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is replaced here
  return text.replace(/\r\n/g, "\n").replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "?");
}
