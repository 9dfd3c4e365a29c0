import { writeSync } from "node:fs";
import { whyUnwritten } from "../config/file-words.ts";
import { type Command, CommandError, complain } from "./command/command.ts";
import { exit } from "./exit.ts";
import { inSources } from "./stack.ts";

const noRoom: ReadonlySet<string | undefined> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Runs what is the whole process; resolves with the exit code. Called once: it also decides what becomes of a bug. */
export function runProgram(main: () => Promise<number>): Promise<number> {
  process.on("uncaughtException", bug);
  process.on("unhandledRejection", bug);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A reader that stops reading (`pinbus pins | head`) is no problem of ours.
    if (error.code === "EPIPE") process.exit(exit.ok);
    if (!noRoom.has(error.code)) return;
    complain(`pinbus: the output could not be written: ${whyUnwritten(error)}`);
    process.exit(exit.refused);
  });
  // What cannot be said ends nobody, least of all who holds lines.
  process.stderr.on("error", () => undefined);
  // Nothing is left that could settle it: without this the process would end with the code of a bug and not a word.
  const stuck = () => bug(new Error("the command waits for something that never comes"));
  process.once("beforeExit", stuck);
  return main().finally(() => process.off("beforeExit", stuck));
}

/** Runs a subcommand, or says how it is used. */
export async function runCommand(name: string, command: Command, args: string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(`usage: pinbus ${name} ${command.usage}\n\n${command.summary}\n`);
    return exit.ok;
  }
  try {
    return await command.run(args);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    complain(`pinbus: ${error.message}`);
    if (error.code === exit.usage) complain(`usage: pinbus ${name} ${command.usage}`);
    return error.code;
  }
}

/** A bug: said at once and unbuffered, since nothing can be trusted to run after it. */
function bug(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  try {
    writeSync(2, `pinbus: this is a bug, please report it:\n${inSources(text)}\n`);
  } catch {
    // stderr is gone: the exit code says it alone.
  }
  process.exit(exit.bug);
}
