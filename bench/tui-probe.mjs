// node --import bench/tui-probe.mjs …: on SIGUSR2 the process writes to the file in PINBUS_BENCH_REPORT what it measured since the last time: the longest
// gap of its event loop, the most bytes that its terminal had not taken, and (with --expose-gc) what its memory holds.
import { renameSync, writeFileSync } from "node:fs";
import { Writable } from "node:stream";

const tickMs = 10;
const file = process.env.PINBUS_BENCH_REPORT;
let output;
const { on } = Writable.prototype;
/** The sink of the screen is in the bundle; nobody else waits for a stream to be idle. */
Writable.prototype.on = function (event, listener) {
  if (event === "idle") output = this;
  return on.call(this, event, listener);
};

let [last, gapMs, queued] = [performance.now(), 0, 0];
setInterval(() => {
  const now = performance.now();
  gapMs = Math.max(gapMs, now - last - tickMs);
  queued = Math.max(queued, output?.writableLength ?? 0);
  last = now;
}, tickMs).unref();

process.on("SIGUSR2", () => {
  const measured = { gapMs, queued };
  global.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  // Whole or not at all, for a reader that polls.
  writeFileSync(`${file}.new`, JSON.stringify({ ...measured, heap: (heapUsed + external) / 1e6, rss: rss / 1e6 }));
  renameSync(`${file}.new`, file);
  [last, gapMs, queued] = [performance.now(), 0, 0];
});
