import { readdir, readFile, readlink } from "node:fs/promises";

/** Who listens on a TCP port of this machine, as far as /proc tells this process. */
export interface PortHolder {
  /** Undefined when the process belongs to another user: the kernel then hides its sockets. */
  process: { pid: number; name: string } | undefined;
  /** Owner of the socket, by name if the machine knows it; undefined when `PrivateUsers=` of the unit hides other users. */
  user: string | undefined;
  /** When the user is hidden: a unit of this machine that may be it, because it is a broker. */
  unit?: string;
}

/** Where systemd keeps its running units, readable from inside the unit's sandbox too. */
const units = "/sys/fs/cgroup/system.slice";

/** `proc`, `passwd` and `slice` are paths, for tests. Undefined when nobody listens, or /proc cannot be read. */
export async function findPortHolder(port: number, proc = "/proc", passwd = "/etc/passwd", slice = units): Promise<PortHolder | undefined> {
  const tables = await Promise.all([`${proc}/net/tcp`, `${proc}/net/tcp6`].map((path) => readFile(path, "utf8").catch(() => "")));
  const listening = tables.flatMap((table) => listeningSockets(table)).find((socket) => socket.port === port);
  if (!listening) return undefined;
  const [process, hidden] = await Promise.all([processOf(listening.inode, proc), isHidden(listening.uid, proc)]);
  if (!hidden) return { process, user: await userName(listening.uid, passwd) };
  const unit = process ? undefined : await runningBroker(slice);
  return { process, user: undefined, ...(unit === undefined ? {} : { unit }) };
}

/** For messages; an IPv6 address in brackets. */
export function placeOf(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The sentence for people; `what to do` is included. `protocol` is what was to be spoken there. */
export function describePortHolder(address: string, port: number, holder: PortHolder | undefined, protocol = "mqtt"): string {
  const server = serverAt(address, port, protocol);
  const isBroker = holder?.unit !== undefined || /mosquitto/.test(`${holder?.process?.name} ${holder?.user}`);
  const cure = isBroker
    ? `to use that broker set mqtt.server: ${server}, or stop it`
    : `if it is a broker set mqtt.server: ${server}, else set another port in broker.listeners`;
  return `the built-in broker cannot listen on ${placeOf(address, port)}: ${nameOf(holder)} holds the port; ${cure}`;
}

/** As `mqtt.server` names it. Who listens on this machine's own or on all addresses is reached at 127.0.0.1. */
function serverAt(address: string, port: number, protocol: string): string {
  const host = ["::1", "0.0.0.0", "::"].includes(address) ? "127.0.0.1" : address;
  if (protocol === "mqtt") return port === 1883 ? host : placeOf(host, port);
  return `${protocol}://${placeOf(host, port)}`;
}

function nameOf(holder: PortHolder | undefined): string {
  if (!holder) return "another program";
  if (holder.process) return `${holder.process.name} (pid ${holder.process.pid})`;
  if (holder.user !== undefined) return `a program of user ${holder.user}`;
  if (holder.unit !== undefined) return `a program of another user, probably ${holder.unit}, which runs here,`;
  return "a program of another user (`sudo ss -ltnp` names it)";
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

/** In a user namespace every user that it does not know has the same number (`man 7 user_namespaces`). */
async function isHidden(uid: number, proc: string): Promise<boolean> {
  const [nobody, map] = await Promise.all(
    ["sys/kernel/overflowuid", "self/uid_map"].map((name) => readFile(`${proc}/${name}`, "utf8").catch(() => "")),
  );
  return uid === Number(nobody || 65534) && !/^\s*0\s+0\s+4294967295\s*$/.test(map ?? "");
}

async function runningBroker(slice: string): Promise<string | undefined> {
  const names = await readdir(slice).catch((): string[] => []);
  return names.find((name) => /^(mosquitto|rabbitmq-server|emqx|nanomq|vernemq)\.service$/.test(name));
}

async function userName(uid: number, passwd: string): Promise<string> {
  const users = await readFile(passwd, "utf8").catch(() => "");
  const line = users.split("\n").find((entry) => entry.split(":")[2] === String(uid));
  return line?.split(":")[0] ?? String(uid);
}
