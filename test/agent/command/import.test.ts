import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readMqttio } from "../../../agent/import/mqttio.ts";
import { describeMosquitto, observe, startMosquitto } from "../../brokers.ts";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { type AgentProcess, pinbus, startAgent } from "./agent-process.ts";

const fixtures = join(import.meta.dirname, "..", "import", "mqttio");
const fixture = (name: string) => join(fixtures, `${name}.yml`);
const importing = (...args: string[]) => pinbus(["import", "mqtt-io", ...args]);

describe("pinbus import mqtt-io", () => {
  it("prints a configuration, says what is different, and exits with 0 when nothing was left out", async () => {
    const { code, stdout, stderr } = await importing(fixture("house"));
    expect(stdout).toBe(readFileSync(join(fixtures, "house.pinbus.yaml"), "utf8"));
    expect(stderr).toContain(`${fixture("house")}:69:5: different: fan is switched off at the start`);
    expect(stderr).toContain("to do: the password is not printed, write it into mqtt.password");
    expect(`${stdout}${stderr}`).not.toContain("correct horse");
    expect(code).toBe(0);
  });

  it("exits with 1 when something was left out", async () => {
    const { code, stderr } = await importing(fixture("garden"));
    expect(stderr).toContain("2 things were left out; docs/mqtt-io.md says what is different for all");
    expect(code).toBe(1);
  });

  it("writes the configuration and the password, and neither when one of them is there already", async () => {
    const out = join(tempFolder(), "pinbus.yaml");
    const secret = join(out, "..", "mqtt.password");
    const { code, stdout } = await importing(fixture("alarm"), "--write", out);
    expect(code).toBe(1);
    expect(stdout).toBe(`${out} is written, and the password stands in ${secret}. Next:\n  pinbus check --config ${out}\n`);
    expect(readFileSync(secret, "utf8")).toBe("4711\n");
    expect(statSync(secret).mode & 0o007).toBe(0);
    expect((await pinbus(["check", "--config", out])).stdout).toContain("armed-led");
    const again = join(tempFolder(), "pinbus.yaml");
    writeFileSync(join(again, "..", "mqtt.password"), "mine");
    const refused = await importing(fixture("alarm"), "--write", again);
    expect(refused.stderr).toContain("mqtt.password exists and is not overwritten; name another file with --write");
    expect([refused.code, existsSync(again)]).toEqual([1, false]);
  });

  it("takes the place of the configuration that the package has installed, until somebody has changed that", async () => {
    const out = join(tempFolder(), "pinbus.yaml");
    await pinbus(["init", "--example", "starter", "--config", out]);
    expect((await importing(fixture("garden"), "--write", out)).code).toBe(1);
    expect(readFileSync(out, "utf8")).toBe(readFileSync(join(fixtures, "garden.pinbus.yaml"), "utf8"));
    const again = await importing(fixture("garden"), "--write", out);
    expect(again.stderr).toContain(`${out} exists and is not overwritten`);
  });

  it.each([
    ["digital_inputs: [", /house.yml:1:17: a quote or a bracket is opened here and not closed/],
    ["inputs: {}", /house.yml:1:1: this is no configuration of mqtt-io, name the file that mqtt-io is started with/],
    [undefined, /house.yml: there is no such file/],
  ])("exits with 78 for a file that cannot be read: %j", async (text, said) => {
    const file = join(tempFolder(), "house.yml");
    if (text !== undefined) writeFileSync(file, text);
    const { code, stdout, stderr } = await importing(file);
    expect(stderr).toMatch(said);
    expect([code, stdout]).toEqual([78, ""]);
  });

  it("exits with 1 when the result does not pass the check, and says why", async () => {
    const file = join(tempFolder(), "house.yml");
    const pin = "module: m, pin: 17, initial: low";
    writeFileSync(
      file,
      `mqtt: { host: b }\ngpio_modules: [{ name: m, module: raspberrypi }]\ndigital_outputs: [{ name: a, ${pin} }, { name: b, ${pin} }]\n`,
    );
    const { code, stderr } = await importing(file);
    expect(stderr).toContain("in the result: ");
    expect(stderr).toContain("is used by outputs.a.line already");
    expect(stderr).toContain("everything was taken over, but the result has to be mended");
    expect(code).toBe(1);
  });

  it.each([["esphome", "x.yml"], ["mqtt-io"], ["mqtt-io", "a", "b"]])("exits with 64 for another command line: %s", async (...words) => {
    expect((await pinbus(["import", ...words])).code).toBe(64);
  });
});

/** A step, and what mqtt-io would publish of it: `topic payload`, with `!` when it is retained. */
type Story = readonly (readonly [what: string, act: (box: Box) => unknown, told: readonly string[]])[];
interface Box {
  agent: AgentProcess;
  send(topic: string, payload: string): Promise<unknown>;
  /** What was published on a topic of pinbus itself. */
  own(topic: string): string[];
}

const send =
  (topic: string, payload: string) =>
  ({ send }: Box) =>
    send(topic, payload);
/** Until it was let go of and that has settled, which is not told of every input. */
const press = (input: string) => async (box: Box) => {
  const before = box.own(`in/${input}/state`).length;
  await box.agent.client.request("sim-press", { input, for_ms: 60 });
  await eventually(() => box.own(`in/${input}/state`).length > before && box.own(`in/${input}/state`).at(-1)).toBe("OFF");
};
const reads = (sensor: string, values: Record<string, number> | number) => (box: Box) =>
  box.agent.client.request("sim-sensor", { sensor, to: typeof values === "number" ? values : { values } });
const stop = ({ agent }: Box) => void agent.child.kill("SIGTERM");

const stories: Record<string, { prefix: string; start: readonly string[]; sensors?: readonly string[]; steps: Story }> = {
  house: {
    prefix: "home/ground",
    start: [
      "status available !",
      ...["hall_button OFF", "front_door open !", "window/kitchen open !", "window/hall open !", "motion OFF"].map((one) => `input/${one}`),
      ...[
        "Hall_Light OFF !",
        "kitchen_light OFF !",
        "porch_light 0",
        "heating_pump ON !",
        "door_opener CLOSED",
        "garage_door OFF",
        "fan OFF",
        "spare relay OFF",
      ].map((one) => `output/${one}`),
    ],
    steps: [
      ["a button with both edges", press("hall-button"), ["input/hall_button ON", "input/hall_button OFF"]],
      ["a button with its falling edge, which is on", press("kitchen-button"), ["input/kitchen_button ON"]],
      ["the bell", press("bell"), ["input/bell RING"]],
      ["the bell once more", press("bell"), ["input/bell RING"]],
      ["a contact whose circuit is open at rest", press("front-door"), ["input/front_door closed !"]],
      ["a light", send("output/Hall_Light/set", "ON"), ["output/Hall_Light ON !"]],
      ["a light that is on", send("output/Hall_Light/set", "ON"), ["output/Hall_Light ON !"]],
      ["own payloads", send("output/porch_light/set", "1"), ["output/porch_light 1"]],
      ["timed_set_ms", send("output/door_opener/set", "OPEN"), ["output/door_opener OPEN", "output/door_opener CLOSED"]],
      ["set_on_ms", send("output/fan/set_on_ms", "150"), ["output/fan ON", "output/fan OFF"]],
      ["set_off_ms", send("output/heating_pump/set_off_ms", "150"), ["output/heating_pump OFF !", "output/heating_pump ON !"]],
      ["a name with a blank", send("output/spare relay/set", "ON"), ["output/spare relay ON"]],
      // At the stop outputs that are on go off.
      [
        "the end",
        stop,
        ["output/Hall_Light OFF !", "output/heating_pump OFF !", "output/porch_light 0", "output/spare relay OFF", "status unavailable !"],
      ],
    ],
  },
  garden: {
    prefix: "garden",
    sensors: ["shed", "soil-temp", "water-temp", "weather", "weather-2", "light", "moisture", "solar"],
    start: [
      "alive running !",
      "input/tank_empty OFF !",
      "input/rain OFF",
      "output/valve_lawn OFF !",
      "output/valve_beds OFF !",
      "output/valve_greenhouse OFF !",
      "output/tank_pump OFF",
    ],
    steps: [
      ["a DHT22", reads("shed", { temperature: 18.25, humidity: 61.4 }), ["sensor/shed_humidity 61 !", "sensor/shed_temp 18.3"]],
      ["the same once more", reads("shed", { temperature: 18.25, humidity: 61.4 }), ["sensor/shed_humidity 61 !", "sensor/shed_temp 18.3"]],
      ["a DS18B20", reads("water-temp", 11.5), ["sensor/water_temp 11.500"]],
      [
        "two values of a BME280",
        reads("weather", { temperature: 9, pressure: 1013.25 }),
        ["sensor/air_pressure 1013.3", "sensor/air_temp 9.00"],
      ],
      ["its third, at another time", reads("weather-2", { humidity: 80.126 }), ["sensor/air_humidity 80.13"]],
      ["a BH1750", reads("light", { illuminance: 1234.5 }), ["sensor/lux 1235"]],
      [
        "counts and volts of an ADS1115",
        reads("moisture", { voltage_0: 2.048, voltage_1: 1.5 }),
        ["sensor/moisture_beds 1.500", "sensor/moisture_lawn 16384"],
      ],
      ["milliwatts of an INA219", reads("solar", { power: 1.25 }), ["sensor/solar_power 1250"]],
      ["a valve for a time", send("output/valve_greenhouse/set", "ON"), ["output/valve_greenhouse ON !", "output/valve_greenhouse OFF !"]],
      ["the float", press("tank-empty"), ["input/tank_empty ON !", "input/tank_empty OFF !"]],
      ["the end", stop, ["alive stopped !"]],
    ],
  },
  alarm: {
    prefix: "",
    start: [
      "panel/state up !",
      "input/tamper ALARM !",
      ...Array.from({ length: 11 }, (_, index) => `input/zone${index + 1} ON !`),
      "input/zone12 OFF !",
      ...["siren", "strobe", "armed_led"].map((name) => `output/${name} OFF`),
      "output/lock OFF !",
    ],
    steps: [
      ["a zone", press("zone3"), ["input/zone3 OFF !"]],
      ["an inverted zone", press("zone12"), ["input/zone12 ON !", "input/zone12 OFF !"]],
      ["the key, which tells its rising edge alone", press("key"), ["input/key DISARM"]],
      ["the siren for a time", send("output/siren/set_on_ms", "100"), ["output/siren ON", "output/siren OFF"]],
      ["the lock", send("output/lock/set", "ON"), ["output/lock ON !", "output/lock OFF !"]],
      [
        "what is no payload, and then one that is",
        ({ send }) => Promise.all([send("output/strobe/set", "on"), send("output/strobe/set", "ON")]),
        ["output/strobe ON"],
      ],
      // The module was not to be cleaned up.
      ["a light that stays on at the end", send("output/armed_led/set", "ON"), ["output/armed_led ON"]],
      ["the end", stop, ["output/strobe OFF", "panel/state down !"]],
    ],
  },
};

describeMosquitto("what was imported, on the simulated board", () => {
  it.each(Object.keys(stories))("has the topics and payloads that mqtt-io has: %s", async (name) => {
    const { prefix, start, sensors = [], steps } = stories[name] ?? { prefix: "", start: [], steps: [] };
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const bus = await observe(broker, "#", { protocolVersion: 5 });
    onTestFinished(() => bus.stop());
    const agent = await startAgent(onSimulatedBoard(name, broker.port));
    onTestFinished(() => agent.clean());
    const told = (from: number) =>
      bus.seen.slice(from).flatMap(({ topic, payload, packet }) => {
        const own = topic.startsWith(`${prefix}/`) && !topic.includes("/set");
        return own ? `${topic.slice(prefix.length + 1)} ${payload}${packet.retain ? " !" : ""}` : [];
      });
    await eventually(() => told(0).toSorted()).toEqual(start.toSorted());
    const box: Box = {
      agent,
      send: (topic, payload) => bus.client.publishAsync(`${prefix}/${topic}`, payload, { qos: 1 }),
      own: (topic) => bus.payloads(`pinbus/garage/${topic}`),
    };
    // The first read of each comes by itself: behind it only those of the steps do.
    for (const sensor of sensors) await eventually(() => box.own(`sensor/${sensor}/quality`).at(-1)).toContain("failed: ");
    for (const [what, act, expected] of steps) {
      const from = bus.seen.length;
      await act(box);
      await eventually(() => [what, ...inOrder(told(from))]).toEqual([what, ...inOrder(expected)]);
    }
  });
});

/** Of each topic in order; which of two topics comes first says nothing. */
function inOrder(lines: readonly string[]): string[] {
  const topicOf = (line: string) => line.replace(/ [^ ]+( !)?$/, "");
  return lines.toSorted((a, b) => topicOf(a).localeCompare(topicOf(b)));
}

/** The result as it is, but for the broker and the expanders: the simulated board has none, so their lines are on its header. */
function onSimulatedBoard(name: string, port: number): string {
  const imported = readMqttio(readFileSync(fixture(name), "utf8"), "mqtt.password");
  if ("faults" in imported) throw new Error("it is no configuration of mqtt-io");
  const free: Record<string, readonly number[]> = {
    mcp23017: [5, 6, 12, 13, 16, 19, 20, 21, 23, 24, 25, 26],
    "1-0038": [0, 0, 0, 0, 0, 7, 8, 9],
  };
  const text = imported.text
    .replace(/^mqtt:\n( .*\n)+/m, `mqtt: { server: 127.0.0.1, port: ${port} }\n`)
    .replaceAll(/\{ chip: ([\w-]+), offset: (\d+) \}/g, (_, chip: string, offset: string) => String(free[chip]?.[Number(offset)]));
  return `node: garage\ngpio: { driver: sim, board: pi4 }\n${text}`;
}
