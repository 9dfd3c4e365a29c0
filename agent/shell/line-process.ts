import { type ChildProcess, spawn } from "node:child_process";
import { type BoundedLine, BoundedLines, type LineBudget } from "./bounded-lines.ts";

export interface LineProcessOptions {
  program: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Longer lines are cut there. */
  maxBytes: number;
  /** Lines beyond it are counted and not looked at. */
  budget: LineBudget;
  onLines(lines: readonly BoundedLine[]): void;
  onSkipped(count: number): void;
  /** A line of its standard error. */
  onSaid(line: string): void;
  /** It ended, and nobody asked for it. */
  onEnd(why: string): void;
}

const maxSaid = 500;

/** A program that prints lines for as long as somebody reads them. */
export class LineProcess {
  readonly #options: LineProcessOptions;
  #child: ChildProcess | undefined;

  constructor(options: LineProcessOptions) {
    this.#options = options;
  }

  start(): void {
    const { program, args, env } = this.#options;
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    const out = new BoundedLines(this.#options.maxBytes);
    const said = new BoundedLines(maxSaid);
    // First: without a descriptor left there are no pipes, but this.
    child.on("error", (error: NodeJS.ErrnoException) => {
      this.#end(child, error.code === "ENOENT" ? `there is no ${program} here` : error.message);
    });
    child.stdout?.on("data", (chunk: Buffer) => {
      if (this.#child === child) this.#take(out.push(chunk));
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      for (const { bytes } of said.push(chunk)) if (this.#child === child) this.#options.onSaid(bytes.toString("utf8"));
    });
    child.on("close", (code, signal) => this.#end(child, `${program} ended ${code === null ? `by ${signal}` : `with ${code}`}`));
  }

  /** It only reads: it has nothing to bring to an end. */
  stop(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
  }

  #take(lines: readonly BoundedLine[]): void {
    const { budget, onLines, onSkipped } = this.#options;
    const room = budget.take(lines.length);
    if (room > 0) onLines(lines.slice(0, room));
    if (lines.length > room) onSkipped(lines.length - room);
  }

  #end(child: ChildProcess, why: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#options.onEnd(why);
  }
}
