import { readdir, readFile, readlink } from "node:fs/promises";

/** Who listens on a TCP port of this machine, as far as /proc tells this process. */
export interface PortHolder {
  /** Undefined when the process belongs to another user: the kernel then hides its sockets. */
  process: { pid: number; name: string } | undefined;
  /** Owner of the socket, by name if the machine knows it. */
  user: string;
}

/** `proc` and `passwd` are paths, for tests. Undefined when nobody listens, or /proc cannot be read. */
export async function findPortHolder(port: number, proc = "/proc", passwd = "/etc/passwd"): Promise<PortHolder | undefined> {
  const tables = await Promise.all([`${proc}/net/tcp`, `${proc}/net/tcp6`].map((path) => readFile(path, "utf8").catch(() => "")));
  const listening = tables.flatMap((table) => listeningSockets(table)).find((socket) => socket.port === port);
  if (!listening) return undefined;
  const [process, user] = await Promise.all([processOf(listening.inode, proc), userName(listening.uid, passwd)]);
  return { process, user };
}

/** For messages; an IPv6 address in brackets. */
export function placeOf(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The sentence for people; `what to do` is included. */
export function describePortHolder(address: string, port: number, holder: PortHolder | undefined): string {
  const who = holder?.process
    ? `${holder.process.name} (pid ${holder.process.pid})`
    : holder
      ? `a program of user ${holder.user}`
      : "another program";
  const isBroker = /mosquitto/.test(`${holder?.process?.name} ${holder?.user}`);
  const cure = isBroker
    ? "to use that broker set mqtt.server: 127.0.0.1, or stop it"
    : "if it is a broker set mqtt.server: 127.0.0.1, else set another port in broker.listeners";
  return `the built-in broker cannot listen on ${placeOf(address, port)}: ${who} holds the port; ${cure}`;
}

/** Format: `man 5 proc_pid_net`. State 0A = LISTEN; uid is column 7, inode column 9. */
function listeningSockets(table: string): { port: number; uid: number; inode: string }[] {
  const sockets: { port: number; uid: number; inode: string }[] = [];
  for (const line of table.split("\n").slice(1)) {
    const columns = line.trim().split(/\s+/);
    const [, local, , state, , , , uid, , inode] = columns;
    if (state !== "0A" || local === undefined || uid === undefined || inode === undefined) continue;
    sockets.push({ port: Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16), uid: Number(uid), inode });
  }
  return sockets;
}

async function processOf(inode: string, proc: string): Promise<PortHolder["process"]> {
  const wanted = `socket:[${inode}]`;
  const pids = (await readdir(proc).catch((): string[] => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const descriptors = await readdir(`${proc}/${pid}/fd`).catch((): string[] => []);
    for (const descriptor of descriptors) {
      if ((await readlink(`${proc}/${pid}/fd/${descriptor}`).catch(() => "")) !== wanted) continue;
      const name = await readFile(`${proc}/${pid}/comm`, "utf8").catch(() => "a process");
      return { pid: Number(pid), name: name.trim() };
    }
  }
  return undefined;
}

async function userName(uid: number, passwd: string): Promise<string> {
  const users = await readFile(passwd, "utf8").catch(() => "");
  const line = users.split("\n").find((entry) => entry.split(":")[2] === String(uid));
  return line?.split(":")[0] ?? String(uid);
}
