import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import type { DemoBox } from "./command/demo-box.ts";

/** Unfolded topics with one selected, each of the tabs, and help. */
const keys = ["o", "j", "2", "j", "3", "4", "5", "6", "7", "1", "?"];
const end = "\x03";
const repaint = "\f";
/** The terminal UI asks after each frame whether the terminal is well. */
const [probe, well] = ["\x1b[5n", "\x1b[0n"];
/** Also on a small machine that is busy. */
const within = 60_000;

/**
 * Lets `main` be the terminal UI of the box: on pipes, since where packages are installed there is no terminal. It connects, shows each of its tabs and
 * ends. Resolves with its exit code, null when a signal ended it, and what it complained of; `slow` when it was not done within a minute.
 */
export async function showTerminal(main: string, { config, env }: DemoBox): Promise<{ code: number | null; said: string; slow: boolean }> {
  const home = dirname(config);
  const child = spawn(process.execPath, [...process.execArgv, main, "tui", "--config", config], {
    stdio: "pipe",
    env: { ...env, TERM: "xterm-256color", LC_ALL: "C.UTF-8", HOME: home, XDG_CONFIG_HOME: home },
  });
  let [frame, said, live, next, slow] = ["", "", false, 0, false];
  const tooLate = setTimeout(() => {
    slow = true;
    child.kill("SIGKILL");
  }, within);
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  // It may have ended.
  child.stdin.on("error", () => undefined);
  child.stdout.setEncoding("utf8").on("data", (text) => {
    frame += text;
    if (!frame.endsWith(probe)) return;
    live ||= frame.includes("LIVE");
    frame = "";
    // Each frame is a whole one, so that there is one when nothing has changed, and words stand in it as words.
    if (live) child.stdin.write(well + (keys[next++] ?? end) + repaint);
    else setTimeout(() => child.stdin.write(well + repaint), 20);
  });
  const [code] = await once(child, "close");
  clearTimeout(tooLate);
  return { code, said, slow };
}
