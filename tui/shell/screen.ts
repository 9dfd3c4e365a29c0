import { EventEmitter } from "node:events";
import { createScreen, type Screen } from "./blessed-internals.ts";
import { type Caps, terminfoFile } from "./caps.ts";
import type { TtyOutput } from "./output.ts";

/** Signals and failures belong to the guard; blessed would answer some of them with exit code 0 and write after the restore. */
const guarded = ["exit", "uncaughtException", "SIGTERM", "SIGINT", "SIGQUIT"] as const;

/**
 * What blessed reads from the environment while it starts. Line art stays UTF-8 instead of the alternate character set, which
 * PuTTY and tmux show as letters; without TMUX it does not run `tmux -V` and wait for it.
 */
const settings: Record<string, string | undefined> = {
  NCURSES_NO_UTF8_ACS: "1",
  BLESSED_FORCE_MODES: "VT200MOUSE,SGRMOUSE",
  TMUX: undefined,
};

/** Opens blessed's screen on the terminal. It gets no input, no signals and no resizes: keys, guard and terminal own them. */
export function openScreen(output: TtyOutput, caps: Caps): Screen {
  const before = new Map(guarded.map((event) => [event, process.rawListeners(event)]));
  const screen = withEnvironment(settings, () =>
    createScreen({
      input: new EventEmitter(),
      output,
      terminal: terminfoFile(caps.family),
      forceUnicode: caps.unicode,
      fullUnicode: false,
      smartCSR: false,
      fastCSR: false,
      useBCE: false,
      dockBorders: false,
    }),
  );
  for (const event of guarded) {
    for (const listener of process.rawListeners(event)) {
      if (!before.get(event)?.includes(listener)) process.removeListener(event, listener as () => void);
    }
  }
  // Blessed counts cells, terminals count columns: after a wide glyph a relative move lands beside the cell. Absolute ones never do.
  delete screen.tput.strings.parm_right_cursor;
  return screen;
}

/** Ends blessed without letting it write: the guard has restored the terminal already. */
export function closeScreen(screen: Screen): void {
  silence(screen);
  screen.destroy();
}

/** Blessed believes that it has left, and what it had not flushed is gone. */
export function silence(screen: Screen): void {
  screen.program._buf = "";
  screen.program.isAlt = false;
}

function withEnvironment<T>(changes: Record<string, string | undefined>, run: () => T): T {
  const before = Object.fromEntries(Object.keys(changes).map((name) => [name, process.env[name]]));
  assign(changes);
  try {
    return run();
  } finally {
    assign(before);
  }
}

function assign(values: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
