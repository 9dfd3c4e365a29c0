import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, vi } from "vitest";
import { patience } from "./agent/shell/fixture.ts";
import { type BrokerProcess, freePort, leftOutUnless, type TestBroker, untilAnswered } from "./brokers.ts";

export type RabbitRelease = "3.10" | "4.0";
/** An Erlang node takes seconds on a quiet machine, and ten times as long on a loaded one. */
const bootPatience = 120_000;

const server = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const howTo: Readonly<Record<RabbitRelease, string>> = { "3.10": "apt install rabbitmq-server", "4.0": "test/rabbitmq/root build" };
// The node's name server as a child, not as the daemon that the node would leave behind. The node ends when its standard input does.
const run = `epmd -address 127.0.0.1 & ${server}; code=$?; kill $!; wait $!; exit $code`;
// In namespaces of its own: its mounts and everything that it starts end with it.
const runInRoot =
  'mount --rbind /dev "$1/dev" && mount --bind "$2" "$1/tmp" && mount -t proc proc "$1/proc" && cd / && exec chroot "$1" sh -c "$3"';

export type StartRabbit = (port?: number, denied?: string) => Promise<TestBroker & BrokerProcess>;

/** One suite on one RabbitMQ, which takes seconds to start: the same process for all tests, with an empty virtual host for each. */
export function describeRabbit(name: string, release: RabbitRelease, suite: (start: StartRabbit) => void): void {
  describe.skipIf(missing(name, release))(name, () => {
    const rabbit = new RabbitServer(release);
    beforeAll(() => rabbit.boot(), bootPatience);
    afterAll(() => rabbit.end(), bootPatience);
    suite((port, denied) => rabbit.open(port, denied));
  });
}

function missing(name: string, release: RabbitRelease): boolean {
  if (release === "3.10") return leftOutUnless(existsSync(server), name, `RabbitMQ is not installed (${howTo[release]})`);
  const there = process.getuid?.() === 0 && existsSync(rootOf40());
  return leftOutUnless(there, name, `it needs root and a Debian 13 (${howTo[release]})`);
}

function rootOf40(): string {
  return execFileSync(join(import.meta.dirname, "rabbitmq/root"), ["path"], { encoding: "utf8" }).trim();
}

class RabbitServer {
  readonly #release: RabbitRelease;
  #folder = "";
  #child: ChildProcess | undefined;
  #port = 0;
  #printed = "";
  #vhosts = 1;
  #questions = 0;

  constructor(release: RabbitRelease) {
    this.#release = release;
  }

  /** Starts without any data. */
  async boot(): Promise<void> {
    const root = this.#release === "3.10" ? "/" : rootOf40();
    if (!existsSync(join(root, server))) throw new Error(`no RabbitMQ in ${root}: ${howTo[this.#release]}`);
    this.#folder ||= mkdtempSync(join(tmpdir(), "pinbus-rabbitmq-"));
    this.#port ||= await freePort();
    this.#configure();
    const inside = this.#release === "3.10" ? this.#folder : "/tmp";
    const at = (name: string) => join(inside, name);
    const env = {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      LANG: "C.UTF-8",
      HOME: inside,
      ERL_CRASH_DUMP_BYTES: "0",
      ERL_EPMD_PORT: String(await freePort()),
      RABBITMQ_ALLOW_INPUT: "1",
      RABBITMQ_NODENAME: "pinbus@localhost",
      RABBITMQ_DIST_PORT: String(await freePort()),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
      RABBITMQ_CONF_ENV_FILE: at("none"),
      RABBITMQ_CONFIG_FILE: at("rabbitmq"),
      RABBITMQ_CONFIG_FILES: at("none"),
      RABBITMQ_ADVANCED_CONFIG_FILE: at("none"),
      RABBITMQ_ENABLED_PLUGINS_FILE: at("plugins"),
      RABBITMQ_MNESIA_BASE: at("data"),
      RABBITMQ_LOG_BASE: at("log"),
      RABBITMQ_GENERATED_CONFIG_DIR: at("generated"),
      RABBITMQ_PID_FILE: at("pid"),
    };
    const [command, ...args]: string[] =
      this.#release === "3.10"
        ? ["sh", "-c", run]
        : ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", runInRoot, "sh", root, this.#folder, run];
    this.#printed = "";
    const child = spawn(command ?? "", args, { cwd: this.#folder, env, stdio: ["pipe", "pipe", "pipe"] });
    this.#child = child;
    child.stdin?.on("error", () => undefined);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#printed = (this.#printed + chunk.toString()).slice(-200_000);
      });
    }
    // It answers clients before it takes orders.
    const booted = vi.waitUntil(() => this.#printed.includes("completed with"), { timeout: bootPatience, interval: 20 });
    const answers = booted.then(() => untilAnswered(this.#port));
    const died = once(child, "exit").then(() => Promise.reject(new Error(`RabbitMQ ended: ${this.#printed.slice(-2_000)}`)));
    await Promise.race([answers, died]);
    died.catch(() => undefined);
  }

  /** A broker that knows nothing; `port` can only be the one that it had before. Everything is allowed but the topic `denied`. */
  async open(port = this.#port, denied?: string): Promise<TestBroker & BrokerProcess> {
    if (port !== this.#port) throw new Error(`this RabbitMQ listens on ${this.#port}`);
    await this.#empty();
    if (denied !== undefined) {
      const but = `<<"^(?!${denied}$)">>`;
      const user = `<<"guest">>, <<"v${this.#vhosts}">>, <<"amq.topic">>`;
      await this.#evaluate(`rabbit_auth_backend_internal:set_topic_permissions(${user}, ${but}, ${but}, <<"test">>)`);
    }
    await this.#evaluate("rabbit_maintenance:revive()");
    return {
      port,
      url: `mqtt://127.0.0.1:${port}`,
      hang: (hangs) => {
        for (const pid of familyOf(this.#child?.pid)) process.kill(pid, hangs ? "SIGSTOP" : "SIGCONT");
      },
      // What an administrator does before taking a node away: no listener, no connection.
      stop: () => this.#evaluate("rabbit_maintenance:drain()"),
      restart: async () => {
        await this.#halt();
        rmSync(join(this.#folder, "data"), { recursive: true });
        this.#vhosts = 1;
        await this.boot();
      },
    };
  }

  async end(): Promise<void> {
    await this.#halt();
    if (this.#folder !== "") rmSync(this.#folder, { recursive: true, force: true });
  }

  async #halt(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.stdin?.end();
    const giveUp = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await gone;
    clearTimeout(giveUp);
  }

  /** The next virtual host instead of the one before: no session, no queue, nothing retained. */
  #empty(): Promise<void> {
    const [before, next] = [`<<"v${this.#vhosts}">>`, `<<"v${++this.#vhosts}">>`];
    return this.#evaluate(
      `rabbit_vhost:add(${next}, <<"test">>),
       rabbit_auth_backend_internal:set_permissions(<<"guest">>, ${next}, <<".*">>, <<".*">>, <<".*">>, <<"test">>),
       application:set_env(rabbitmq_mqtt, vhost, ${next}),
       rabbit_vhost:delete(${before}, <<"test">>)`,
    );
  }

  /** In the node's own shell; resolves when it has answered. */
  async #evaluate(expression: string): Promise<void> {
    const number = ++this.#questions;
    this.#child?.stdin?.write(`io:format("<~p ~0p>~n", [${number}, catch begin ${expression} end]).\n`);
    const answer = new RegExp(`<${number} (.*)>`);
    const text = await vi.waitFor(() => {
      const found = answer.exec(this.#printed);
      if (!found) throw new Error(`RabbitMQ does not answer to ${expression}: ${this.#printed.slice(-2_000)}`);
      return found[1];
    }, patience);
    if (text !== "ok") throw new Error(`RabbitMQ answers ${text} to ${expression}`);
  }

  #configure(): void {
    const lines = [
      "listeners.tcp = none",
      `mqtt.listeners.tcp.1 = 127.0.0.1:${this.#port}`,
      "mqtt.allow_anonymous = true",
      ...(this.#release === "3.10" ? [] : ["anonymous_login_user = guest", "anonymous_login_pass = guest"]),
      "default_vhost = v1",
      "mqtt.vhost = v1",
      "log.console = true",
      "log.console.level = critical",
      "log.file = false",
    ];
    writeFileSync(join(this.#folder, "rabbitmq.conf"), `${lines.join("\n")}\n`);
    writeFileSync(join(this.#folder, "plugins"), "[rabbitmq_mqtt].\n");
  }
}

/** A process and all that it started, the oldest first. */
function familyOf(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  return [pid, ...children.flatMap((child) => familyOf(Number(child)))];
}
