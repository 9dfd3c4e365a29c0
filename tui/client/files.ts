import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * A file that is yet to be made, below XDG_STATE_HOME or ~/.local/state, named by the time; of several in one second the later ones have a
 * number as well. Throws what the system says of the folder.
 */
export function stateFile(env: NodeJS.ProcessEnv, kind: string, now: Date): string {
  const dir = join(baseOf(env.XDG_STATE_HOME, ".local/state"), "pinbus");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const stamp = now
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/[-:]/g, "")
    .replace("T", "-");
  for (let number = 1; ; number += 1) {
    const path = join(dir, `${kind}-${stamp}${number === 1 ? "" : `-${number}`}.jsonl`);
    if (!existsSync(path)) return path;
  }
}

/** `~/.config/pinbus/tui.yaml`, or below XDG_CONFIG_HOME. */
export function settingsPath(env: NodeJS.ProcessEnv): string {
  return join(baseOf(env.XDG_CONFIG_HOME, ".config"), "pinbus/tui.yaml");
}

/** For people: the home folder is `~`. */
export function shortPath(path: string): string {
  const home = `${homedir()}/`;
  return path.startsWith(home) ? `~/${path.slice(home.length)}` : path;
}

/** The XDG rules: only an absolute path counts. */
function baseOf(named: string | undefined, usual: string): string {
  return named?.startsWith("/") ? named : join(homedir(), usual);
}
