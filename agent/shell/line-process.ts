import { type ChildProcess, spawn } from "node:child_process";
import { BoundedLines, type BoundedLinesOptions, LineBudget } from "./bounded-lines.ts";

export interface LineProcessOptions extends BoundedLinesOptions {
  program: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** A line of its standard error. */
  onSaid(line: string): void;
  /** It ended, and nobody asked for it. */
  onEnd(why: string): void;
}

/** Of a line of its standard error, and of those in a second. */
const maxSaid = 500;
const maxSayings = 100;

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
    const out = new BoundedLines(this.#options);
    const said = new BoundedLines({
      maxBytes: maxSaid,
      budget: new LineBudget(maxSayings, () => performance.now()),
      onLines: (lines) => {
        for (const { bytes } of lines) if (this.#child === child) this.#options.onSaid(bytes.toString("utf8"));
      },
      onSkipped() {},
    });
    // First: without a descriptor left there are no pipes, but this.
    child.on("error", (error: NodeJS.ErrnoException) => {
      this.#end(child, error.code === "ENOENT" ? `there is no ${program} here` : error.message);
    });
    child.stdout?.on("data", (chunk: Buffer) => {
      if (this.#child === child) out.push(chunk);
    });
    child.stderr?.on("data", (chunk: Buffer) => said.push(chunk));
    child.on("close", (code, signal) => this.#end(child, `${program} ended ${code === null ? `by ${signal}` : `with ${code}`}`));
  }

  /** It only reads: it has nothing to bring to an end. */
  stop(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
  }

  #end(child: ChildProcess, why: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#options.onEnd(why);
  }
}
