// node --expose-gc soak-inside.mjs run --config FILE: the agent as it is installed; a message on its channel makes it collect its garbage and tell its memory.
import { loadBundle } from "../dist/agent/bundle.js";

process.on("message", () => {
  global.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send({ heap: (heapUsed + external) / 1e6, rss: rss / 1e6 });
});
process.exitCode = await loadBundle("pinbus").exports.runCli(process.argv.slice(2));
