import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The terminal cannot show the UI. The message is for a person and names the commands that do the same without it. */
export class TerminalRefused extends Error {
  constructor(message: string) {
    super(`${message}; use \`pinbus status\`, \`pinbus get\`, \`pinbus set\` or \`pinbus why\` instead`);
    this.name = "TerminalRefused";
  }
}

export interface Caps {
  /** What blessed is told: one of the three families whose sequences are known to be right. */
  family: "xterm-256color" | "linux" | "vt100";
  /** Wide and non-ASCII characters may be written. */
  unicode: boolean;
  /** 0: bold and inverse only. */
  colours: 0 | 8 | 256;
  /** Leaving brings the former screen back; otherwise it has to be cleared. */
  alternate: boolean;
}

export interface CapsRequest {
  env: NodeJS.ProcessEnv;
  /** `--ascii` and `--utf8`; the first wins over the second, both over the locale. */
  ascii?: boolean | undefined;
  utf8?: boolean | undefined;
  stdin: { isTTY?: boolean | undefined };
  stdout: { isTTY?: boolean | undefined };
}

/** Reads what the terminal can do from its name and the locale, without asking it. Throws TerminalRefused. */
export function readCaps({ env, ascii, utf8, stdin, stdout }: CapsRequest): Caps {
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new TerminalRefused(`the terminal UI needs a terminal on ${stdin.isTTY ? "stdout" : "stdin"}`);
  }
  const term = (env.TERM ?? "").toLowerCase();
  if (term === "" || term === "dumb" || term === "unknown") {
    throw new TerminalRefused(`the terminal UI needs cursor addressing and TERM is ${term === "" ? "not set" : `"${term}"`}`);
  }
  // Debian's terminfo for the 256-colour names is in a format that blessed cannot read, and it knows no kitty, foot or ghostty:
  // all of them understand xterm.
  const family = term === "linux" ? "linux" : /^vt\d/.test(term) ? "vt100" : "xterm-256color";
  const xterm = family === "xterm-256color";
  return {
    family,
    unicode: !ascii && (utf8 === true || (xterm && isUtf8(env))),
    // no-color.org: set and not empty.
    colours: family === "vt100" || env.NO_COLOR ? 0 : xterm ? 256 : 8,
    alternate: xterm,
  };
}

/** Is the terminal at the other end of an ssh connection? Not known within tmux and screen, which answer in its place. */
export function isBehindSsh({ SSH_CONNECTION, TMUX, STY }: NodeJS.ProcessEnv): boolean {
  return Boolean(SSH_CONNECTION) && !TMUX && !STY;
}

function isUtf8(env: NodeJS.ProcessEnv): boolean {
  // POSIX: the first of these that is set and not empty decides.
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || "");
}

/**
 * The terminfo file for a family. A path, because blessed would otherwise search TERMINFO and the home directory,
 * and it compiles what it finds there to code.
 */
export function terminfoFile(family: Caps["family"]): string {
  if (family !== "vt100") return join(dirname(createRequire(import.meta.url).resolve("blessed/package.json")), "usr", family);
  const file = ["/lib/terminfo/v/vt100", "/usr/share/terminfo/v/vt100"].find((path) => existsSync(path));
  return file ?? terminfoFile("linux");
}
