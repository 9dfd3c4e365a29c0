import { spawn } from "@lydell/node-pty";
import xterm from "@xterm/headless";

const pieceBytes = 512;

/**
 * A program in a pty, and the terminal that shows it and answers it. `delay` ms each way and `rate` bytes a second stand for the link between
 * the two; what does not fit waits in the link, without a bound, as ssh and the network let it wait.
 */
export function openTerminal([file, ...args], { cols = 120, rows = 40, env = {}, cwd, delay = 0, rate = Number.POSITIVE_INFINITY } = {}) {
  const screen = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 0 });
  const pty = spawn(file, args, {
    cols,
    rows,
    cwd,
    encoding: null,
    env: { ...process.env, TERM: "xterm-256color", LANG: "C.UTF-8", ...env },
  });
  const slow = delay > 0 || Number.isFinite(rate);
  let [over, bytes, queued, mostQueued, free] = [false, 0, 0, 0, 0];
  let waiting = [];
  const look = () => {
    waiting = waiting.filter((each) => !each());
  };
  const show = (data) => screen.write(data, look);
  pty.onData((data) => {
    bytes += data.length;
    if (!slow) return show(data);
    queued += data.length;
    mostQueued = Math.max(mostQueued, queued);
    for (let at = 0; at < data.length; at += pieceBytes) {
      const piece = data.subarray(at, at + pieceBytes);
      free = Math.max(free, performance.now()) + (piece.length / rate) * 1000;
      setTimeout(
        () => {
          queued -= piece.length;
          show(piece);
        },
        free + delay - performance.now(),
      );
    }
  });
  const send = (text) => !over && pty.write(text);
  const type = (text) => (slow ? setTimeout(() => send(text), delay) : send(text));
  screen.onData(type);
  const exited = new Promise((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      over = true;
      resolve(signal ? 128 + signal : exitCode);
    });
  });
  const text = () => {
    const { active } = screen.buffer;
    return Array.from({ length: rows }, (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? "");
  };
  return {
    pid: pty.pid,
    type,
    text,
    exited,
    /** The first row below the top one that begins inverse: what is selected; -1 when none is. */
    selected() {
      const { active } = screen.buffer;
      const inverse = (row) =>
        active
          .getLine(active.baseY + row)
          ?.getCell(1)
          ?.isInverse();
      return Array.from({ length: rows }, (_, row) => row).findIndex((row) => row > 0 && inverse(row));
    },
    /** Bytes that the program wrote, and the most that waited in the link. */
    written: () => bytes,
    mostQueued: () => mostQueued,
    /** The person's terminal reads no more. */
    stall: () => pty.pause(),
    resume: () => pty.resume(),
    /** When what is shown is so; looked at after each piece that the terminal has drawn. Rejects after `patience` ms, and when the program has ended. */
    until(holds, what, patience = 30_000) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => end(reject, new Error(`not seen within ${patience} ms: ${what}\n${text().join("\n")}`)), patience);
        const end = (settle, result) => {
          clearTimeout(timer);
          waiting = waiting.filter((one) => one !== each);
          settle(result);
          return true;
        };
        const each = () => holds(text()) && end(resolve, performance.now());
        void exited.then((code) => end(reject, new Error(`the program ended with ${code} before: ${what}\n${text().join("\n")}`)));
        if (!each()) waiting.push(each);
      });
    },
    async close() {
      if (!over) pty.kill("SIGTERM");
      await exited;
      screen.dispose();
    },
  };
}
