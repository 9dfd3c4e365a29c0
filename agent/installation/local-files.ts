import { dirname, join } from "node:path";
import { shellWord } from "../../config/shell-word.ts";
import { unitWord } from "../doctor/unit-word.ts";
import { type SystemFile, systemFiles } from "./system-files.ts";

/** A program that no package manager of the system knows: its folder and the Node that runs it. */
export interface Program {
  home: string;
  node: string;
}

/** What only an installation from npm has: the launcher of the unit, and what uninstall reads. */
export const localHome = "/usr/local/lib/pinbus";

/** The files of the Debian package for a program from npm, below /usr/local, where no package manager puts or removes any. `root`: before `home`. */
export async function localFiles(root: string, { home, node }: Program): Promise<SystemFile[]> {
  const files = await systemFiles(join(root, home));
  const moved = files.map(({ path }) => [path, localPlace(path)] as const);
  const outside = [dirname(node), home].filter((folder) => !folder.startsWith("/usr/"));
  return files.map(({ path, bytes, mode }) => {
    // Compressed: made of no path.
    if (path.endsWith(".gz")) return { path: localPlace(path), bytes, mode };
    let text = bytes.toString("utf8");
    for (const [from, to] of moved) text = text.replaceAll(new RegExp(`${escaped(from)}(?![\\w./-])`, "g"), to);
    if (path.startsWith("/usr/bin/")) text = launcherFor(text, { home, node });
    // Without it the unit may run nothing outside of /usr, and load no addon from there.
    if (path.endsWith(".service") && outside.length > 0)
      text = replaced(text, /^ExecPaths=\/usr$/m, (line) => `${line} ${outside.map(unitWord).join(" ")}`);
    return { path: localPlace(path), bytes: Buffer.from(text), mode };
  });
}

/** polkit reads /usr/local since version 124 only. */
function localPlace(path: string): string {
  return path
    .replace(/^\/usr\/bin/, localHome)
    .replace(/^\/usr\/share\/polkit-1/, "/etc/polkit-1")
    .replace(/^\/usr\/(?=lib|share)/, "/usr/local/");
}

function launcherFor(text: string, { home, node }: Program): string {
  const own = `node=${shellWord(node)}\nmain=${shellWord(`${home}/dist/agent/main.cjs`)}`;
  return replaced(
    replaced(text, /^node=.*\n.*\nmain=.*$/m, () => own),
    /^# .*: runs pinbus .*$/m,
    () => `# ${localHome}/pinbus: runs pinbus of npm with the Node that \`pinbus service install\` ran with.`,
  );
}

function replaced(text: string, part: RegExp, by: (found: string) => string): string {
  if (!part.test(text)) throw new Error(`the template has changed: ${part}`);
  return text.replace(part, by);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
