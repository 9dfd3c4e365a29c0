import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { loadBundle } from "./bundle.ts";
import { startDemoBox } from "./command/demo-box.ts";

// node dist/agent/warm.js: lets an agent start, be used and stop on a simulated board, and keeps what this Node has compiled for it: the next
// start with the same flags need not do it again. A part of the build, and of what installs pinbus for another Node than it was built with.

const args = process.argv.slice(2);
if (args.length > 0) {
  const bundle = loadBundle();
  process.exitCode = await bundle.runCli(args);
  bundle.keepCompiled();
} else {
  const box = await startDemoBox(fileURLToPath(import.meta.url));
  try {
    while (!(await box.client.request("status", {})).link.online) await setTimeout(20);
    await box.client.request("set", { output: "lamp", state: "ON" });
    if ((await box.stop()) !== 0) throw new Error(`what was compiled could not be kept:\n${box.log()}`);
  } finally {
    box.client.close();
    box.clean();
  }
}
