import { fileURLToPath } from "node:url";
import { loadBundle } from "./bundle.ts";
import { CommandError, complain } from "./command/command.ts";
import { type DemoBox, startDemoBox } from "./command/demo-box.ts";
import { exit } from "./exit.ts";
import { showTerminal } from "./warm-terminal.ts";

// node dist/agent/warm.js: lets an agent start, be used and stop on a simulated board, with a terminal UI that looks at it, and keeps what this Node has
// compiled for both: the next start with the same flags need not do it again. A part of the build, and of what installs pinbus for another Node than it
// was built with. Nobody needs what is kept: where that does not work there is a warning. An agent or a terminal UI that fails is an error.

/** How the agent and the terminal UI end when only the cache could not be written. */
const notKept = 73;
const main = fileURLToPath(import.meta.url);
const args = process.argv.slice(2);
if (args[0] === "tui") await beTerminal();
else if (args.length > 0) await be("pinbus");
else {
  try {
    const problem = await warm();
    if (problem !== null) complain(`warning: nothing is compiled for the next start: ${problem}`);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    complain(error.message);
    process.exitCode = error.code;
  }
}

async function be(name: "pinbus" | "tui"): Promise<void> {
  const bundle = loadBundle(name);
  process.exitCode = await bundle.exports.runCli(args);
  try {
    bundle.keepCompiled();
  } catch (error) {
    complain(String(error));
    process.exitCode ||= notKept;
  }
}

/** The pipes pass for a terminal. */
async function beTerminal(): Promise<void> {
  for (const stream of [process.stdin, process.stdout]) Object.defineProperty(stream, "isTTY", { value: true });
  await be("tui");
}

/** Returns why nothing was kept. */
async function warm(): Promise<string | null> {
  let box: DemoBox;
  try {
    box = await startDemoBox(main);
  } catch (error) {
    if (error instanceof CommandError && error.code !== exit.bug) return error.message;
    throw error;
  }
  try {
    await box.client.request("set", { output: "lamp", state: "ON" });
    // Only the service is started with flags.
    const ofTerminal = process.execArgv.length > 0 ? null : await warmTerminal(box);
    return (await stop(box)) ?? ofTerminal;
  } finally {
    box.client.close();
    box.clean();
  }
}

async function warmTerminal(box: DemoBox): Promise<string | null> {
  const { code, said, slow } = await showTerminal(main, box);
  return slow ? "the terminal UI was too slow" : judge("the terminal UI", code, said);
}

async function stop(box: DemoBox): Promise<string | null> {
  const code = await box.stop();
  return judge("the agent", code, box.log());
}

function judge(what: string, code: number | null, said: string): string | null {
  if (code !== exit.ok && code !== notKept) throw new CommandError(exit.bug, `${what} failed:\n${said}`);
  return code === notKept ? (said.trimEnd().split("\n").at(-1) ?? "") : null;
}
