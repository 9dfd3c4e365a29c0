import { execFile } from "node:child_process";
import { type Env, passedFd } from "./fds.ts";
import { type Send, Sender, sendThrough } from "./sender.ts";

/** What the service manager is told. Every call returns at once; messages go one after the other. */
export interface Notify {
  /** The start, or a reload, is done. */
  ready(status?: string): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** Feeds the watchdog; see `watchdog.ts` for when. */
  watchdog(): void;
  reloading(): void;
  stopping(status?: string): void;
  /** Resolves when everything is sent, at the latest after two seconds. */
  close(): Promise<void>;
}

export interface NotifyOptions {
  pid?: number;
  /** Said once, when systemd cannot be told: what happened and what to do. */
  onProblem?: (message: string) => void;
  /** Instead of the descriptor or the program. */
  send?: Send;
  /** CLOCK_MONOTONIC in nanoseconds, which systemd compares with its own. */
  monotonicNs?: () => bigint;
}

/** The path that `OpenFile=` in pinbus.service names. */
const systemSocket = "/run/systemd/notify";
const maxWaiting = 16;
const closeTimeout = 2000;

/**
 * The way to tell systemd, or undefined when it does not listen to this process. With systemd 253 and later that is the
 * descriptor of `OpenFile=` (some 20 µs a message), with 252 a spawned `systemd-notify` (6 to 8 ms, not in the event
 * loop; it is another process, hence `NotifyAccess=all` in the unit).
 */
export function openNotify(env: Env, options: NotifyOptions = {}): Notify | undefined {
  const send = options.send ?? findSend(env, options.pid);
  if (send === undefined) return undefined;
  let told = false;
  const sender = new Sender(send, maxWaiting, (error) => {
    if (!told)
      options.onProblem?.(`systemd cannot be told how the agent is: ${error.message}. Check NotifyAccess= and OpenFile= of the unit.`);
    told = true;
  });
  const tell = (...lines: string[]) => sender.push(Buffer.from(`${lines.join("\n")}\n`));
  const now = options.monotonicNs ?? process.hrtime.bigint;
  return {
    ready: (status) => tell("READY=1", ...statusLine(status)),
    status: (text) => tell(...statusLine(text)),
    watchdog: () => tell("WATCHDOG=1"),
    // Without the time, systemd 253 and later would not take the READY that follows for the end of this reload.
    reloading: () => tell("RELOADING=1", `MONOTONIC_USEC=${now() / 1000n}`),
    stopping: (status) => tell("STOPPING=1", ...statusLine(status)),
    close: async () => {
      await sender.drained(closeTimeout);
    },
  };
}

function findSend(env: Env, pid: number | undefined): Send | undefined {
  const socket = env.NOTIFY_SOCKET ?? "";
  const fd = passedFd(env, "notify", pid);
  // The unit names the system manager's socket; under another manager only NOTIFY_SOCKET is right.
  if (fd !== undefined && (socket === "" || socket === systemSocket)) return sendThrough(fd);
  return socket === "" ? undefined : sendBySystemdNotify(env);
}

function sendBySystemdNotify(env: Env): Send {
  const { PATH = "/usr/bin:/bin", NOTIFY_SOCKET } = env;
  return (message, done) => {
    const lines = message.toString().trimEnd().split("\n");
    execFile("systemd-notify", lines, { env: { PATH, NOTIFY_SOCKET, LC_ALL: "C" }, timeout: 5000 }, (error, _out, stderr) =>
      done(error === null ? null : new Error(`systemd-notify: ${stderr.trim() || `ended with ${error.signal ?? error.code}`}`)),
    );
  };
}

/** A status is one line; systemd takes up to 4 kB of it, a person reads less. */
function statusLine(text: string | undefined): string[] {
  if (text === undefined) return [];
  const line = text.replace(/\s+/g, " ").trim();
  return [`STATUS=${line.length > 300 ? `${line.slice(0, 299)}…` : line}`];
}
