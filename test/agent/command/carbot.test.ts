import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { describe, expect, it, onTestFinished } from "vitest";
import { driveSafe } from "../../../agent/safe-outputs.ts";
import { loadConfig } from "../../../config/load.ts";
import { openSysfsPwm } from "../../../gpio/pwm-sysfs.ts";
import { openSim } from "../../../gpio/sim.ts";
import { freePort, leftOut, leftOutUnless, startMosquitto } from "../../brokers.ts";
import { PwmTree } from "../../gpio/pwm-tree.ts";
import { hasPaho, python } from "../../paho.ts";
import { eventually, silent, tempFolder } from "../shell/fixture.ts";
import { type AgentProcess, pinbus, runIn } from "./agent-process.ts";

// The example carbot, as it is written but for the board and the broker, with the twin of its remote control.

const withoutMosquitto = leftOut("carbot", "mosquitto", "mosquitto mosquitto-clients");
const withoutPaho = leftOutUnless(hasPaho(), "carbot", "paho is not installed (apt install python3-paho-mqtt)");

/** CarbotControl: a letter a line, each published with retain 1 over WebSocket; `connected` when it is there. */
const carbotControl = `import sys
import paho.mqtt.client as mqtt
client = mqtt.Client("sparky", transport="websockets")
client.ws_set_options(path="/mqtt")
client.on_connect = lambda *_: print("connected", flush=True)
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_start()
for line in sys.stdin:
    try:
        client.publish("carbot/move", line.rstrip("\\n"), 0, True).wait_for_publish()
    except RuntimeError:
        continue  # The broker is gone, and somebody still leans on the button.
    print("published", flush=True)
client.disconnect()
`;

class Remote {
  readonly #child: ChildProcess;
  #output = "";

  constructor(port: number) {
    const script = join(tempFolder(), "carbot-control.py");
    writeFileSync(script, carbotControl);
    this.#child = spawn(python, ["-u", script, String(port)], { stdio: ["pipe", "pipe", "inherit"] });
    // Somebody may lean on the button while it ends.
    this.#child.stdin?.on("error", () => undefined);
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
    onTestFinished(() => this.end());
  }

  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.kill("SIGKILL")) await once(this.#child, "close");
  }

  /** Resolves when the broker has it. */
  async press(letter: string): Promise<void> {
    await eventually(() => this.#output).toContain("connected");
    const before = this.#output.length;
    this.#child.stdin?.write(`${letter}\n`);
    await eventually(() => this.#output.slice(before)).toContain("published");
  }

  /** Twice a second, as somebody who leans on a button. */
  hold(letter: string): void {
    const again = setInterval(() => this.#child.stdin?.write(`${letter}\n`), 500);
    onTestFinished(() => clearInterval(again));
  }
}

/** The configuration of the example, with the broker that `place` says. */
async function exampleAt(place: string): Promise<string> {
  const folder = tempFolder();
  const config = join(folder, "pinbus.yaml");
  expect(await pinbus(["init", "--example", "carbot", "--config", config])).toMatchObject({ code: 0, stderr: "" });
  const text = readFileSync(config, "utf8");
  const broker = /^broker:\n(?: .*\n)+/m;
  expect(text).toMatch(broker);
  writeFileSync(config, `node: car\nstate_dir: state\ncontrol: { socket: control.sock }\n${text.replace(broker, `${place}\n`)}`);
  return folder;
}
const onSim = { PINBUS_GPIO_DRIVER: "sim" };

const order = ["carbot: starting up!", "carbot: subscribing", "carbot: subscribed"];
const told = (agent: AgentProcess) => agent.stderr.split("\n").flatMap((line) => order.find((words) => line.includes(words)) ?? []);

interface World {
  mqtt: number;
  ws: number;
  folder: string;
  /** What the broker retains before the car comes, if it is there before. */
  old: boolean;
}

const worlds: [name: string, make: () => Promise<World>][] = [
  ["the built-in broker", onBuiltIn],
  ["mosquitto with MQTT 5", () => onMosquitto("5")],
  ["mosquitto with MQTT 3.1.1", () => onMosquitto("3.1.1")],
];

async function onBuiltIn(): Promise<World> {
  const [mqtt, ws] = [await freePort(), await freePort()];
  const listeners = `[{ protocol: mqtt, address: 127.0.0.1, port: ${mqtt} }, { protocol: ws, address: 127.0.0.1, port: ${ws} }]`;
  return { mqtt, ws, folder: await exampleAt(`broker: { listeners: ${listeners} }`), old: false };
}

async function onMosquitto(protocol: string): Promise<World> {
  const ws = await freePort();
  const { port: mqtt, stop } = await startMosquitto({
    config: ["allow_anonymous true", `listener ${ws} 127.0.0.1`, "protocol websockets"],
  });
  onTestFinished(() => stop());
  return { mqtt, ws, folder: await exampleAt(`mqtt: { server: "127.0.0.1:${mqtt}", protocol: "${protocol}" }`), old: true };
}

describe.skipIf(withoutMosquitto || withoutPaho).each(worlds)("the example carbot at %s", (_, make) => {
  it("growbuddy 5 and 6i and 6j: drives by the letters of its remote, and stands when they end, at a stop and after a crash", async () => {
    const { mqtt, ws, folder, old } = await make();
    let remote: Remote | undefined;
    if (old) {
      remote = new Remote(ws);
      await remote.press("f");
    }
    let agent = await runIn(folder, onSim);
    onTestFinished(() => agent.clean());
    await eventually(() => told(agent)).toEqual(order);
    remote ??= new Remote(ws);
    const observer = await connectAsync(`mqtt://127.0.0.1:${mqtt}`);
    onTestFinished(() => observer.endAsync(true));
    const wheels: string[] = [];
    observer.on("message", (topic, payload) => {
      const state = JSON.parse(payload.toString());
      wheels.push(`${topic.split("/")[3]} ${state.pulse_us}`);
    });
    // A state may be told twice.
    const newest = () => ["left", "right"].map((wheel) => wheels.findLast((told) => told.startsWith(wheel)));
    await observer.subscribeAsync("pinbus/car/pwm/+/state");
    await eventually(() => wheels.toSorted()).toEqual(["left 0", "right 0"]);

    // It stood in spite of the letter that was retained, and a live one counts although it is published with retain 1.
    await remote.press("+");
    await remote.press("f");
    await eventually(() => wheels).toContain("right 1600");
    await remote.press("x");
    await remote.press("b");
    await eventually(() => wheels).toContain("right 1400");
    // Nobody presses anything any more.
    await eventually(() => wheels).toContain("right 1500");
    expect(wheels.filter((wheel) => !/ (0|1500)$/.test(wheel))).toEqual(["left 1400", "right 1600", "left 1600", "right 1400"]);
    expect((await agent.ask("why", "left", "--all")).stdout).toContain("carbot: no letter for 2 s");

    // The crash: the broker has `f` again, and sends it to whoever comes.
    await remote.press("f");
    await eventually(() => wheels.filter((wheel) => wheel === "right 1600")).toHaveLength(2);
    agent.child.kill("SIGKILL");
    await agent.done;
    agent.client.close();
    agent = await runIn(folder, onSim);
    onTestFinished(() => agent.clean());
    await eventually(() => told(agent)).toEqual(order);
    wheels.length = 0;
    // Its broker is gone with the agent, where that is the built-in one; two with one client id would throw each other out.
    if (!old) {
      await remote.end();
      remote = new Remote(ws);
    }
    await remote.press("b");
    remote.hold("b");
    await eventually(newest).toEqual(["left 1550", "right 1450"]);
    expect(wheels).not.toContain("right 1550");
    // The stop, while somebody leans on a button.
    agent.child.kill("SIGTERM");
    expect((await agent.done).code).toBe(0);
    expect(agent.stderr).not.toContain("refused");
    if (old) await eventually(newest).toEqual(["left 0", "right 0"]);
  });
});

describe.skipIf(withoutMosquitto || withoutPaho)("the example carbot", () => {
  it("growbuddy 6i: stands when its broker is gone", async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const agent = await runIn(await exampleAt(`mqtt: { server: "127.0.0.1:${broker.port}" }`), onSim);
    onTestFinished(() => agent.clean());
    await eventually(() => told(agent)).toEqual(order);
    const remote = await connectAsync(broker.url);
    onTestFinished(() => remote.endAsync(true));
    await remote.publishAsync("carbot/move", "f");
    await eventually(async () => (await agent.ask("get", "left")).stdout).toBe("1450 µs\n");
    await broker.crash();
    await eventually(async () => (await agent.ask("why", "left", "--all")).stdout).toMatch(/1500 µs.*carbot: the connection ended/);
  });
});

it.each([true, false])("growbuddy 6i: its wheels on /sys/class/pwm stand after `pinbus safe`; after a crash: %s", async (crashed) => {
  const file = join(await exampleAt("broker: { listeners: [{ protocol: mqtt, port: 0 }] }"), "pinbus.yaml");
  const loaded = loadConfig({ file, env: {}, args: {}, host: { hostname: "car", machineId: "" } });
  if (!loaded.ok) throw new Error("the example is wrong");
  const tree = new PwmTree();
  // As the agent has left them when it was killed: the signal goes on.
  for (const channel of [0, 1])
    for (const [name, text] of Object.entries({ period: "20000000", duty_cycle: "1600000", enable: "1" }))
      writeFileSync(join(tree.folder(channel), name), text);
  const lines = openSim();
  const pwm = openSysfsPwm(tree.root);
  expect(await driveSafe(loaded.config, { lines, pwm }, crashed, silent)).toBe(0);
  expect([0, 1].map((channel) => tree.signal(channel)?.dutyNs ?? 0)).toEqual([0, 0]);
});
