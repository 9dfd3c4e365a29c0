import { execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { expect, test } from "vitest";
import type { TuiOptions } from "../../tui/options.ts";
import { type AgentProcess, killAndStartAgain, main, runIn, startAgent } from "../agent/command/agent-process.ts";
import { describeMosquitto, type MosquittoOptions, mosquittoDenying, startMosquitto, type TestBroker } from "../brokers.ts";
import { FakeAgent } from "./client/fake-agent.ts";
import { hello } from "./scene.ts";
import { openPty } from "./shell/pty.ts";
import { useTui } from "./test-tui.ts";

let broker: TestBroker;
let agent: AgentProcess;
const tui = useTui(150, 44);
const { cleanups, shows, text } = tui;

async function begin(options: MosquittoOptions = {}): Promise<void> {
  broker = await startMosquitto(options);
  const first = broker;
  cleanups.push(() => first.stop());
  agent = await startAgent(
    `node: garage\ngpio: { driver: sim }\noutputs: { lamp: { line: 27 } }\nmqtt: { server: 127.0.0.1, port: ${broker.port} }\n`,
  );
  cleanups.push(() => agent.clean());
}

function look(options: Partial<TuiOptions> = {}): void {
  tui.start({ socket: agent.socket, ...options });
}

/** On the same port. */
async function backAgain(): Promise<void> {
  broker = await startMosquitto({ port: broker.port });
  cleanups.push(() => broker.stop());
}

/** Topics and pins were seen. */
async function live(): Promise<void> {
  look();
  await shows(/garage .*LIVE/);
  tui.screen.type("o");
  await shows(/state +R off|state +R OFF/i);
}

describeMosquitto("what the header says beside a real agent and mosquitto, and that it comes back without a key", () => {
  test("the broker is gone: topics stay and are stale, pins go on", async () => {
    await begin();
    await live();
    await broker.stop();
    await shows(/MQTT LOST \d/);
    await shows(/state +R OFF .* stale/);
    await shows("ECONNREFUSED");
    tui.screen.type("2");
    await shows(/lamp +27 out .* off/);
    expect((await agent.ask("set", "lamp", "on")).stdout).toBe("ON\n");
    await shows(/lamp +27 out .* ON/);
    tui.screen.type("1");
    await backAgain();
    await shows(/garage .*LIVE/);
    await shows(/state +R ON/);
  });

  test("the agent is gone: pins stay and are stale, topics go on", async () => {
    await begin();
    await live();
    tui.screen.type("2");
    await shows(/lamp +27 out .* off/);
    agent.child.kill("SIGKILL");
    await shows(/AGENT LOST \d/);
    await shows(/STALE/i);
    expect(text()).toMatch(/lamp +27 out/);
    tui.screen.type("1");
    await shows(/status +R offline/);
    agent = await killAndStartAgain(agent);
    await shows(/garage .*LIVE/);
    await shows(/status +R online/);
    tui.screen.type("2");
    await shows(/lamp +27 out .* off/);
  });

  test("both are gone: nothing blanks, and both come back", async () => {
    await begin();
    await live();
    agent.child.kill("SIGKILL");
    await broker.stop();
    await shows(/OFFLINE \d/);
    await shows(/state +R OFF .* stale/);
    tui.screen.type("2");
    await shows("lamp");
    tui.screen.type("1");
    await backAgain();
    await shows(/AGENT LOST/);
    agent = await killAndStartAgain(agent);
    await shows(/garage .*LIVE/);
    await shows(/state +R OFF[\s│]/);
  });

  test("an agent of another version: its tabs say which of the two to update; when it is replaced it comes", async () => {
    await begin();
    const { socket, folder } = agent;
    agent.child.kill("SIGKILL");
    await agent.done;
    execFileSync("rm", ["-f", socket]);
    const other = new FakeAgent();
    other.hello = { ...hello, protocol: 2, version: "9.0.0" };
    await other.listen(socket);
    look({ broker: broker.url });
    await shows(/AGENT LOST/);
    await shows("the agent (9.0.0) speaks control protocol 2, this terminal 1: update this terminal");
    tui.screen.type("2");
    await shows("update this terminal");
    await other.stop();
    agent = await runIn(folder);
    await shows(/garage .*LIVE/);
  });

  test("a socket that is not open to this person: which group opens it; topics go on", async () => {
    await begin();
    chmodSync(agent.socket, 0o600);
    chmodSync(agent.view, 0o600);
    chmodSync(agent.folder, 0o755);
    const root = process.getuid?.() === 0;
    if (!root) chmodSync(agent.socket, 0);
    const nobody = root ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "";
    const words = `tui --broker ${broker.url} --socket '${agent.socket}' --config /nowhere`;
    const pty = openPty(() => `${nobody}'${process.execPath}' '${main}' ${words}; echo "ended with $?"`, { cols: 150, rows: 44 });
    cleanups.push(() => pty.dispose());
    await pty.shows(/AGENT LOST/);
    await pty.shows(/is not open to you: join the group pinbus-view/);
    await pty.shows("pinbus");
    chmodSync(agent.socket, 0o666);
    await pty.shows(/garage .*LIVE/);
    pty.type("q");
    await pty.shows("ended with 0");
  });

  test("a broker that refuses #: it is said and stays on the tab Broker, and the agent's own topics are not invented", async () => {
    await begin(mosquittoDenying([{ acltype: "subscribeLiteral", topic: "#" }]));
    look();
    await shows("the broker refused the topic filter #: its topics are not shown");
    await shows(/garage # REFUSED$/m);
    tui.screen.type("3");
    await shows(/! refused +#/);
    await shows(/Clients +connected/);
  });
});
