import type { TuiOptions } from "../tui/options.ts";
import { tui } from "./command/tui.ts";
import { runCommand, runProgram } from "./program.ts";

// The terminal UI in a bundle of its own: the agent does not carry it, and it does not carry the agent.

/** `pinbus tui`, with the word itself in `args`; resolves with the exit code. Called once. */
export function runCli(args: string[]): Promise<number> {
  return runProgram(() => runCommand("tui", tui, args.slice(1)));
}

/** For a command of the other bundle that shows the terminal UI. */
export async function runTui(options: TuiOptions): Promise<number> {
  return (await import("../tui/main.ts")).runTui(options);
}
