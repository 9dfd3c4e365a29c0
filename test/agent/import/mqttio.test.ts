import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readMqttio } from "../../../agent/import/mqttio.ts";
import { loadConfig } from "../../../config/load.ts";

const folder = join(import.meta.dirname, "mqttio");
const host = { hostname: "garage", machineId: "", model: "" };

/** What is made of a file, and what is said of it: `left out 12:5 …`. */
function imported(text: string) {
  const result = readMqttio(text, "mqtt.password");
  if ("faults" in result) return { faults: result.faults, text: "", said: [], config: undefined, password: null };
  const loaded = loadConfig({ file: "pinbus.yaml", text: result.text, env: {}, args: {}, host, secrets: "leave" });
  return {
    faults: [],
    text: result.text,
    said: result.remarks.all.map(({ kind, line, column, message, fix }) => `${line}:${column} ${kind}: ${message}, ${fix}`),
    config: loaded.ok ? loaded.config : loaded.problems,
    password: result.password,
  };
}

const usual = "mqtt: { host: broker, clean_session: yes }\n";
const rpi = `${usual}gpio_modules: [{ name: rpi, module: raspberrypi }]\n`;
const input = (more: string) => `${rpi}digital_inputs:\n  - { name: a, module: rpi, pin: 17${more} }\n`;
const output = (more: string) => `${rpi}digital_outputs:\n  - { name: a, module: rpi, pin: 17, initial: low${more} }\n`;
/** Without what is said of every file. */
const own = (said: readonly string[]) => said.filter((line) => !/ different: (the status is told|retained commands)/.test(line));

describe.each(["house", "garden", "alarm"])("the configuration of mqtt-io for a real place: %s", (name) => {
  const result = imported(readFileSync(join(folder, `${name}.yml`), "utf8"));

  it("becomes a configuration that passes the check", async () => {
    expect(result.config).toMatchObject({ node: expect.any(String) });
    await expect(result.text).toMatchFileSnapshot(`mqttio/${name}.pinbus.yaml`);
  });

  it("is told of what is different, and of what was left out", async () => {
    await expect(`${result.said.join("\n")}\n`).toMatchFileSnapshot(`mqttio/${name}.remarks.txt`);
  });
});

describe("an input", () => {
  it.each([
    ["", "line: 17, bias: disabled, kind: switch", "name: a, input: a"],
    [", pullup: yes, inverted: Yes", "line: 17, bias: pull-up, active: low, kind: switch", "name: a, input: a"],
    [", pulldown: on, retain: TRUE", "line: 17, bias: pull-down, kind: switch", "name: a, input: a, retain: true"],
    [", interrupt: rising", "line: 17, bias: disabled, kind: switch", "name: a, input: a, tells: on"],
    [", interrupt: falling", "line: 17, bias: disabled, kind: switch", "name: a, input: a, tells: off"],
    [", interrupt: falling, inverted: yes", "line: 17, bias: disabled, active: low, kind: switch", "name: a, input: a, tells: on"],
    [", interrupt: both, bouncetime: 5", "line: 17, bias: disabled, kind: switch, debounce: 5ms", "name: a, input: a"],
    [", on_payload: 'yes', off_payload: 0", "line: 17, bias: disabled, kind: switch", 'name: a, input: a, on: yes, off: "0"'],
  ])("is taken over with its options: {%s}", (more, line, topic) => {
    const { text, config } = imported(input(more));
    expect(text).toContain(`  a: { ${line} }\n`);
    expect(text).toContain(`    - { ${topic} }\n`);
    expect(config).toHaveProperty("inputs");
  });
});

describe("what gpiozero calls a Button or an LED", () => {
  const zero = "gpio_modules: [{ name: z, module: gpiozero }]\n";
  it.each([
    ["digital_inputs", "", "bias: pull-up, active: low, kind: switch"],
    ["digital_inputs", ", inverted: yes", "bias: pull-up, kind: switch"],
    ["digital_inputs", ", kwargs: { pull_up: no }", "bias: pull-down, kind: switch"],
    ["digital_inputs", ", class: MotionSensor", "bias: pull-down, kind: switch"],
    ["digital_outputs", ", initial: low, kwargs: { active_high: no }", "active: low"],
  ])("keeps its wiring: %s {%s}", (section, more, settings) => {
    const { text, config } = imported(`${usual}${zero}${section}: [{ name: a, module: z, pin: 17${more} }]\n`);
    expect(text).toContain(`  a: { line: 17, ${settings} }\n`);
    expect(config).toHaveProperty("outputs");
  });
});

it("an input of an expander is told with both edges, whichever brings mqtt-io to look", () => {
  const module = "gpio_modules: [{ name: m, module: mcp23017 }]\n";
  const { text } = imported(`${usual}${module}digital_inputs: [{ name: a, module: m, pin: 1, interrupt: falling }]\n`);
  expect(text).toContain("    - { name: a, input: a }\n");
});

describe("an output", () => {
  it.each([
    ["", "line: 17", "name: a, output: a"],
    [", inverted: yes", "line: 17, active: low, on_start: on", "name: a, output: a"],
    [", timed_set_ms: 250, retain: yes", "line: 17", "name: a, output: a, timed_set: 250ms, retain: true"],
    [", on_payload: OPEN, off_payload: SHUT", "line: 17", "name: a, output: a, on: OPEN, off: SHUT"],
  ])("is taken over with its options: {%s}", (more, line, topic) => {
    const { text, config } = imported(output(more));
    expect(text).toContain(`  a: { ${line} }\n`);
    expect(text).toContain(`    - { ${topic} }\n`);
    expect(config).toHaveProperty("outputs");
  });
});

describe("a pin", () => {
  it.each([
    ["raspberrypi", "", "27", "27"],
    ["gpiod", ", chip: /dev/gpiochip0", "27", "27"],
    ["gpiod", ", chip: gpiochip4", "27", "27"],
    ["gpiod", ", chip: pinctrl-rp1", "27", "27"],
    ["gpiod", ", chip: my-expander", "3", "{ chip: my-expander, offset: 3 }"],
    ["gpiozero", "", "GPIO27", "27"],
    ["gpiozero", "", "BOARD13", "pin13"],
    ["orangepi", ", mode: mode_soc", "PC04", "{ chip: 1c20800.pinctrl, offset: 68 }"],
    ["pcf8574", ", i2c_bus_num: 1, chip_addr: 0x21", "7", "{ chip: 1-0021, offset: 0 }"],
    ["pcf8575", ", i2c_bus_num: 0, chip_addr: 32", "15", "{ chip: 0-0020, offset: 0 }"],
    ["xl9535", ", i2c_bus_num: 1, chip_addr: 0x20", "9", "{ chip: 1-0020, offset: 9 }"],
    ["mcp23017", "", "15", "{ chip: mcp23017, offset: 15 }"],
  ])("of %s%s is a line of the kernel: %s", (module, more, pin, line) => {
    const { text, said } = imported(
      `${usual}gpio_modules: [{ name: m, module: ${module}${more} }]\ndigital_outputs: [{ name: a, module: m, pin: ${pin}, initial: low }]\n`,
    );
    expect(text).toContain(`line: ${line} }`);
    expect(said.filter((one) => one.includes("left out"))).toEqual([]);
  });

  it.each([
    ["raspberrypi", "GPIO17", "3:41 left out: a: pin is not a GPIO number, write the number behind GPIO, like 17"],
    ["raspberrypi", "010", "3:41 left out: a: pin is not a GPIO number, write the number behind GPIO, like 17"],
    ["gpiod, chip: gpiochip2", "3", "3:41 left out: a: gpiochip2 may be another chip after the next start"],
    ["orangepi", "11", "3:41 left out: a: which line of the kernel this pin is cannot be told from its number"],
    ["pcf8574", "8", "3:41 left out: a: pin is not a number from 0 to 7"],
    ["piface2", "1", "3:41 left out: a: the MCP23S17 of a PiFace needs an overlay of its own"],
    ["nosuch", "1", '3:30 left out: a is on the module "m", which could not be taken over'],
  ])("of %s that is no line is left out: %s", (module, pin, said) => {
    const all = imported(
      `${usual}gpio_modules: [{ name: m, module: ${module} }]\ndigital_outputs: [{ name: a, module: m, pin: ${pin} }]\n`,
    );
    expect(all.said.join("\n")).toContain(said);
    expect(all.text).not.toContain("outputs:");
  });

  it("of a second expander with the same name in the kernel is left out", () => {
    const two = "gpio_modules: [{ name: m, module: mcp23017 }, { name: n, module: mcp23017, chip_addr: 0x21 }]\n";
    const { said } = imported(`${usual}${two}digital_outputs: [{ name: a, module: n, pin: 1 }]\n`);
    expect(said.join("\n")).toContain("2:47 left out: the kernel calls the chips of m and n both mcp23017");
  });
});

describe("a sensor", () => {
  const sensor = (module: string, more: string) =>
    `${usual}sensor_modules: [{ name: s, ${module} }]\nsensor_inputs: [{ name: a, module: s${more} }]\n`;
  it.each([
    ["module: ds18b, type: DS18S20, address: 000803702e49", "", "driver: w1, id: 10-000803702e49, every: 60s", "sensor: a"],
    [
      "module: dht22, type: dht22, pin: 17",
      ", type: humidity",
      "driver: iio, device: dht11, only: [humidity], every: 60s",
      "sensor: s.humidity",
    ],
    [
      "module: bme680, chip_addr: 0x76",
      ", interval: 5",
      "driver: iio, device: bme680, only: [temperature], every: 5s",
      "sensor: s.temperature",
    ],
    [
      "module: bmp085, chip_addr: 0x77",
      ", type: pressure",
      "driver: iio, device: bmp180, only: [pressure], every: 60s",
      "sensor: s.pressure, scale: 100",
    ],
    ["module: tsl2561", "", "driver: iio, device: tsl2561, only: [illuminance], every: 60s", "sensor: s.illuminance"],
    ["module: aht20", "", "driver: hwmon, device: aht10, only: [temperature], every: 60s", "sensor: s.temperature"],
    [
      "module: lm75, i2c_bus_num: 1, chip_addr: 0x48",
      "",
      "driver: hwmon, device: lm75, only: [temperature], every: 60s",
      "sensor: s.temperature",
    ],
    [
      "module: mcp3008",
      ", channel: 3, digits: 0",
      "driver: iio, device: mcp3008, only: [voltage_3], every: 60s",
      "sensor: s.voltage_3, scale: 310.30303, digits: 0",
    ],
  ])("is read by the kernel's driver: %s", (module, more, settings, topic) => {
    const { text, config } = imported(sensor(module, more));
    expect(text).toContain(`: { ${settings} }\n`);
    expect(text).toContain(`    - { name: a, ${topic} }\n`);
    expect(config).toHaveProperty("sensors");
  });

  it.each([
    ["module: adxl345, chip_addr: 0x53", "", "accelerations are not read"],
    ["module: ds18b, type: DS18B20, address: '12'", "", "type and address name no thermometer"],
    ["module: tsl2561", ", type: infrared", "a is a value that the kernel does not say"],
    ["module: homemade", "", 'the sensor module "homemade" is not known'],
    ["module: bme680, chip_addr: 0x76, gas: yes", "", '"gas" is not taken over'],
  ])("that the kernel does not read is left out: %s%s", (module, more, said) => {
    expect(imported(sensor(module, more)).said.join("\n")).toMatch(new RegExp(`left out: .*${said}`));
  });
});

describe("the link", () => {
  it.each([
    ["port: 8123", "  port: 8123\n  tls: off\n"],
    ["port: 1883, protocol: 3.1, keepalive: 60", "  protocol: 3.1\n  keepalive: 60s\n".replace("3.1", '"3.1"')],
    ["tls: { enabled: no, ca_certs: a.pem }", "mqtt:\n  server: broker\n"],
  ])("goes where it went: %s", (more, expected) => {
    const { text, config } = imported(`mqtt: { host: broker, ${more} }\ngpio_modules: []\n`);
    expect(text).toContain(expected);
    expect(config).toHaveProperty("mqtt");
  });

  it("never prints what stands in front of an @ in host", () => {
    const { text, said } = imported("mqtt: { host: 'u:hunter2@broker' }\n");
    expect(said.join("\n")).toContain("1:9 left out: host is no name and no address of a broker");
    expect(`${text}${said.join()}`).not.toContain("hunter2");
  });

  it("never writes the password, whatever is wrong with the file", () => {
    const { text, said, password } = imported(`mqtt: { host: broker, user: u, password: hunter2, topic_prefix: [hunter2] }\n`);
    expect(password).toBe("hunter2");
    expect(`${text}${said.join()}`).not.toContain("hunter2");
  });
});

describe("a file that may be anything", () => {
  it.each([
    ["", "this is no configuration of mqtt-io"],
    ["[]", "this is no configuration of mqtt-io"],
    ["inputs: { a: { line: 17 } }", "this is no configuration of mqtt-io"],
    ["mqtt: {", "a quote or a bracket is opened here and not closed"],
    ["mqtt: !ENV x", "a tag is not known"],
    [`mqtt: ${"[".repeat(1000)}`, "more than 32 levels"],
  ])("is refused with its place: %s", (text, message) => {
    expect(imported(text).faults).toEqual([expect.objectContaining({ message, line: expect.any(Number) })]);
  });

  it.each([
    ["a list for a map", "mqtt: [1]", "mqtt is not a map"],
    ["a map for a list", `${usual}digital_inputs: { a: 1 }`, "digital_inputs is not a list"],
    ["an item that is no map", `${usual}digital_inputs: [a]`, "an item of the list is no map"],
    [
      "a name with a wildcard",
      input(", name: b").replace("name: a", "name: 'a/#'").replace(", name: b", ""),
      "no name that may stand in a topic",
    ],
    ["two of one name", `${input("")}  - { name: a, module: rpi, pin: 18 }`, '"a" is the name of another input'],
    ["a flag that is none", input(", inverted: perhaps"), "inverted is not yes or no"],
    ["an unknown option", input(", invrted: yes"), '"invrted" is not taken over, did you mean inverted?'],
    ["a merge key", input(", <<: { retain: yes }"), '"<<" is not taken over'],
    ["a stream", `${usual}stream_modules: [{ name: x, module: serial }]`, "reads and writes no serial ports"],
  ])("is told of: %s", (_, text, message) => {
    const { said, config } = imported(text);
    expect(said.join("\n")).toContain(message);
    expect(config).toHaveProperty("node");
  });

  it("keeps what a terminal would obey out of the result", () => {
    const { text, config } = imported(input(', on_payload: "\\e[2J", off_payload: "a\\u202eb"').replace("name: a", 'name: "a\\u202e"'));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(config).toMatchObject({ mqttio: { inputs: [{ on: "\u001b[2J", off: "a\u202eb" }] } });
  });

  it("says nothing of a file that is taken over as it is, but for what is different for all", () => {
    expect(own(imported(`${input("")}digital_outputs: [{ name: b, module: rpi, pin: 5, initial: low }]\n`).said)).toEqual([]);
  });

  it("has an id of its own for each name", () => {
    const names = ["a b", "a_b", "A-B", "ä", "x".repeat(60), "x".repeat(61), "constructor"];
    const list = names.map((name, index) => `  - { name: ${JSON.stringify(name)}, module: rpi, pin: ${index + 5} }`).join("\n");
    const { config } = imported(`${rpi}digital_inputs:\n${list}\n`);
    expect(Object.keys((config as { inputs: object }).inputs)).toEqual([
      "a-b",
      "a-b-2",
      "a-b-3",
      "input",
      "x".repeat(28),
      `${"x".repeat(28)}-2`,
      "input-2",
    ]);
  });
});

it.each([
  ["inverted: maybe", output(", inverted: maybe")],
  [
    "active_high: maybe",
    `${usual}gpio_modules: [{ name: gz, module: gpiozero }]\ndigital_outputs:\n  - { name: a, module: gz, pin: 17, initial: low, class: LED, kwargs: { active_high: maybe } }\n`,
  ],
])("an output is left out when nobody knows which level is off: %s", (_, text) => {
  const { text: made, said } = imported(text);
  expect(made).not.toMatch(/^ {2}a:/m);
  expect(said.filter((line) => line.includes("left out"))).not.toEqual([]);
});

it("a password without a user goes nowhere", () => {
  const { password, said } = imported("mqtt: { host: broker, password: secret }\n");
  expect([password, said.join("\n").includes("there is a password without a user")]).toEqual([null, true]);
});
