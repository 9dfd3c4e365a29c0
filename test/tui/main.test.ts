import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Aedes } from "aedes";
import mqtt from "mqtt";
import { beforeEach, expect, test, vi } from "vitest";
import { exit } from "../../agent/exit.ts";
import { loadSettings } from "../../tui/client/settings-file.ts";
import { runTui } from "../../tui/main.ts";
import type { TuiOptions } from "../../tui/options.ts";
import { eventually } from "../agent/shell/fixture.ts";
import { FakeAgent } from "./client/fake-agent.ts";
import { input, noBroker, output, packets, pinsView, service, status } from "./scene.ts";
import { useTui } from "./test-tui.ts";

let dir: string;
let socket: string;
let agent: FakeAgent;
const tui = useTui(80, 24);
const { cleanups, shows, text } = tui;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pinbus-tui-"));
  socket = join(dir, "control.sock");
  agent = new FakeAgent();
  cleanups.push(
    () => rmSync(dir, { recursive: true, force: true }),
    () => agent.stop(),
  );
});

function start(options: Partial<TuiOptions> = {}): void {
  tui.start({ socket, ...options });
}

async function broker(): Promise<number> {
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => new Promise<void>((resolve) => aedes.close(() => server.close(() => resolve()))));
  return (server.address() as AddressInfo).port;
}

test("a press on a key travels to the agent and the answer to the screen, and q gives the terminal back", async () => {
  let on = false;
  const port = await broker();
  agent.serve = {
    status: () => status({ broker: { listeners: [{ protocol: "mqtt", address: "127.0.0.1", port, problem: null }], clients: 1 } }),
    watch: ({ params }) => {
      if (params.views.includes("pins")) setImmediate(() => agent.push({ push: "pins", data: pins() }));
      if (params.views.includes("services")) setImmediate(() => agent.push({ push: "services", data: [service("ssh.service")] }));
      return {};
    },
    why: () => [],
    set: () => {
      on = true;
      setImmediate(() => agent.push({ push: "pins", data: pins() }));
      return { output: "lamp", state: "ON", changed: true };
    },
  };
  const pins = () => pinsView([output("lamp", { state: on ? "ON" : "OFF" }), input("porch")], { at: new Date().toISOString() });
  await agent.listen(socket);
  start();
  // The broker is the one that the agent told of.
  await shows(/gh-01 LIVE/);
  const client = await mqtt.connectAsync({ host: "127.0.0.1", port, protocolVersion: 4 });
  await client.publishAsync("plant/door", "open", { qos: 1, retain: true });
  await client.endAsync();
  tui.screen.type("o");
  await shows(/door +R\?? open/);
  tui.screen.type("2");
  await shows(/lamp +17 out - {4}off/);
  tui.screen.type("!");
  await shows("ARMED");
  tui.screen.type("\r");
  await shows("OFF -> ON");
  tui.screen.type("y");
  await shows("lamp is ON");
  await shows(/lamp +17 out - {4}ON/);
  expect(agent.requests.find(({ method }) => method === "set")).toMatchObject({ params: { output: "lamp", state: "ON", from: "tui" } });
  tui.screen.type("5");
  await shows(/ssh.service +active/);
  tui.screen.type("q");
  expect(await tui.running).toBe(exit.ok);
  tui.running = undefined;
  await tui.screen.drawn();
  expect(tui.screen.stdin.raw).toBe(false);
  await eventually(() => agent.clients).toBe(0);
});

test("it works with a broker alone, and publishes", async () => {
  const port = await broker();
  const heard: string[] = [];
  const client = await mqtt.connectAsync({ host: "127.0.0.1", port, protocolVersion: 4 });
  cleanups.push(() => client.endAsync());
  client.on("message", (topic, payload) => heard.push(`${topic} ${payload}`));
  await client.subscribeAsync("#");
  start({ broker: `127.0.0.1:${port}`, socket: undefined, config: { mqtt: noBroker, control: { socket, view: socket } } });
  await shows("MQTT ONLY");
  tui.screen.type("2");
  await shows("no agent here: --host user@pi");
  tui.screen.type("1p");
  await shows("Publish ─");
  for (const key of ["\u0015", ..."garden/lamp/set", "\t", ..."ON", "\u0013"]) tui.screen.type(key);
  await shows("published to garden/lamp/set");
  await eventually(() => heard).toContain("garden/lamp/set ON");
});

test("the settings file says what is shown, and takes pins and presets; a fault in it is told", async () => {
  const port = await broker();
  const file = join(dir, "pinbus/tui.yaml");
  mkdirSync(join(dir, "pinbus"));
  writeFileSync(file, "# mine\ntabs: [topics, pins]\nfilters: [home/#]\npins: [home/door]\n");
  const env = { TERM: "xterm-256color", LANG: "C.UTF-8", XDG_CONFIG_HOME: dir };
  const client = await mqtt.connectAsync({ host: "127.0.0.1", port, protocolVersion: 4 });
  cleanups.push(() => client.endAsync());
  for (const topic of ["home/door", "home/lamp", "other"]) await client.publishAsync(topic, "open", { qos: 1, retain: true });
  start({ broker: `127.0.0.1:${port}`, env });
  await shows(/^\[1 Topics\] 2 Pins +MQTT ONLY|AGENT LOST/);
  await shows(/^\s*\* home\/door +R\?? open/m);
  expect(text()).not.toContain("other");
  tui.screen.type("ojjP");
  await shows("home/lamp is pinned");
  tui.screen.type("p\u0014\u0015");
  for (const key of [..."again", "\r"]) tui.screen.type(key);
  await eventually(() => readFileSync(file, "utf8")).toContain("name: again");
  expect(readFileSync(file, "utf8")).toMatch(/^# mine\n/);
  expect((await loadSettings({ settings: file, env })).settings.pins).toEqual(["home/door", "home/lamp"]);
  tui.screen.type("\u0003");
  await tui.running;
  writeFileSync(file, "theem: mono\n");
  tui.renew();
  start({ broker: `127.0.0.1:${port}`, env });
  await shows('tui.yaml:1:1: "theem" is no setting, did you mean theme?');
});

test("what the broker keeps is backed up and cleared after its number was typed", async () => {
  const port = await broker();
  const client = await mqtt.connectAsync({ host: "127.0.0.1", port, protocolVersion: 4 });
  cleanups.push(() => client.endAsync());
  for (const topic of ["home/door", "home/lamp", "other"]) await client.publishAsync(topic, "open", { qos: 1, retain: true });
  start({ broker: `127.0.0.1:${port}`, env: { TERM: "xterm-256color", LANG: "C.UTF-8", XDG_STATE_HOME: dir } });
  await shows(/home +\(2\)/);
  tui.screen.type("D");
  await shows("-> 2 topics hold a retained message");
  for (const key of ["2", "\r"]) tui.screen.type(key);
  await shows(/cleared 2, backup/);
  const [name = ""] = readdirSync(join(dir, "pinbus"));
  expect(
    readFileSync(join(dir, "pinbus", name), "utf8")
      .trimEnd()
      .split("\n"),
  ).toHaveLength(2);
});

test("of several brokers it looks at the one that the agent uses", async () => {
  const port = await broker();
  const { link } = status();
  agent.serve.status = () => status({ link: { ...link, online: true, server: `127.0.0.1:${port}` } });
  await agent.listen(socket);
  // Nobody listens on the first one.
  start({ config: { mqtt: { ...noBroker, server: ["127.0.0.1:1", `127.0.0.1:${port}`] }, control: { socket, view: socket } } });
  await shows("gh-01 LIVE");
});

test("it waits for an agent that the person named, and says where", async () => {
  start();
  await shows("OFFLINE");
  await shows("no agent at");
  await agent.listen(socket);
  await shows("AGENT ONLY");
});

test("--host brings the agent and its broker over one ssh connection", async () => {
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle).listen(join(dir, "broker.sock"));
  await once(server, "listening");
  cleanups.push(() => new Promise<void>((resolve) => aedes.close(() => server.close(() => resolve()))));
  // In the place of ssh: stdio goes to the agent's socket, a forwarding is a link to the broker's.
  const bridge = `const s = require("node:net").connect("${socket}"); process.stdin.pipe(s); s.pipe(process.stdout);`;
  const script = [
    "#!/bin/sh",
    'case "$*" in "-T -M "*) touch "$4"; exec cat ;; esac',
    'while [ $# -gt 0 ]; do case "$1" in -L) to=$2 ;; esac; shift; done',
    `if [ -n "$to" ]; then ln -s '${join(dir, "broker.sock")}' "\${to%:127.0.0.1:18830}"; exit; fi`,
    `exec '${process.execPath}' -e '${bridge}'`,
  ];
  writeFileSync(join(dir, "ssh"), `${script.join("\n")}\n`, { mode: 0o755 });
  vi.stubEnv("PATH", `${dir}:${process.env.PATH}`);
  cleanups.push(() => vi.unstubAllEnvs());
  const listener = { protocol: "mqtt", address: "127.0.0.1", port: 18830, problem: null };
  agent.serve.status = () => status({ broker: { listeners: [listener], clients: 0 } });
  await agent.listen(socket);
  start({ host: "pi@garden", socket: undefined });
  await shows("gh-01 LIVE");
  expect(aedes.connectedClients).toBe(1);
});

test("without a terminal it says so on stderr, names other commands, and ends", async () => {
  const said: string[] = [];
  const code = await runTui({
    env: { TERM: "dumb" },
    stdin: tui.screen.stdin,
    stdout: tui.screen.stdout,
    stderr: { write: (line) => said.push(line) },
  });
  expect(code).toBe(exit.refused);
  expect(said.join()).toMatch(/^pinbus tui: .*pinbus status/);
});

test.each([{ broker: "http://x" }, { host: "-oProxyCommand=x" }, { theme: "pink" }])(
  "%j is refused before the screen is touched",
  async (options) => {
    const said: string[] = [];
    const code = await runTui({
      ...options,
      env: {},
      stdin: tui.screen.stdin,
      stdout: tui.screen.stdout,
      stderr: { write: (line) => said.push(line) },
    });
    expect(code).toBe(exit.usage);
    expect(said.join()).toMatch(/^pinbus tui: --/);
    expect(tui.screen.stdout.written).toBe("");
  },
);

test("hostile topics and payloads change no title, ring no bell and get no answer", async () => {
  const port = await broker();
  start({ broker: `127.0.0.1:${port}` });
  await shows("Topics 0");
  const client = await mqtt.connectAsync({ host: "127.0.0.1", port, protocolVersion: 4 });
  const evil = "\u001b]0;owned\u0007\u001b[2J\u009b2J\u009d0;owned\u009c\u001b[6n{red-fg}";
  await client.publishAsync(`a/${evil}`, evil, { qos: 1, retain: true });
  await client.publishAsync("b", "fine", { qos: 1, retain: true });
  await client.endAsync();
  await shows(/b +R\?? fine/);
  tui.screen.type("o");
  await shows("owned");
  await tui.screen.drawn();
  expect(tui.screen.titles).toEqual([]);
  expect(tui.screen.bells).toBe(0);
  expect(tui.screen.replies.filter((reply) => reply !== "\u001b[0n")).toEqual([]);
});

test("the packets of the agent come to the tab Trace and, recorded, into a file", async () => {
  agent.serve = { status: () => status(), trace: ({ params }) => packets().slice(params.after ?? 0) };
  await agent.listen(socket);
  start({ env: { TERM: "xterm-256color", LANG: "C.UTF-8", XDG_STATE_HOME: dir } });
  await shows(/\[1 Topics\]/);
  tui.screen.type("6");
  await shows(/PUBLISH +4711 +1 R D +2 +plant\/pump\/state/);
  tui.screen.type("x");
  await shows(/packets are recorded to/);
  await shows(/REC 9/);
  tui.screen.type("x");
  await shows(/recorded to .*packets-.*\.jsonl/);
  const [name = ""] = readdirSync(join(dir, "pinbus"));
  const lines = readFileSync(join(dir, "pinbus", name), "utf8")
    .trimEnd()
    .split("\n");
  expect(lines.map((line) => JSON.parse(line).number)).toEqual(packets().map(({ number }) => number));
});

test("messages are recorded from one key to the next, and a recording is played in place of a broker", async () => {
  const port = await broker();
  const env = { TERM: "xterm-256color", LANG: "C.UTF-8", XDG_STATE_HOME: dir };
  const client = await mqtt.connectAsync({ host: "127.0.0.1", port, protocolVersion: 4 });
  cleanups.push(() => client.endAsync());
  start({ env, broker: `127.0.0.1:${port}`, socket: undefined, config: { mqtt: noBroker, control: { socket, view: socket } } });
  await shows("MQTT ONLY");
  tui.screen.type("x");
  await shows("messages are recorded to");
  await client.publishAsync("plant/door", "open", { qos: 1 });
  await client.publishAsync("plant/raw", Buffer.from([0xff]), { qos: 1 });
  await shows(/REC [2-9]/);
  tui.screen.type("x");
  await shows(/recorded to .*messages-.*\.jsonl/);
  tui.screen.type("q");
  await tui.running;
  const [name = ""] = readdirSync(join(dir, "pinbus"));
  const file = join(dir, "pinbus", name);
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line)).filter(({ topic }) => topic.startsWith("plant"))).toMatchObject([
    { topic: "plant/door", payload: "open", retain: null },
    { topic: "plant/raw", payload_base64: "/w==", retain: null },
  ]);

  tui.renew();
  start({ replay: file, env });
  await shows(/REPLAY \d\d:\d\d$/m);
  tui.screen.type(">>>");
  await shows("END");
  tui.screen.type("o");
  await shows(/door +R\? open/);
  expect(readdirSync(join(dir, "pinbus"))).toEqual([name]);
  expect(agent.requests).toEqual([]);
});

test("a recording that is none is refused before the screen is touched", async () => {
  writeFileSync(join(dir, "notes"), "hello\u001b[2J\n");
  const said: string[] = [];
  start({ replay: join(dir, "notes"), stderr: { write: (line) => said.push(line) } });
  expect(await tui.running).toBe(exit.usage);
  tui.running = undefined;
  expect(said.join()).toBe(`pinbus tui: ${join(dir, "notes")}:1: it is torn, or no line of JSON\n`);
  expect(tui.screen.stdout.written).toBe("");
});

test("a file that cannot be made is said, and the terminal goes on", async () => {
  agent.serve = { status: () => status(), trace: ({ params }) => packets().slice(params.after ?? 0) };
  await agent.listen(socket);
  // The socket is no folder.
  start({ env: { TERM: "xterm-256color", LANG: "C.UTF-8", XDG_STATE_HOME: socket } });
  await shows(/\[1 Topics\]/);
  tui.screen.type("6x");
  await shows(/ENOTDIR/);
  tui.screen.type("1");
  await shows(/\[1 Topics\]/);
});

test("an agent that does not know a view still tells of the pins, and it is said why the rest is missing", async () => {
  agent.serve = {
    status: () => status(),
    trace: () => ({ reason: "unknown-method", message: "no such method" }),
    watch({ params }) {
      if (params.views.length > 1) return { reason: "malformed", message: "it must be pins" };
      setImmediate(() => agent.push({ push: "pins", data: pinsView([output("lamp")], { at: new Date().toISOString() }) }));
      return {};
    },
  };
  await agent.listen(socket);
  start();
  await shows(/\[1 Topics\]/);
  tui.screen.type("4");
  await shows(/is the agent older than this terminal\? It says: it must be pins/);
  const watched = () => agent.requests.filter(({ method }) => method === "watch").at(-1)?.params;
  await eventually(() => watched()).toEqual({ views: ["pins"] });
  tui.screen.type("6");
  await shows(/It says: no such method/);
});
