import { chmodSync, closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { whyUnwritten } from "../../config/file-words.ts";
import { endText } from "../core/recording.ts";
import { exit } from "../exit.ts";
import { connectAgent } from "./client.ts";
import { type Command, CommandError, durationOption, print, readArgs, socketOptions, socketPath, usageError } from "./command.ts";

const defaultSize = "64M";

/** `pinbus record FILE`: what enters the core of a running agent, and what it makes of it, until Ctrl-C. See docs/recording.md. */
export const record: Command = {
  usage: `FILE [--for 10m] [--size ${defaultSize}] [--force]`,
  summary: "record what the lines and topics do, and what the agent makes of it, until Ctrl-C; `rules test` and `sim play` read it",
  async run(args) {
    const own = { for: { type: "string" }, size: { type: "string" }, force: { type: "boolean" } } as const;
    const { values, positionals } = readArgs(args, { ...socketOptions, ...own }, { min: 1, max: 1 });
    const [file = ""] = positionals;
    const forMs = durationOption("for", values.for);
    const limit = sizeOption(values.size ?? defaultSize);

    let finish: (end: Ending) => void = () => {};
    const finished = new Promise<Ending>((resolve) => {
      finish = resolve;
    });
    let sink: RecordingFile | undefined;
    const client = await connectAgent(socketPath(values), {
      push(push) {
        if (push.push === "record-failed") finish({ code: exit.refused, why: `the agent cannot go on: ${push.data}`, complete: false });
        else if (push.push === "record") {
          const end = sink?.add(push.data);
          if (end) finish(end);
        }
      },
      closed: (why) => finish({ code: exit.unreachable, why: `the agent ${why}`, complete: false }),
    });
    const stop = () => finish({ code: exit.ok, why: "it was asked to", complete: true });
    // Before the file is there: whoever sees it may already ask for its end.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
    try {
      sink = new RecordingFile(file, limit, values.force === true);
      await client.request("record", {});
      // setTimeout takes 24 days; nobody records for longer in one file.
      const timer = forMs === undefined ? undefined : setTimeout(stop, Math.min(forMs, 0x7fffffff));
      const end = await finished;
      clearTimeout(timer);
      const { complete, summary } = sink.close(end);
      print(`${file}: ${summary}`);
      if (end.code !== exit.ok) throw new CommandError(end.code, `the recording ended early: ${end.why}`);
      if (!complete) throw new CommandError(exit.refused, "the recording is incomplete: this machine was too busy to take every event");
      return exit.ok;
    } finally {
      client.close();
      sink?.close({ code: exit.ok, why: "it was not begun", complete: false });
    }
  },
};

interface Ending {
  code: number;
  why: string;
  complete: boolean;
}

/** Each line is with the kernel when `add` returns: a kill leaves whole lines. */
class RecordingFile {
  readonly #file: string;
  readonly #limit: number;
  #fd: number | undefined;
  #bytes = 0;
  #events = 0;
  #gaps = 0;

  constructor(file: string, limit: number, force: boolean) {
    this.#file = file;
    this.#limit = limit;
    try {
      this.#fd = openSync(file, force ? "w" : "wx", 0o640);
      // An existing file keeps its mode, and what is recorded is not for everybody.
      if (force) chmodSync(file, 0o640);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const fix =
        code === "EEXIST"
          ? "is there already: name another file, or overwrite it with --force"
          : `cannot be written: ${whyUnwritten(error)}`;
      throw new CommandError(exit.refused, `${file} ${fix}`);
    }
  }

  /** Why the recording ends with this line; undefined when it goes on. */
  add(line: unknown): Ending | undefined {
    if (this.#fd === undefined) return undefined;
    const text = `${JSON.stringify(line)}\n`;
    const size = Buffer.byteLength(text);
    if (this.#bytes + size > this.#limit)
      return { code: exit.refused, why: `it has the ${megabytes(this.#limit)} that --size allows`, complete: true };
    try {
      writeAll(this.#fd, text);
    } catch (error) {
      return { code: exit.refused, why: `${this.#file} cannot be written: ${whyUnwritten(error)}`, complete: false };
    }
    this.#bytes += size;
    const kinds = Object.keys(Object(line));
    if (kinds.includes("effects")) this.#events++;
    if (kinds.includes("gap")) this.#gaps++;
    return undefined;
  }

  /** Writes the last line. Does nothing the second time. */
  close({ why, complete }: Ending): { complete: boolean; summary: string } {
    const whole = complete && this.#gaps === 0;
    if (this.#fd !== undefined) {
      const fd = this.#fd;
      this.#fd = undefined;
      try {
        writeAll(fd, `${endText({ at: new Date().toISOString(), why, complete: whole })}\n`);
        fsyncSync(fd);
      } catch {
        // A full disk, or a pipe: the recording is as good as one that was cut off.
      }
      closeSync(fd);
    }
    const gaps = this.#gaps === 0 ? "" : `, ${this.#gaps} ${this.#gaps === 1 ? "gap" : "gaps"}`;
    return { complete: whole, summary: `${this.#events} events, ${megabytes(this.#bytes)}${gaps}` };
  }
}

/** A disk that is nearly full takes a part. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
}

function sizeOption(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,9})([kMG]?)$/.exec(text) ?? [];
  const factor = { "": 1, k: 1024, M: 1024 ** 2, G: 1024 ** 3 }[unit];
  if (digits === undefined || factor === undefined)
    throw usageError(`--size takes a size like 500k or ${defaultSize}, not ${JSON.stringify(text)}`);
  return Number(digits) * factor;
}

function megabytes(bytes: number): string {
  return bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
