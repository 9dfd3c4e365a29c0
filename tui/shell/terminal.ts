import type { ScreenFacts } from "../action.ts";
import { maxCopied } from "../effect.ts";
import type { Look } from "../theme.ts";
import type { Canvas } from "../view/canvas.ts";
import { attributesOf } from "./attributes.ts";
import { isBehindSsh, readCaps } from "./caps.ts";
import { Frames } from "./frames.ts";
import { Grid } from "./grid.ts";
import { type EndReason, Guard, inputModes, resetModes, restoreSequence } from "./guard.ts";
import { InputFilter } from "./input-filter.ts";
import type { KeyEvent } from "./key-names.ts";
import { TtyOutput, type TtyStream } from "./output.ts";
import { Pane } from "./pane.ts";
import { closeScreen, openScreen, silence } from "./screen.ts";

export { TerminalRefused } from "./caps.ts";
export type { EndReason, KeyEvent };

export interface TtyInput extends NodeJS.EventEmitter {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  pause(): unknown;
  resume(): unknown;
}

export interface TerminalOptions {
  /** No character outside ASCII; wins over `utf8` and the locale. */
  ascii?: boolean | undefined;
  /** UTF-8 whatever the locale says. */
  utf8?: boolean | undefined;
  look?: Look | undefined;
  env: NodeJS.ProcessEnv;
  stdin?: TtyInput | undefined;
  stdout?: TtyStream | undefined;
  /** Puts the whole frame; what is not put is blank. Called only when a frame is due. */
  draw(canvas: Canvas): void;
  onKey(key: KeyEvent): void;
  onPaste(text: string): void;
  onFocus(focused: boolean): void;
  /** The size has changed; a frame follows by itself. */
  onResize(): void;
  /** The process is about to end, and `close` was not the reason: a signal, an error, or the terminal went away. */
  onEnd(why: EndReason): void;
}

export interface Terminal {
  readonly cols: number;
  readonly rows: number;
  readonly unicode: boolean;
  /** Asks for a frame: within 16 ms when urgent (a key), else at most ten a second, one a second without focus. */
  request(urgent?: boolean): void;
  /** Ctrl-Z: back to the shell, and on when it says `fg`. */
  suspend(): void;
  /** Ctrl-L: writes every cell again. */
  repaint(): void;
  /** Clicks and the wheel become keys, and the terminal marks no text by itself. */
  mouse(on: boolean): void;
  /** Other colours from now on. */
  look(look: Look): void;
  /** To the clipboard of the person's own machine (OSC 52); cut at 8 kB. */
  copy(text: string): void;
  /** Leaves the terminal as it was. Idempotent. */
  close(): void;
}

/** What a real terminal can tell besides. */
export interface LiveTerminal extends Terminal {
  /** Bytes that the terminal has not taken yet. */
  readonly queued: number;
  /** Round trip of the last acknowledged frame; 0 before the first. */
  readonly rttMs: number;
  /** For the header; ask about once a second. */
  facts(): ScreenFacts;
}

/** A window that is being dragged changes its size many times a second. */
const resizeSettleMs = 50;
/** Presses and the wheel, and in a form that has no end at column 223. */
const mouseOn = "\x1b[?1000h\x1b[?1006h";
const mouseOff = "\x1b[?1000l\x1b[?1006l";
/** "Are you well?": the terminal answers when it has processed what came before. */
const probe = "\x1b[5n";

/** Takes over the terminal. Throws TerminalRefused when there is none that can show the UI. */
export function openTerminal(options: TerminalOptions): LiveTerminal {
  const stdin: TtyInput = options.stdin ?? process.stdin;
  const stdout: TtyStream = options.stdout ?? process.stdout;
  const caps = readCaps({ ...options, stdin, stdout });
  const output = new TtyOutput(stdout);
  const grid = new Grid({ ascii: !caps.unicode, attributes: attributesOf(caps.colours, options.look) });
  let resizeTimer: NodeJS.Timeout | undefined;
  let closed = false;
  let mouse = false;

  const guard = new Guard({
    stdin,
    stdout: output,
    restore() {
      frames.stop();
      input.reset();
      clearTimeout(resizeTimer);
      silence(screen);
      output.release(restoreSequence(caps.alternate));
    },
    reenter() {
      output.take();
      output.write(resetModes);
      measure();
      screen.enter();
      begin();
      options.onResize();
    },
    onEnd(why) {
      closed = true;
      options.onEnd(why);
    },
  });
  const input = new InputFilter({
    key: (key) => options.onKey(key),
    paste: (text) => options.onPaste(text),
    focus(focused) {
      frames.focus(focused);
      options.onFocus(focused);
    },
    ack: () => frames.ack(),
  });
  const frames = new Frames({
    paint() {
      const before = output.total;
      screen.render();
      screen.program.flush();
      return output.total > before;
    },
    probe: () => output.write(probe),
    pending: () => output.pending,
  });

  const screen = takeScreen();
  new Pane(screen, grid, () => options.draw(grid));

  const onData = (bytes: Buffer | string) => input.push(Buffer.from(bytes));
  const onResize = () => {
    clearTimeout(resizeTimer);
    resizeTimer = setTimeout(() => {
      measure();
      screen.alloc();
      options.onResize();
      frames.request(true);
    }, resizeSettleMs);
  };
  output.on("idle", () => frames.drained());
  stdin.on("data", onData);
  stdout.on("resize", onResize);
  guard.enter();
  begin();

  function takeScreen() {
    output.take();
    try {
      output.write(resetModes);
      return openScreen(output, caps);
    } catch (error) {
      output.release("");
      throw error;
    }
  }

  function measure(): void {
    screen.program.cols = output.columns;
    screen.program.rows = output.rows;
  }

  function begin(): void {
    screen.program.flush();
    output.write(mouse ? inputModes + mouseOn : inputModes);
    frames.start();
    frames.request(true);
  }

  return {
    get cols() {
      return output.columns;
    },
    get rows() {
      return output.rows;
    },
    unicode: caps.unicode,
    get queued() {
      return output.writableLength;
    },
    get rttMs() {
      return frames.rttMs;
    },
    facts: () => ({ perSecond: frames.perSecond, sshMs: frames.rttMs > 0 && isBehindSsh(options.env) ? frames.rttMs : null }),
    request: (urgent = false) => frames.request(urgent),
    suspend: () => guard.suspend(),
    repaint() {
      screen.alloc();
      frames.request(true);
    },
    mouse(on) {
      mouse = on;
      output.write(on ? mouseOn : mouseOff);
    },
    look(look) {
      grid.use(attributesOf(caps.colours, look));
      frames.request(true);
    },
    copy(text) {
      output.write(`\x1b]52;c;${cutBytes(text, maxCopied).toString("base64")}\x07`);
    },
    close() {
      if (closed) return;
      closed = true;
      guard.close();
      closeScreen(screen);
      stdin.removeListener("data", onData);
      stdout.removeListener("resize", onResize);
    },
  };
}

/** UTF-8, cut between characters. */
function cutBytes(text: string, max: number): Buffer {
  const bytes = Buffer.from(text);
  let end = Math.min(max, bytes.length);
  while (end < bytes.length && end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
