// A terminal UI with nothing behind it, for tests in a real pty: `node fixture.mjs MODE[,FLAG…] [REPORT]`.
// Keys: q closes, x calls process.exit, a aborts, t throws, r rejects, z suspends, w writes at once. REPORT is a file that is told what the process
// measured. Flags: `blocking` (somebody made the descriptor of the output block), `listeners` (somebody else listens too, and ends nothing).
import { renameSync, writeFileSync } from "node:fs";
import { openTerminal, TerminalRefused } from "../../../dist/tui/shell/terminal.js";

const [, , modes = "still", report] = process.argv;
const [mode, ...flags] = modes.split(",");
const measured = { pid: process.pid, frames: 0, keys: 0, maxGapMs: 0, maxQueued: 0, continued: 0, ended: "" };
let resumed = false;
const other = flags.includes("listeners") ? ["uncaughtException", "unhandledRejection", "SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"] : [];
for (const event of other) process.on(event, () => {});

let terminal;
try {
  terminal = openTerminal({
    env: process.env,
    draw(canvas) {
      measured.frames++;
      canvas.put(0, `ready ${mode} ${canvas.cols}x${canvas.rows} frame ${measured.frames}`, "bold");
      canvas.put(1, `keys ${measured.keys}`, "text");
      if (resumed) canvas.put(2, "resumed", "text");
      if (mode !== "churn") return;
      // Every cell differs in every frame, in letter and style.
      for (let row = 3; row < canvas.rows; row++) {
        const letter = String.fromCharCode(97 + ((row + measured.frames) % 26));
        canvas.put(row, letter.repeat(canvas.cols), (row + measured.frames) % 2 ? "selected" : "bad");
      }
    },
    onKey({ name }) {
      measured.keys++;
      if (name === "q") finish();
      if (name === "x") process.exit(0);
      if (name === "a") process.abort();
      if (name === "t") throw new Error("thrown \x1b]0;owned\x07 on purpose");
      if (name === "r") void Promise.reject(new Error("rejected on purpose"));
      if (name === "z") terminal.suspend();
      if (name === "w") terminal.copy("written");
      terminal.request(true);
    },
    onPaste() {},
    onFocus() {},
    onResize() {
      resumed = true;
    },
    onEnd(why) {
      measured.ended = why;
      save();
    },
  });
} catch (error) {
  if (!(error instanceof TerminalRefused)) throw error;
  console.error(error.message);
  process.exit(64);
}

if (flags.includes("blocking")) process.stdout._handle.setBlocking(true);

let last = performance.now();
const ticker = setInterval(() => {
  const now = performance.now();
  measured.maxGapMs = Math.max(measured.maxGapMs, now - last - 10);
  last = now;
  measured.maxQueued = Math.max(measured.maxQueued, terminal.queued);
  if (mode === "churn") terminal.request();
}, 10);
const saver = setInterval(save, 50);
process.on("SIGCONT", () => {
  measured.continued++;
  last = performance.now();
});

function finish() {
  clearInterval(ticker);
  clearInterval(saver);
  save();
  terminal.close();
  console.log("closed");
}

function save() {
  if (!report) return;
  // Whole or not at all, for a reader that polls.
  writeFileSync(`${report}.new`, JSON.stringify(measured));
  renameSync(`${report}.new`, report);
}
