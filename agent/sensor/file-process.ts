import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FileReading, Files, FolderReading, Programs } from "./driver.ts";
import type { Answer, Question } from "./reader.ts";

/** So many reads may hang before the next one has to wait. */
const threads = "16";
type Asked = Question extends infer Q ? (Q extends Question ? Omit<Q, "number"> : never) : never;
type Failed = Extract<FileReading, { ok: false }>;

/**
 * Reads files in a process of its own, which is started with the first read. A read that hangs in the kernel holds a thread, and Node has
 * four of them for everything that the agent does with files; it would even keep the agent from ending. Programs are run there too.
 */
export class FileProcess implements Files, Programs {
  readonly #program: string;
  #child: ChildProcess | undefined;
  #closed = false;
  #number = 0;
  readonly #waiting = new Map<number, (answer: Answer | Failed) => void>();

  constructor(program = fileURLToPath(new URL("./reader.js", import.meta.url))) {
    this.#program = program;
  }

  async read(path: string, signal: AbortSignal): Promise<FileReading> {
    const answer = await this.#ask({ do: "read", path }, signal);
    return "text" in answer ? { ok: true, text: answer.text } : failedOf(answer);
  }

  async list(path: string, signal: AbortSignal): Promise<FolderReading> {
    const answer = await this.#ask({ do: "list", path }, signal);
    return "names" in answer ? { ok: true, names: answer.names } : failedOf(answer);
  }

  async run(command: readonly string[], timeout: number, signal: AbortSignal): Promise<FileReading> {
    const answer = await this.#ask({ do: "run", command, timeout }, signal);
    return "text" in answer ? { ok: true, text: answer.text } : failedOf(answer);
  }

  /** What is still being read is answered as failed. */
  close(): void {
    this.#closed = true;
    // It ends the programs that it runs, and then itself.
    if (this.#child?.connected) this.#child.disconnect();
    this.#lost("the agent stops");
  }

  #ask(asked: Asked, signal: AbortSignal): Promise<Answer | Failed> {
    if (this.#closed || signal.aborted) return Promise.resolve(failure("nobody waits for it any more"));
    const number = ++this.#number;
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      const question: Question = { number, ...asked };
      const failed = (error: unknown) => this.#settle(number, failure((error as Error).message));
      try {
        // Without a free descriptor, `fork` throws or makes a child that nobody can speak with.
        (this.#child ?? this.#start()).send(question, (error) => error && failed(error));
      } catch (error) {
        this.#child = undefined;
        failed(new Error(`the process that reads files could not be started: ${(error as Error).message}`));
      }
    });
  }

  #start(): ChildProcess {
    // Nothing of the agent's own: its notify socket and its secrets are not for others.
    const env = { PATH: process.env.PATH, UV_THREADPOOL_SIZE: threads };
    const child = fork(this.#program, { env, execArgv: [], stdio: ["ignore", "ignore", "ignore", "ipc"] });
    this.#child = child;
    child.on("message", (answer: Answer) => this.#settle(answer.number, answer));
    const over = (why: string) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#lost(why);
    };
    child.on("error", (error) => over(error.message));
    child.on("exit", (code, signal) => over(`the process that reads files has ended (${signal ?? code})`));
    // It must not keep alive who waits for nothing else.
    child.unref();
    child.channel?.unref();
    return child;
  }

  #settle(number: number, answer: Answer | Failed): void {
    this.#waiting.get(number)?.(answer);
    this.#waiting.delete(number);
  }

  #lost(why: string): void {
    for (const number of [...this.#waiting.keys()]) this.#settle(number, failure(why));
  }
}

function failure(problem: string): Failed {
  return { ok: false, code: "failed", problem };
}

function failedOf(answer: Answer | Failed): Failed {
  return "problem" in answer ? { ok: false, code: answer.code, problem: answer.problem } : failure("it answered something else");
}
