import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type IClientOptions, type IClientSubscribeOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { describe } from "vitest";
import { createBroker } from "../agent/embedded/broker.ts";
import type { Broker, BrokerOptions } from "../agent/embedded/broker-terms.ts";

export interface TestBroker {
  port: number;
  url: string;
  stop(): Promise<void>;
  /** On the same port, without anything retained. */
  restart(): Promise<void>;
}

/** A broker that is not in this process: it can hang while everything else goes on. */
export interface BrokerProcess extends Pick<TestBroker, "port" | "url" | "stop"> {
  hang(hangs: boolean): void;
}

/** A test that failed before it could stop its broker must not leave it behind. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
// With it vitest ends its workers.
process.once("SIGTERM", () => process.exit());

export const silentLog = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/**
 * For `skipIf`: true when a program that these tests need is missing, with a sentence. With PINBUS_REQUIRE_ALL=1 never, so that
 * the tests fail: a skipped real part is a failure then.
 */
export function leftOut(name: string, program: string, debianPackages: string): boolean {
  return leftOutUnless(findProgram(program) !== undefined, name, `${program} is not installed (apt install ${debianPackages})`);
}

/** The same for what is more than a program; `why` says what is missing and how to get it. */
export function leftOutUnless(there: boolean, name: string, why: string): boolean {
  if (there || process.env.PINBUS_REQUIRE_ALL === "1") return false;
  console.warn(`left out: ${name}: ${why}`);
  return true;
}

/** Like `describe`, for tests on Debian's mosquitto. */
export function describeMosquitto(name: string, suite: () => void): void {
  describe.skipIf(leftOut(name, "mosquitto", "mosquitto mosquitto-clients"))(name, suite);
}

/** Path of a program of Debian's packages, also outside of a user's PATH. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/**
 * A port that nobody listens on, and nobody is given by chance until it is used: it is below those that the kernel chooses for connections
 * and for listeners on port 0, and each worker of vitest takes from a stretch of its own.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = stretch + (portsTaken++ % 100);
    const server = createServer().listen(port, "127.0.0.1");
    const free = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!free) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

/** 10,000 to 32,399: four workers of each of 56 runs beside each other. */
const stretch = 10_000 + ((process.ppid % 56) * 4 + (Number(process.env.VITEST_POOL_ID ?? 0) % 4)) * 100;
/** Not from the start: what was here before may still be remembered by who asked for it. */
let portsTaken = Math.floor(Math.random() * 100);

export interface MosquittoOptions {
  port?: number;
  /** Lines of mosquitto.conf besides the listener; default: anonymous allowed. */
  config?: readonly string[];
  /** Written beside the configuration; `{dir}` in `config` is their folder. */
  files?: Readonly<Record<string, string>>;
}

/** Debian's mosquitto on a loopback port; resolves when it runs. */
export async function startMosquitto({
  port,
  config = ["allow_anonymous true"],
  files = {},
}: MosquittoOptions = {}): Promise<TestBroker & BrokerProcess & { crash(): Promise<void> }> {
  const path = findProgram("mosquitto");
  if (!path) throw new Error("mosquitto is not installed: apt install mosquitto mosquitto-clients");
  const folder = mkdtempSync(join(tmpdir(), "pinbus-mosquitto-"));
  const chosen = port ?? (await freePort());
  const root = process.getuid?.() === 0 ? ["user root"] : [];
  const lines = [`listener ${chosen} 127.0.0.1`, "persistence false", ...root, ...config].map((line) => line.replaceAll("{dir}", folder));
  writeFileSync(join(folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  const start = async () => {
    const child = spawn(path, ["-v", "-c", join(folder, "mosquitto.conf")], { stdio: ["ignore", "ignore", "pipe"] });
    running.add(child);
    await untilPrinted(child, /running/);
    await untilAnswered(chosen);
    return child;
  };
  let child = await start();
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const giveUp = setTimeout(() => child.kill("SIGKILL"), 2_000);
    await once(child, "exit");
    clearTimeout(giveUp);
    running.delete(child);
  };
  return {
    port: chosen,
    url: `mqtt://127.0.0.1:${chosen}`,
    stop: async () => {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
    restart: async () => {
      await end();
      child = await start();
    },
    /** SIGKILL, and on the same port with what is on disk. */
    crash: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
      running.delete(child);
      child = await start();
    },
    hang: (hangs) => child.kill(hangs ? "SIGSTOP" : "SIGCONT"),
  };
}

/** Lines for `config` of `startMosquitto` and its password file, written by mosquitto's own tool. */
export function mosquittoUsers(users: Readonly<Record<string, string>>): MosquittoOptions {
  const folder = mkdtempSync(join(tmpdir(), "pinbus-passwd-"));
  const file = join(folder, "passwd");
  writeFileSync(file, "");
  for (const [user, password] of Object.entries(users)) execFileSync("mosquitto_passwd", ["-b", file, user, password], { stdio: "ignore" });
  const text = execFileSync("cat", [file], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return { config: ["allow_anonymous false", "password_file {dir}/passwd"], files: { passwd: text } };
}

/** mosquitto's dynamic security plugin, which (unlike 2.0's acl_file) can refuse a subscription: everything is allowed but `denied`. */
export function mosquittoDenying(
  denied: readonly { acltype: "publishClientReceive" | "publishClientSend" | "subscribeLiteral"; topic: string }[],
): MosquittoOptions {
  const library = readdirSync("/usr/lib", { withFileTypes: true })
    .map((entry) => join("/usr/lib", entry.name, "mosquitto_dynamic_security.so"))
    .find((path) => existsSync(path));
  const acls = [
    ...denied.map((acl) => ({ ...acl, priority: 10, allow: false })),
    { acltype: "subscribePattern", topic: "#", priority: 0, allow: true },
    { acltype: "publishClientSend", topic: "#", priority: 0, allow: true },
  ];
  const rules = {
    defaultACLAccess: { publishClientSend: true, publishClientReceive: true, subscribe: true, unsubscribe: true },
    anonymousGroup: "anyone",
    groups: [{ groupname: "anyone", roles: [{ rolename: "limited" }] }],
    roles: [{ rolename: "limited", acls }],
    clients: [],
  };
  return {
    config: ["allow_anonymous true", `plugin ${library}`, "plugin_opt_config_file {dir}/rules.json"],
    files: { "rules.json": JSON.stringify(rules) },
  };
}

/** Our own broker in this process. */
export async function startEmbedded(port = 0, changes: Partial<BrokerOptions> = {}): Promise<TestBroker & { broker(): Broker }> {
  let broker: Broker;
  const start = async (wanted: number) => {
    broker = createBroker({
      listeners: [{ protocol: "mqtt", address: "127.0.0.1", port: wanted }],
      sysInterval: 10_000,
      version: "0.0.0-test",
      log: silentLog,
      now: () => performance.now(),
      ...changes,
    });
    await broker.start();
    const [address] = broker.addresses;
    if (!address || address.problem !== null) throw new Error(address?.problem ?? "the broker has no listener");
    return address.port;
  };
  const chosen = await start(port);
  return {
    port: chosen,
    url: `mqtt://127.0.0.1:${chosen}`,
    broker: () => broker,
    stop: () => broker.stop(),
    restart: async () => {
      await broker.stop();
      await start(chosen);
    },
  };
}

export interface Seen {
  topic: string;
  payload: string;
  retain: boolean;
  packet: IPublishPacket;
}

/** A client of its own that records what the broker shows to others. */
export interface Observer {
  client: MqttClient;
  seen: Seen[];
  /** Payloads of one topic, in order. */
  payloads(topic: string): string[];
  stop(): Promise<void>;
}

export async function observe(
  broker: { url: string },
  filter: string,
  options: IClientOptions & { rap?: boolean } = {},
): Promise<Observer> {
  const { rap = true, ...connection } = options;
  const client = await connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0, ...connection });
  // Else each small packet waits up to 40 ms for the kernel's acknowledgement of the one before.
  (client.stream as Partial<Socket>).setNoDelay?.(true);
  const seen: Seen[] = [];
  client.on("message", (topic, payload, packet) => seen.push({ topic, payload: payload.toString(), retain: packet.retain, packet }));
  const wanted: IClientSubscribeOptions = connection.protocolVersion === 5 ? { qos: 1, rap } : { qos: 1 };
  await client.subscribeAsync(filter, wanted);
  return {
    client,
    seen,
    payloads: (topic) => seen.filter((message) => message.topic === topic).map((message) => message.payload),
    stop: () => client.endAsync(true),
  };
}

async function untilPrinted(child: ChildProcess, pattern: RegExp): Promise<void> {
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      if (text.length < 10_000) text += chunk.toString();
      if (pattern.test(text)) resolve();
    });
    child.once("exit", (code) => reject(new Error(`${child.spawnfile} ended with ${code}: ${text}`)));
  });
}

/** mosquitto 2.0 loses a SIGTERM between "running" and its main loop, so it is started only when it answers a CONNECT. */
export async function untilAnswered(port: number): Promise<void> {
  const socket = createConnection({ port, host: "127.0.0.1" });
  socket.write(Buffer.from("\x10\x10\0\x04MQTT\x04\x02\0\0\0\x04test", "latin1"));
  // A listener behind TLS answers by closing the connection.
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("data", resolve).once("close", resolve));
  socket.destroy();
}
