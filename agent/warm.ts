import { fileURLToPath } from "node:url";
import { loadBundle } from "./bundle.ts";
import { CommandError, complain } from "./command/command.ts";
import { type DemoBox, startDemoBox } from "./command/demo-box.ts";
import { exit } from "./exit.ts";

// node dist/agent/warm.js: lets an agent start, be used and stop on a simulated board, and keeps what this Node has compiled for it: the next
// start with the same flags need not do it again. A part of the build, and of what installs pinbus for another Node than it was built with.
// Nobody needs what is kept: where that does not work there is a warning. An agent that fails is an error.

/** How the agent ends when only its cache could not be written. */
const notKept = 73;
const args = process.argv.slice(2);
if (args.length > 0) await beAgent();
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

async function beAgent(): Promise<void> {
  const bundle = loadBundle();
  process.exitCode = await bundle.runCli(args);
  try {
    bundle.keepCompiled();
  } catch (error) {
    complain(String(error));
    process.exitCode ||= notKept;
  }
}

/** Returns why nothing was kept. */
async function warm(): Promise<string | null> {
  let box: DemoBox;
  try {
    box = await startDemoBox(fileURLToPath(import.meta.url));
  } catch (error) {
    if (error instanceof CommandError && error.code !== exit.bug) return error.message;
    throw error;
  }
  try {
    await box.client.request("set", { output: "lamp", state: "ON" });
    const code = await box.stop();
    if (code !== exit.ok && code !== notKept) throw new CommandError(exit.bug, `the agent failed:\n${box.log()}`);
    return code === notKept ? (box.log().trimEnd().split("\n").at(-1) ?? "") : null;
  } finally {
    box.client.close();
    box.clean();
  }
}
