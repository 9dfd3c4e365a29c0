import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readScript } from "../../../agent/command/play-script.ts";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { type AgentProcess, startAgent } from "./agent-process.ts";

function scriptOf(text: string): string {
  const file = join(tempFolder(), "evening.txt");
  writeFileSync(file, text);
  return file;
}

describe("a script", () => {
  it("is read line by line, with its times, and comments left out", async () => {
    const file = scriptOf(
      '# an evening\n\n0s sensor tent humidity=52 temperature=24.5\n+10s\tmessage  tele/a/SENSOR {"a": 1}\n1m sensor tent fail CRC error\r\n1m input door on\n',
    );
    expect(await readScript(file)).toEqual([
      { after_ms: 0, do: "reading", sensor: "tent", to: { values: { humidity: 52, temperature: 24.5 } } },
      { after_ms: 10_000, do: "heard", topic: "tele/a/SENSOR", payload: '{"a": 1}' },
      { after_ms: 60_000, do: "reading", sensor: "tent", to: { fail: "CRC error" } },
      { after_ms: 60_000, do: "level", input: "door", active: true },
    ]);
  });

  it.each([
    ["sensor tent 5", '"sensor" is no time: write it like 0s, 90s, 10m, or +5s after the line before'],
    ["5 sensor tent 5", '"5" is no time: write it like 0s, 90s, 10m, or +5s after the line before'],
    ["2s input door on\n1s input door off", "1s is before the line above: write the lines in their order"],
    ["1s sensor", "a line is a time, what happens, and to whom: 10s sensor tent humidity=55"],
    ["1s sensor tent wet", 'a sensor reads a number, or takes ok, hang or fail, not "wet"'],
    ["1s sensor tent hang", "a script tells values, or fail: hang goes with `pinbus sim sensor`"],
    ["1s input door open", 'an input goes on or off, not "open"'],
    ["1s pump water on", '"pump" is none of sensor, message and input'],
  ])("with %j is refused with its line", async (text, message) => {
    const file = scriptOf(text);
    await expect(readScript(file)).rejects.toThrow(`${file}:${text.split("\n").length}: ${message}`);
  });

  it("is a file: a pipe and a folder are left to who reads recordings", async () => {
    const pipe = join(tempFolder(), "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const other of [tempFolder(), pipe]) expect(await readScript(other)).toBeUndefined();
  });

  it("is told from a recording", async () => expect(await readScript(scriptOf('{"format":"pinbus-recording"}\n'))).toBeUndefined());
});

describe("pinbus sim play with a script", () => {
  let agent: AgentProcess;
  beforeAll(async () => {
    agent = await startAgent(`
node: garage
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
inputs: { door: { line: 17, kind: switch } }
sensors:
  tent: { driver: topic, topic: tele/sniffer/SENSOR, values: { temperature: { value: Temperature, unit: °C } }, stale_after: 10m }
  light: { driver: file, path: /nowhere, name: light, every: 1h, stale_after: 2h }
  air: { driver: topic, topic: tele/air, values: { temperature: { value: t, unit: °C }, humidity: { value: h, unit: "%" } }, stale_after: 10m }
derive: { dew: { dew_point: { temperature: air.temperature, humidity: air.humidity } } }
pwm: { fan: { line: 18, kind: fan } }
controllers:
  cool:
    sensor: tent.temperature
    setpoint: 25
    effect: lower
    pid: { kp: 10 }
    pwm: fan
    and: [{ sensor: light, above: 500 }]
    unless: [{ input: door, is: on }]
    on_stale: 100
    on_broker_lost: keep
`);
  });
  afterAll(async () => agent?.clean());

  it("rehearses a tent: sensors, values of others and inputs, on the simulated board", async () => {
    const file = scriptOf('0s sensor light 800\n10s message tele/sniffer/SENSOR {"Temperature": 29}\n');
    expect(await agent.ask("sim", "play", file, "--speed", "100")).toMatchObject({
      code: 0,
      stdout: "played 0 levels, 1 reading and 0 commands; 1 message of others\n",
    });
    await eventually(async () => (await agent.ask("get", "fan")).stdout).toBe("40 %\n");
    await agent.ask("sim", "play", scriptOf("0s input door on"));
    await eventually(async () => (await agent.ask("get", "fan")).stdout).toBe("0 %\n");
    await agent.ask("sim", "play", scriptOf("0s input door off\n0s sensor tent 27"));
    await eventually(async () => (await agent.ask("get", "fan")).stdout).toBe("20 %\n");
  });

  it("refuses one that names what this agent does not have, before it begins", async () => {
    const file = scriptOf("0s input door on\n1h sensor tend 5");
    const { code, stderr } = await agent.ask("sim", "play", file);
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no input, output, PWM or sensor "tend"')]);
    expect((await agent.ask("get", "door")).stdout).toBe("OFF\n");
  });

  it.each([
    ["a derived value", "0s input door on\n1h sensor dew 5", '"dew" is derived: tell what it is derived from'],
    ["what a topic value has not", "0s input door on\n1h sensor air wind=5", '"air" has no wind: name temperature or humidity'],
    ["what a sensor does not measure", "0s input door on\n1h sensor light humidity=5", '"light" has no humidity: name light'],
  ])("refuses to tell %s, before it begins", async (_, script, why) => {
    await agent.ask("sim", "play", scriptOf("0s sensor air temperature=21 humidity=50"));
    const { code, stdout, stderr } = await agent.ask("sim", "play", scriptOf(script));
    expect([code, stdout, stderr]).toEqual([1, "", expect.stringContaining(why)]);
    expect((await agent.ask("get", "door")).stdout).toBe("OFF\n");
    expect((await agent.ask("get", "air.temperature")).stdout).toMatch(/^21 °C/);
  });

  it("leaves a topic value the quantities that it does not tell", async () => {
    await agent.ask("sim", "play", scriptOf("0s sensor air temperature=21 humidity=50\n0s sensor air humidity=60"));
    expect((await agent.ask("get", "air.temperature")).stdout).toMatch(/^21 °C/);
    expect((await agent.ask("get", "air.humidity")).stdout).toMatch(/^60 %/);
  });
});
