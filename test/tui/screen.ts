import { EventEmitter } from "node:events";
import { Writable } from "node:stream";
import unicode11 from "@xterm/addon-unicode11";
import xterm from "@xterm/headless";

/** A terminal in memory: what is written to `stdout` is drawn by xterm.js, what it answers or a test types comes out of `stdin`. */
export interface FakeTerminal {
  stdin: FakeInput;
  stdout: FakeOutput;
  xterm: InstanceType<typeof xterm.Terminal>;
  /** What a hostile text must never cause. */
  titles: string[];
  bells: number;
  /** Everything the terminal answered. */
  replies: string[];
  type(text: string): void;
  resize(cols: number, rows: number): void;
  /** Rows as text, without trailing blanks. */
  text(): string[];
  /** Every cell with its attributes, to compare two screens. */
  cells(): string[];
  /** When all that was written so far has been drawn. */
  drawn(): Promise<void>;
  dispose(): void;
}

class FakeInput extends EventEmitter {
  readonly isTTY = true;
  raw = false;
  paused = true;
  setRawMode(raw: boolean): this {
    this.raw = raw;
    return this;
  }
  pause(): this {
    this.paused = true;
    return this;
  }
  resume(): this {
    this.paused = false;
    return this;
  }
}

export class FakeOutput extends Writable {
  readonly isTTY = true;
  columns: number;
  rows: number;
  /** Everything written, for tests about bytes. */
  written = "";
  readonly #sink: (chunk: Buffer, done: () => void) => void;
  constructor(columns: number, rows: number, sink: (chunk: Buffer, done: () => void) => void) {
    super();
    this.columns = columns;
    this.rows = rows;
    this.#sink = sink;
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written += chunk.toString("utf8");
    this.#sink(chunk, done);
  }
}

export function createFakeTerminal(cols: number, rows: number): FakeTerminal {
  const terminal = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 0 });
  // The tables built into xterm.js are those of Unicode 6.
  terminal.loadAddon(new unicode11.Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  const stdin = new FakeInput();
  const stdout = new FakeOutput(cols, rows, (chunk, done) => terminal.write(chunk, done));
  const fake: FakeTerminal = {
    stdin,
    stdout,
    xterm: terminal,
    titles: [],
    bells: 0,
    replies: [],
    type: (text) => void stdin.emit("data", Buffer.from(text)),
    resize(newCols, newRows) {
      terminal.resize(newCols, newRows);
      stdout.columns = newCols;
      stdout.rows = newRows;
      stdout.emit("resize");
    },
    text: () => lines(terminal, (line) => line.translateToString(true)),
    cells: () => lines(terminal, (line) => describeCells(line, terminal.cols)),
    drawn: () => new Promise((resolve) => terminal.write("", resolve)),
    dispose: () => terminal.dispose(),
  };
  terminal.onTitleChange((title) => fake.titles.push(title));
  terminal.onBell(() => fake.bells++);
  terminal.onData((data) => {
    fake.replies.push(data);
    stdin.emit("data", Buffer.from(data));
  });
  return fake;
}

type BufferLine = NonNullable<ReturnType<FakeTerminal["xterm"]["buffer"]["active"]["getLine"]>>;

function lines(terminal: FakeTerminal["xterm"], describe: (line: BufferLine) => string): string[] {
  const { active } = terminal.buffer;
  return Array.from({ length: terminal.rows }, (_, y) => {
    const line = active.getLine(active.baseY + y);
    return line ? describe(line) : "";
  });
}

function describeCells(line: BufferLine, cols: number): string {
  let out = "";
  for (let x = 0; x < cols; x++) {
    const cell = line.getCell(x);
    if (!cell) break;
    const flags = `${cell.isBold() ? "b" : ""}${cell.isInverse() ? "i" : ""}${cell.isInvisible() ? "!" : ""}`;
    out += `${cell.getChars() || " "}${cell.getWidth() === 2 ? ">" : ""}${flags}${cell.isFgDefault() ? "" : cell.getFgColor()}|`;
  }
  return out;
}
