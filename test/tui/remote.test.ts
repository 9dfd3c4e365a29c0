import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type IClientOptions } from "mqtt";
import { describe, expect, test } from "vitest";
import { exit } from "../../agent/exit.ts";
import type { TuiOptions } from "../../tui/options.ts";
import { type AgentProcess, killAndStartAgain, main, startAgent } from "../agent/command/agent-process.ts";
import { eventually } from "../agent/shell/fixture.ts";
import { findProgram, freePort, leftOutUnless, mosquittoUsers, startMosquitto } from "../brokers.ts";
import { makeAuthority, mosquittoTls } from "../certificates.ts";
import { openPty } from "./shell/pty.ts";
import { startSshd, type TestSshd } from "./sshd.ts";
import { useTui } from "./test-tui.ts";

const there = ["sshd", "mosquitto", "openssl"].every((name) => findProgram(name) !== undefined);
const why = "sshd, mosquitto or openssl is not installed (apt install openssh-server mosquitto mosquitto-clients openssl)";

const pins = ["node: garage", "gpio: { driver: sim }", "outputs: { lamp: { line: 27 } }"].join("\n");
const secret = "hush-hush";
const wide = { cols: 150, rows: 44 };
let sshd: TestSshd;
let agent: AgentProcess;
const tui = useTui(150, 44);
const { cleanups, shows, text } = tui;

async function begin(yaml: string, options?: Parameters<typeof startSshd>[1]): Promise<void> {
  agent = await startAgent(`${pins}\n${yaml}\n`);
  cleanups.push(() => agent.clean());
  sshd = await startSshd(agent.socket, options);
  cleanups.push(() => sshd.stop());
}

function look(options: Partial<TuiOptions> = {}): void {
  tui.start({ stderr: { write: () => undefined }, host: sshd.host, ...options });
}

/** A node that is not there. */
async function publishInfo(port: number): Promise<void> {
  const client = await mqtt.connectAsync({ host: "127.0.0.1", port });
  const info = { version: "1", started: new Date().toISOString(), driver: "sim" };
  await client.publishAsync("pinbus/lost/info", JSON.stringify(info), { qos: 1, retain: true });
  await client.endAsync();
}

async function publish(port: number, topic: string, options: IClientOptions = {}): Promise<void> {
  const client = await mqtt.connectAsync({ host: "127.0.0.1", port, protocolVersion: 4, ...options });
  await client.publishAsync(topic, "over ssh", { qos: 1, retain: true });
  await client.endAsync();
}

describe.skipIf(leftOutUnless(there, "the terminal UI over a real sshd", why))("pinbus tui --host over a real sshd", () => {
  test("mosquitto with users and TLS: the topics come, by the name in its certificate; both links come back when ssh has died", async () => {
    const authority = makeAuthority();
    cleanups.push(() => authority.clean());
    const users = mosquittoUsers({ pi: secret });
    const tls = mosquittoTls(authority, authority.issue("broker", { names: "DNS:broker.garden" }));
    const config = [...tls.config.filter((line) => !line.startsWith("allow")), ...(users.config ?? [])];
    const broker = await startMosquitto({ config, files: { ...tls.files, ...users.files } });
    cleanups.push(() => broker.stop());
    const link = [`server: "mqtts://127.0.0.1:${broker.port}"`, `ca: ${authority.cert}`, "servername: broker.garden", "username: pi"];
    await begin(`mqtt: { ${link.join(", ")}, password: ${secret} }`);
    look();
    await shows(/garage .*LIVE/);
    const ca = execFileSync("cat", [authority.cert]);
    const tlsClient = { protocol: "mqtts", ca, servername: "broker.garden", username: "pi", password: secret } as const;
    await publish(broker.port, "kept", tlsClient);
    await shows(/kept +R?\?? ?over ssh/);
    sshd.cut();
    await shows("OFFLINE");
    await shows(/kept +R?\?? ?over ssh .*stale/);
    await shows(/garage .*LIVE/);
    expect(tui.screen.stdout.written).not.toContain(secret);
  });

  test("who may only look gets no credentials: the tabs of the agent work, and the topics say why they do not", async () => {
    const broker = await startMosquitto(mosquittoUsers({ pi: secret }));
    cleanups.push(() => broker.stop());
    await begin(`mqtt: { server: 127.0.0.1, port: ${broker.port}, username: pi, password: ${secret} }`);
    look({ readOnly: true });
    await shows(/garage .*MQTT LOST/);
    await shows("not authorised, no user was given");
    tui.screen.type("2");
    await shows(/lamp +27 out/);
  });

  test("the built-in broker with users: the terminal has one of its own, and stays when the users change", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pinbus-users-"));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "users");
    execFileSync(process.execPath, [main, "passwd", file, "ev3"], { input: `${secret}\n${secret}\n`, stdio: ["pipe", "ignore", "ignore"] });
    const port = await freePort();
    await begin(`broker: { listeners: [{ protocol: mqtt, port: ${port} }], password_file: ${file} }`);
    look();
    await shows(/garage .*LIVE/);
    await publish(port, "kept", { username: "ev3", password: secret });
    await shows(/kept +R?\?? ?over ssh/);
    writeFileSync(file, "");
    expect((await agent.ask("reload")).code).toBe(exit.ok);
    await eventually(() => agent.stderr).toMatch(/has no user who can log in/);
    // What the agent says itself goes over the same broker.
    await agent.ask("set", "lamp", "on");
    tui.screen.type("o");
    await shows(/state +R?\?? ?ON/);
    expect(text()).toMatch(/garage .*LIVE/);
  });

  test("a built-in broker that only has a WebSocket with TLS is known by its own certificate", async () => {
    const authority = makeAuthority();
    cleanups.push(() => authority.clean());
    const { cert, key } = authority.issue("box", { names: "DNS:box.garden" });
    const listeners = `[{ protocol: wss, address: 127.0.0.1, port: ${await freePort()} }]`;
    await begin(`broker: { listeners: ${listeners}, cert: ${cert}, key: ${key} }`);
    look();
    await shows(/garage .*LIVE/);
    await agent.ask("set", "lamp", "on");
    tui.screen.type("o");
    await shows(/state +R?\?? ?ON/);
  });

  test("of several brokers it looks at the one of the agent, and goes with it to another one", async () => {
    const [one, other] = [await startMosquitto(), await startMosquitto()];
    cleanups.push(
      () => one.stop(),
      () => other.stop(),
    );
    await publish(other.port, "only-there");
    await begin(`mqtt: { server: ["127.0.0.1:${one.port}", "127.0.0.1:${other.port}"] }`);
    look();
    await shows(/garage .*LIVE/);
    expect(text()).not.toContain("only-there");
    await one.stop();
    await shows(/only-there +R/);
    await shows(/garage .*LIVE/);
  });

  test("ssh asks about the key of the machine and for the passphrase of ours, once, before the screen is there", async () => {
    const broker = await startMosquitto();
    cleanups.push(() => broker.stop());
    await begin(`mqtt: { server: 127.0.0.1, port: ${broker.port} }`, { passphrase: "open sesame", asks: true });
    const pty = openPty(() => `'${process.execPath}' '${main}' tui --host garden; echo "ended with $?"`, wide);
    cleanups.push(() => pty.dispose());
    await pty.shows(/Are you sure you want to continue connecting/);
    pty.type("yes\r");
    await pty.shows(/Enter passphrase for key/);
    pty.type("open sesame\r");
    await pty.shows(/garage .*LIVE/);
    // The agent ends: what comes back goes over the connection that was asked for.
    agent.child.kill("SIGKILL");
    await pty.shows(/AGENT LOST/);
    agent = await killAndStartAgain(agent);
    await pty.shows(/garage .*LIVE/);
    pty.type("q");
    await pty.shows("ended with 0");
  });

  test("Ctrl-C at a question of ssh ends it, and leaves nothing", async () => {
    await begin("", { asks: true });
    const pty = openPty(() => `trap : INT; '${process.execPath}' '${main}' tui --host garden; echo "ended with $?"`, {
      ...wide,
      env: { TMPDIR: sshd.folder },
    });
    cleanups.push(() => pty.dispose());
    await pty.shows(/Are you sure you want to continue connecting/);
    pty.type("\u0003");
    await pty.shows("ssh garden: ended by SIGINT");
    await pty.shows("ended with 3");
    expect(readdirSync(sshd.folder).filter((name) => name.startsWith("pinbus-ssh-"))).toEqual([]);
  });

  test("from the fleet to another node and back: it looks only, Ctrl-C there ends both", async () => {
    const broker = await startMosquitto();
    cleanups.push(() => broker.stop());
    await begin(`mqtt: { server: 127.0.0.1, port: ${broker.port} }`);
    const words = `'${process.execPath}' '${main}' tui --broker 127.0.0.1:${broker.port} --socket '${sshd.folder}/none'`;
    const pty = openPty(() => `for n in 1 2; do ${words}; echo "ended $n with $?"; done; sleep 60`, wide);
    cleanups.push(() => pty.dispose());
    const attach = async () => {
      await pty.shows(/\[1 Topics\].*AGENT LOST/);
      pty.type("7");
      await pty.shows(/> garage +up/);
      pty.type("\r");
      await pty.shows("Attach over ssh");
      for (const key of ["\u0015", ..."garden", "\r"]) pty.type(key);
      await pty.shows(/garage .*LIVE/);
    };
    await attach();
    await pty.shows("looking at garden; q returns to the fleet");
    pty.type("2");
    await pty.shows(/lamp +27 out/);
    pty.type("!");
    pty.type("1");
    await pty.shows(/\[1 Topics\]/);
    expect(pty.screen.text().join("\n")).not.toContain("ARMED");
    pty.type("q");
    await pty.shows("back from garden");
    await pty.shows(/\[7 Fleet\]/);
    pty.type("q");
    await pty.shows("ended 1 with 0");
    await attach();
    pty.type("\u0003");
    await pty.shows("ended 2 with 0");
  });

  test("a destination that ssh cannot reach is said in the fleet", async () => {
    const broker = await startMosquitto();
    cleanups.push(() => broker.stop());
    await begin(`mqtt: { server: 127.0.0.1, port: ${broker.port} }`);
    await publishInfo(broker.port);
    look({ host: undefined, broker: `127.0.0.1:${broker.port}`, socket: join(sshd.folder, "none") });
    await shows(/\[1 Topics\]/);
    tui.screen.type("7");
    await shows(/lost +unknown/);
    tui.screen.type("G");
    await shows(/> lost/);
    tui.screen.type("\r");
    await shows("Attach over ssh");
    for (const key of ["\u0015", ..."nowhere.invalid", "\r"]) tui.screen.type(key);
    await shows(/ssh nowhere\.invalid: .*Could not resolve hostname/);
    tui.screen.type("1");
    await shows(/\[1 Topics\]/);
  });

  test("a machine that does not let us in, and one without an agent, are said before the screen is touched, or on it", async () => {
    await begin("");
    writeFileSync(join(sshd.folder, "authorized_keys"), "");
    const said: string[] = [];
    look({ stderr: { write: (line) => said.push(line) } });
    expect(await tui.running).toBe(exit.unreachable);
    tui.running = undefined;
    expect(said.join("")).toMatch(/pinbus tui: ssh garden: .*Permission denied \(publickey/);
    expect(tui.screen.stdout.written).toBe("");
    execFileSync("cp", [join(sshd.folder, "person.pub"), join(sshd.folder, "authorized_keys")]);
    await agent.clean();
    look();
    await shows("ssh garden: pinbus: no agent answers on");
    await shows("OFFLINE");
  });
});
