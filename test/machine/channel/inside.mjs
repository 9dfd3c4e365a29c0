// The end inside the machine: starts the commands that arrive through the port and streams their output back.
//   inside.mjs /dev/virtio-ports/machine
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import { frame, frameReader, kind } from "./frame.mjs";

const fd = fs.openSync(process.argv[2], "r+");
const children = new Map();

let lastWrite = Promise.resolve();
function send(id, type, body) {
  const bytes = frame(id, type, body);
  lastWrite = lastWrite.then(() => writeAll(bytes));
  return lastWrite;
}

/** A character device may take less than it was offered. */
async function writeAll(bytes) {
  for (let at = 0; at < bytes.length; ) {
    at += await new Promise((ok, no) => fs.write(fd, bytes, at, bytes.length - at, null, (e, n) => (e ? no(e) : ok(n))));
  }
}

function start(id, { argv, cwd, env }) {
  if (!fs.existsSync(cwd)) {
    void send(id, kind.stderr, `machine: ${cwd} is not inside the machine; start it with that folder\n`);
    void send(id, kind.exit, '{"code":126}');
    return;
  }
  // Detached = a process group of its own, so that a signal reaches the whole command.
  const child = spawn(argv[0], argv.slice(1), { cwd, env: { ...process.env, ...env }, detached: true });
  children.set(id, child);
  forward(id, child.stdout, kind.stdout);
  forward(id, child.stderr, kind.stderr);
  child.stdin.on("error", () => {});
  const end = (code, message = "") => {
    if (!children.delete(id)) return;
    if (message) void send(id, kind.stderr, message);
    void send(id, kind.exit, JSON.stringify({ code }));
  };
  child.on("error", (error) => end(127, `${error.message}\n`));
  child.on("close", (code, signal) => end(code ?? 128 + os.constants.signals[signal]));
}

function forward(id, stream, type) {
  stream.on("data", async (data) => {
    stream.pause();
    await send(id, type, data);
    stream.resume();
  });
}

function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    // It ended just now.
  }
}

const onChunk = frameReader((id, type, body) => {
  const child = children.get(id);
  if (type === kind.ping)
    setTimeout(send, 1, id, kind.ping); // by a timer: a machine whose clock stands still is not alive
  else if (type === kind.start) start(id, JSON.parse(body));
  else if (child === undefined) return;
  else if (type === kind.stdin) child.stdin.write(Buffer.from(body));
  else if (type === kind.stdinEnd) child.stdin.end();
  else if (type === kind.signal) signal(child, String(body));
});

const buffer = Buffer.alloc(65536);
function read() {
  fs.read(fd, buffer, 0, buffer.length, null, (error, n) => {
    if (error) throw error;
    // Nobody is connected on the host: the port then reads as at its end, at once and for ever.
    if (n === 0) return setTimeout(read, 50);
    onChunk(Buffer.from(buffer.subarray(0, n)));
    read();
  });
}
read();
