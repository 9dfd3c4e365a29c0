import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./compiled.mjs";
import { pause } from "./process.mjs";

const patience = 60_000;

/** How to start a node with `tui-probe.mjs` in it, and how to ask that for what it measured since it was asked before. */
export function probed(folder) {
  const file = join(folder, "probe.json");
  return {
    flags: ["--expose-gc", "--import", join(root, "bench/tui-probe.mjs")],
    env: { PINBUS_BENCH_REPORT: file },
    async ask(pid) {
      rmSync(file, { force: true });
      process.kill(pid, "SIGUSR2");
      for (const over = performance.now() + patience; !existsSync(file); await pause(20))
        if (performance.now() > over) throw new Error(`the process did not answer within ${patience} ms`);
      return JSON.parse(readFileSync(file, "utf8"));
    },
  };
}
