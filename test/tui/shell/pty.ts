import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type IPty, spawn } from "@lydell/node-pty";
import { expect, vi } from "vitest";
import { patience } from "../../agent/shell/fixture.ts";
import { createFakeTerminal, type FakeTerminal } from "../screen.ts";

const root = dirname(createRequire(import.meta.url).resolve("pinbus/package.json"));
const fixture = join(dirname(fileURLToPath(import.meta.url)), "fixture.mjs");

/** What `fixture.mjs` writes about itself. */
export interface Report {
  pid: number;
  frames: number;
  keys: number;
  maxGapMs: number;
  maxQueued: number;
  continued: number;
  ended: string;
}

/** A real pty with a shell in it; what it shows is drawn by xterm.js, which also answers it. */
export interface PtyShell {
  pty: IPty;
  screen: FakeTerminal;
  /** What the fixture has told so far; empty before. */
  report(): Partial<Report>;
  type(text: string): void;
  /** Waits for text anywhere on the screen. */
  shows(text: string | RegExp): Promise<void>;
  /** The exit code of the shell, 128+n after a signal. */
  exited: Promise<number>;
  dispose(): void;
}

export interface PtyPlace {
  /** The command line that starts the fixture. */
  run(mode: string): string;
  /** A folder that lives as long as the pty. */
  folder: string;
}

export interface PtyOptions {
  cols?: number;
  rows?: number;
  env?: Record<string, string> | undefined;
}

/** Runs a script of `sh`, or an interactive bash with job control when the script is undefined. */
export function openPty(script: ((place: PtyPlace) => string) | undefined, options: PtyOptions = {}): PtyShell & PtyPlace {
  const { cols = 80, rows = 24, env = {} } = options;
  const built = join(root, "dist/tui/shell/terminal.js");
  if (!existsSync(built)) throw new Error(`${built} is not there: the pty tests run what \`npm run build\` makes`);
  const folder = mkdtempSync(join(tmpdir(), "pinbus-pty-"));
  const place: PtyPlace = { folder, run: (mode) => `'${process.execPath}' '${fixture}' ${mode} '${folder}/report'` };
  const screen = createFakeTerminal(cols, rows);
  const pty = spawn(script ? "sh" : "bash", script ? ["-c", script(place)] : ["--norc", "--noprofile", "-i"], {
    cols,
    rows,
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, TERM: "xterm-256color", LANG: "C.UTF-8", PS1: "$ ", ...env },
  });
  let over = false;
  pty.onData((data) => screen.xterm.write(data));
  // Answers may come after the end.
  screen.stdin.on("data", (data: Buffer) => over || pty.write(data.toString()));
  const exited = new Promise<number>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      over = true;
      resolve(signal ? 128 + signal : exitCode);
    });
  });
  const report = () => readReport(join(folder, "report"));
  return {
    ...place,
    pty,
    screen,
    report,
    type: (text) => pty.write(text),
    async shows(text) {
      await until(() => {
        const shown = screen.text().join("\n");
        if (typeof text === "string") expect(shown).toContain(text);
        else expect(shown).toMatch(text);
      });
    },
    exited,
    dispose() {
      for (const pid of over ? [report().pid] : [report().pid, -pty.pid]) if (pid) kill(pid, "SIGKILL");
      over = true;
      screen.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Modes that only a terminal emulator sees. */
export function modesOf({ screen }: PtyShell): object {
  const { bracketedPasteMode, sendFocusMode, applicationCursorKeysMode, applicationKeypadMode, mouseTrackingMode, wraparoundMode } =
    screen.xterm.modes;
  const { _core } = screen.xterm as unknown as { _core: { coreService: { isCursorHidden: boolean } } };
  return {
    buffer: screen.xterm.buffer.active.type,
    cursorHidden: _core.coreService.isCursorHidden,
    bracketedPasteMode,
    sendFocusMode,
    applicationCursorKeysMode,
    applicationKeypadMode,
    mouseTrackingMode,
    wraparoundMode,
  };
}
export const untouched = {
  buffer: "normal",
  cursorHidden: false,
  bracketedPasteMode: false,
  sendFocusMode: false,
  applicationCursorKeysMode: false,
  applicationKeypadMode: false,
  mouseTrackingMode: "none",
  wraparoundMode: true,
};

/** The shell stays until Enter: of what it wrote last, node-pty throws away what is not read 200 ms after its end. */
export const hold = "read -r _";

/** Polls an expectation; generous, because the machine may be busy. */
export function until(check: () => void): Promise<void> {
  return vi.waitFor(check, patience);
}

/** Signals the fixture, once it is known. */
export async function signal(to: PtyShell, name: NodeJS.Signals): Promise<void> {
  await until(() => expect(to.report().pid ?? 0).toBeGreaterThan(0));
  kill(to.report().pid ?? 0, name);
}

/** A process that has ended already is fine. */
function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function readReport(path: string): Partial<Report> {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Report) : {};
}
