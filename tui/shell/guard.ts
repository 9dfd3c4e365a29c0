import { constants } from "node:os";
import { toPrintable } from "./cells.ts";

/** Events by name: the typed overloads of `process` want each one spelled out. */
const events: NodeJS.EventEmitter = process;

export type EndReason = "signal" | "error" | "gone";
export type EndSignal = "SIGTERM" | "SIGINT" | "SIGQUIT";

/** Ends mouse, paste and focus reports. */
const silentModes = "\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1004l";
/** Takes the margins away, which also moves the cursor to the top. */
const noMargins = "\x1b[r";
/** Ends attributes, character sets and keypad mode; wraps. */
const plainModes = "\x1b[0m\x1b(B\x0f\x1b[?1l\x1b>\x1b[?7h";
const showCursor = "\x1b[?25h";
const leaveAlternate = "\x1b[?1049l";
const clearScreen = "\x1b[H\x1b[2J";

/**
 * Sent before the screen is entered: a UI that was killed may have left any of these modes on. The cursor stays where it is, for
 * the alternate screen remembers its place.
 */
export const resetModes = silentModes + plainModes;
/** Bracketed paste and focus reports. */
export const inputModes = "\x1b[?2004h\x1b[?1004h";
/** A terminal without an alternate screen would keep the last frame under the prompt. */
export function restoreSequence(alternate: boolean): string {
  return `${silentModes}${noMargins}${plainModes}${showCursor}${alternate ? "" : clearScreen}${leaveAlternate}`;
}

export interface GuardInput {
  setRawMode?(raw: boolean): unknown;
  pause(): unknown;
  resume(): unknown;
  on(event: "end" | "close" | "error", listener: (error?: Error) => void): unknown;
  removeListener(event: "end" | "close", listener: () => void): unknown;
}

export interface GuardOptions {
  stdin: GuardInput;
  stdout: { on(event: "error", listener: (error: Error) => void): unknown };
  /** Stops drawing and brings the terminal back to a prompt, synchronously. Called once per `enter`. */
  restore(): void;
  /** Takes the terminal again after a suspension. */
  reenter(): void;
  /** The process is about to end, and not by `close`. Only synchronous work is done. */
  onEnd(why: EndReason): void;
}

/** Who is told of the errors of a stream: the last guard that used it. */
const heard = new WeakMap<object, () => void>();

/**
 * Owns every way out of the terminal UI, so that each of them leaves the terminal as it was. Signals end with 128+n, failures
 * with 70 and the stack; a terminal that went away ends by SIGHUP, because `process.exit` aborts when Node resets a dead one.
 */
export class Guard {
  readonly #options: GuardOptions;
  readonly #handlers: [string, (argument: unknown) => void][];
  #entered = false;
  #released = false;
  #ending = false;
  #continued: (() => void) | undefined;
  readonly #over = () => this.#gone();

  constructor(options: GuardOptions) {
    this.#options = options;
    const signal = (name: EndSignal) => () => this.#end("signal", 128 + constants.signals[name]);
    const failure = (error: unknown) => this.#fail(error);
    this.#handlers = [
      ["SIGTERM", signal("SIGTERM")],
      ["SIGINT", signal("SIGINT")],
      ["SIGQUIT", signal("SIGQUIT")],
      ["SIGHUP", () => this.#gone()],
      ["SIGTSTP", () => this.suspend()],
      ["SIGCONT", () => this.#continue()],
      ["uncaughtException", failure],
      ["unhandledRejection", failure],
      ["exit", () => this.#leave()],
    ];
  }

  /** Raw mode on and handlers in place. `restore` will be called on every way out from here on. */
  enter(): void {
    // In front: whoever listens already may end the process, and the terminal must be restored by then.
    for (const [event, handler] of this.#handlers) events.prependListener(event, handler);
    this.#options.stdin.on("end", this.#over);
    this.#options.stdin.on("close", this.#over);
    // One for each stream stays for good: Node reports a raw mode that a dead terminal refuses as an error of the stream.
    for (const stream of [this.#options.stdin, this.#options.stdout]) {
      if (!heard.has(stream)) stream.on("error", () => heard.get(stream)?.());
      heard.set(stream, this.#over);
    }
    this.#entered = true;
    this.#options.stdin.setRawMode?.(true);
    this.#options.stdin.resume();
  }

  /** The requested end: the terminal is restored, the process goes on. */
  close(): void {
    this.#leave();
    this.#release();
    this.#options.stdin.pause();
  }

  /** Hands the terminal to the shell until the person says `fg`. */
  suspend(): void {
    if (!this.#entered) return;
    this.#leave();
    this.#options.stdin.pause();
    this.#off("SIGTSTP");
    // Keeps the loop alive without stdin, and goes on when the stop was not for us (a process group without a shell ignores it).
    const alive = setTimeout(() => this.#continue(), 250);
    this.#continued = () => {
      clearTimeout(alive);
      this.#on("SIGTSTP");
      this.#options.stdin.setRawMode?.(true);
      this.#options.stdin.resume();
    };
    process.kill(0, "SIGTSTP");
  }

  #continue(): void {
    if (this.#released) return;
    const continued = this.#continued;
    this.#continued = undefined;
    // Without a suspension of ours it was SIGSTOP, which nobody sees coming: the shell has had the terminal meanwhile.
    if (!continued) this.#leave();
    if (continued) continued();
    else this.#options.stdin.setRawMode?.(true);
    this.#entered = true;
    this.#options.reenter();
  }

  #leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    try {
      this.#options.restore();
    } finally {
      this.#options.stdin.setRawMode?.(false);
    }
  }

  #end(why: EndReason, code: number): void {
    this.#ending = true;
    this.#leave();
    this.#options.onEnd(why);
    process.exit(code);
  }

  #fail(error: unknown): void {
    this.#leave();
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const lines = text.split("\n", 30).map((line) => toPrintable(line, 400));
    process.stderr.write(`pinbus: a bug in the terminal UI\n${lines.join("\n")}\n`);
    this.#end("error", 70);
  }

  #gone(): void {
    // Restoring a dead terminal fails, and a failing terminal is reported as gone.
    if (this.#released || this.#ending) return;
    this.#ending = true;
    this.#leave();
    this.#release();
    this.#options.onEnd("gone");
    // Whoever listens besides would keep a process alive that has no terminal.
    process.removeAllListeners("SIGHUP");
    process.kill(process.pid, "SIGHUP");
  }

  #release(): void {
    this.#released = true;
    for (const [event, handler] of this.#handlers) events.removeListener(event, handler);
    for (const event of ["end", "close"] as const) this.#options.stdin.removeListener(event, this.#over);
  }

  #on(name: string): void {
    const entry = this.#handlers.find(([event]) => event === name);
    if (entry) events.on(...entry);
  }

  #off(name: string): void {
    const entry = this.#handlers.find(([event]) => event === name);
    if (entry) events.removeListener(...entry);
  }
}
