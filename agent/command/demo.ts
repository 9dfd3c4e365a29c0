import mqtt from "mqtt";
import { exit } from "../exit.ts";
import { type Command, CommandError, load, print, readArgs } from "./command.ts";
import { type DemoBox, startDemoBox } from "./demo-box.ts";
import { toldOf } from "./why.ts";

/** `pinbus demo`: the agent on the simulated board. With a terminal the TUI opens on it; without one a scenario runs and is printed. */
export const demo: Command = {
  usage: "[--script]",
  summary: "the agent on a simulated board with its own broker: TUI on a terminal, else a scripted scenario",
  async run(args) {
    const { values } = readArgs(args, { script: { type: "boolean" } } as const, { min: 0, max: 0 });
    const box = await startDemoBox();
    try {
      return process.stdin.isTTY && process.stdout.isTTY && !values.script ? await show(box) : await play(box);
    } finally {
      box.client.close();
      box.clean();
    }
  },
};

/** The TUI on the live demo; somebody keeps pressing the buttons. */
async function show(box: DemoBox): Promise<number> {
  const result = load({ config: box.config }, "read");
  if (!result.ok) throw new CommandError(exit.bug, "the demo's own configuration is wrong");
  const { runTui } = await import("../../tui/main.ts");
  const buttons = ["porch", "bell"];
  let presses = 0;
  const visitor = setInterval(() => {
    const input = buttons[presses++ % buttons.length] ?? "porch";
    box.client.request("sim-press", { input, for_ms: 150, bounce_ms: 5 }).catch(() => clearInterval(visitor));
  }, 4000);
  try {
    return await runTui({
      config: result.config,
      broker: `mqtt://127.0.0.1:${box.port}`,
      readOnly: false,
      ascii: false,
      utf8: false,
      env: process.env,
    });
  } finally {
    clearInterval(visitor);
    await box.stop();
  }
}

interface Seen {
  topic: string;
  payload: string;
  retain: boolean;
}
/** A message that a step waits for: the end of its topic, and a part of its payload. */
type Expected = readonly [topic: string, payload: string];

const stepWithin = 10_000;

/** An MQTT client of its own, which sees what everybody would see. */
class Witness {
  readonly #client: mqtt.MqttClient;
  readonly #seen: Seen[] = [];
  #wake: () => void = () => {};
  #next = 0;

  private constructor(client: mqtt.MqttClient) {
    this.#client = client;
    client.on("message", (topic, payload, { retain }) => {
      this.#seen.push({ topic, payload: payload.toString(), retain });
      this.#wake();
    });
  }

  static async watch(port: number, filter: string): Promise<Witness> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
    const witness = new Witness(client);
    await client.subscribeAsync(filter, { qos: 1 });
    return witness;
  }

  async publish(topic: string, payload: string): Promise<void> {
    await this.#client.publishAsync(topic, payload, { qos: 1 });
  }

  /** Prints what comes until every expected message has come. MQTT keeps the order within a topic and QoS only, so any order counts. */
  async see(expected: readonly Expected[]): Promise<void> {
    const deadline = performance.now() + stepWithin;
    const missing = [...expected];
    while (missing.length > 0) {
      const message = this.#seen[this.#next] ?? (await this.#more(deadline, missing));
      this.#next++;
      print(`    ${message.topic}  ${message.payload}${message.retain ? "  (retained)" : ""}`);
      const found = missing.findIndex(([topic, payload]) => message.topic.endsWith(topic) && message.payload.includes(payload));
      if (found >= 0) missing.splice(found, 1);
    }
  }

  async end(): Promise<void> {
    await this.#client.endAsync(true);
  }

  async #more(deadline: number, missing: readonly Expected[]): Promise<Seen> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(new CommandError(exit.bug, `not seen within ${stepWithin / 1000} s: ${missing.map((one) => one.join(" ")).join(", ")}`)),
        Math.max(0, deadline - performance.now()),
      );
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.#seen[this.#next] ?? this.#more(deadline, missing);
  }
}

/** A press, a command, a refusal, a pulse and a stop, each waiting for what an independent subscriber sees. */
async function play(box: DemoBox): Promise<number> {
  const { base } = box.client.hello;
  const press = (input: string) => box.client.request("sim-press", { input, for_ms: 150, bounce_ms: 5 });
  const step = (text: string) => {
    print("");
    print(text);
  };
  print(`The agent runs on the simulated board; its own broker listens on 127.0.0.1 port ${box.port}.`);
  print("Below each step stand the MQTT messages as an independent subscriber saw them.");
  const witness = await Witness.watch(box.port, `${base}/+/#`);
  try {
    step("1. A subscriber comes: every state is there, retained, and the agent is online.");
    await witness.see([["/status", "online"]]);

    step("2. Somebody presses the button porch for 150 ms; its contact bounces. The rule porch-lamp switches the lamp.");
    await press("porch");
    await witness.see([
      ["/out/lamp/state", "ON"],
      ["/out/lamp/attr", "rule porch-lamp"],
      ["/in/porch/event", "press_end"],
    ]);

    step(`3. Somebody publishes OFF to ${base}/out/lamp/set.`);
    await witness.publish(`${base}/out/lamp/set`, "OFF");
    await witness.see([
      ["/out/lamp/state", "OFF"],
      ["/out/lamp/attr", '"cause":"mqtt"'],
    ]);

    step("4. A command from an hour ago arrives: it is refused and answered, and the lamp stays off.");
    const ts = new Date(Date.now() - 3_600_000).toISOString();
    await witness.publish(`${base}/out/lamp/set`, JSON.stringify({ state: "ON", ts, id: "late" }));
    await witness.see([["/out/lamp/result", '"reason":"stale"']]);

    step("5. Somebody clicks the button bell. The gate gets a pulse of 500 ms, which ends by itself.");
    await press("bell");
    await witness.see([
      ["/out/gate/state", "ON"],
      ["/in/bell/event", "press_end"],
      ["/out/gate/state", "OFF"],
      ["/out/gate/attr", "pulse ended"],
    ]);

    step("6. Why is the gate as it is? (pinbus why gate)");
    for (const line of toldOf(await box.client.request("why", { output: "gate" }), "OFF", new Date())) print(`    ${line}`);

    step("7. The agent is stopped, as systemd does it: outputs go to their exit states, and it says goodbye.");
    const stopped = box.stop();
    await witness.see([["/status", "offline"]]);
    const code = await stopped;
    if (code !== 0) throw new CommandError(exit.bug, `the agent ended with ${code}:\n${box.log()}`);
    step("Done: every step was seen.");
    return exit.ok;
  } catch (error) {
    process.stderr.write(`${box.log()}\n`);
    throw error;
  } finally {
    await witness.end();
  }
}
