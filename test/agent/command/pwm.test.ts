import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { type AgentProcess, pinbus, start, startAgent } from "./agent-process.ts";

const text = `
node: garage
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
inputs: { porch: { line: 17 } }
sensors: { cpu: { driver: thermal, zone: cpu-thermal, every: 1h } }
pwm:
  vent: { line: 18, kind: fan, min: 20, silence: { after: 300ms, do: 25 } }
  lamp: { line: 13, kind: dimmer, gamma: 2.2 }
  case: { chip: fe20c000.pwm, channel: 7, kind: fan }
rules:
  glow: { when: { input: porch, gesture: press }, do: [ { pwm: lamp, value: 60, fade: 200ms } ] }
`;

let agent: AgentProcess;
let bus: MqttClient;
const seen: { topic: string; payload: string }[] = [];
const P = "pinbus/garage/pwm";
beforeAll(async () => {
  agent = await startAgent(text);
  bus = await connectAsync(`mqtt://127.0.0.1:${agent.port}`);
  bus.on("message", (topic, payload) => seen.push({ topic, payload: payload.toString() }));
  await bus.subscribeAsync([`${P}/#`, "pinbus/garage/info", "pinbus/garage/health"]);
});
afterAll(async () => {
  await bus?.endAsync(true);
  await agent?.clean();
});

const json = (topic: string) => JSON.parse(seen.findLast((message) => message.topic === topic)?.payload ?? "null");

describe("a PWM of a running agent", () => {
  it("is told with its state, its attributes and in the info at the birth", async () => {
    await eventually(() => json(`${P}/lamp/state`)).toEqual({ value: 0, on: false });
    await eventually(() => json(`${P}/lamp/attr`)).toMatchObject({ cause: "start", locked: false });
    await eventually(() => json("pinbus/garage/info")).toMatchObject({ pwm: ["vent", "lamp", "case"], outputs: [] });
  });

  it("takes a level from the bus, and refuses one that is out of range with an answer", async () => {
    await bus.publishAsync(`${P}/lamp/set`, "40%");
    await eventually(() => json(`${P}/lamp/state`)).toEqual({ value: 40, on: true });
    await bus.publishAsync(`${P}/lamp/set`, '{"value":140,"id":"a"}');
    await eventually(() => json(`${P}/lamp/result`)).toEqual({ id: "a", ok: false, reason: "range", message: "lamp takes 0 to 100 %" });
    expect((await agent.ask("get", "lamp")).stdout).toBe("40 %\n");
  });

  it("goes where silence says when no command comes", async () => {
    await bus.publishAsync(`${P}/vent/set`, "80");
    await eventually(() => json(`${P}/vent/state`)).toEqual({ value: 25, on: true });
    expect((await agent.ask("why", "vent")).stdout).toContain("no command came for 300 ms");
  });

  it.each([
    [["set", "lamp", "30%"], "ON 30\n"],
    [["set", "lamp", "20"], "ON 20\n"],
    [["set", "lamp", "off"], "OFF 0\n"],
    [["set", "lamp", "on"], "ON 20\n"],
  ])("pinbus %j prints %j", async (words, stdout) => {
    expect(await agent.ask(...words)).toEqual({ code: 0, stdout, stderr: "" });
  });

  it("refuses on the command line what its limits forbid", async () => {
    const { code, stderr } = await agent.ask("set", "lamp", "101%");
    expect([code, stderr]).toEqual([1, "pinbus: refused (range): lamp takes 0 to 100 %\n"]);
  });

  it("fades to the level of a rule, and says why", async () => {
    await agent.ask("sim", "press", "porch");
    await eventually(() => json(`${P}/lamp/state`)).toEqual({ value: 60, on: true });
    expect((await agent.ask("why", "lamp")).stdout).toContain("to 60 % within 200 ms because porch was pressed");
  });

  it("that cannot be had is a problem of that one only, said with what to do", async () => {
    await eventually(() => json("pinbus/garage/health").problems).toContain(
      "pwm case: the PWM chip fe20c000.pwm has no channel 7: it has channels 0 to 1",
    );
    await eventually(() => json(`${P}/case/state`)).toEqual({ value: null, on: null });
  });

  it("stands in what check prints, with the line for config.txt", async () => {
    const { stdout } = await pinbus(["check", "--config", agent.config]);
    expect(stdout).toMatch(/^ {2}vent {2}pwm +GPIO18 +fan +25000 Hz +start 0 %, exit 0 %, crash 0 %, silence for 300ms 25 %$/m);
    expect(stdout).toContain("dtoverlay=pwm-2chan,pin=13,func=4,pin2=18,func2=2");
  });

  it("is recorded, replays to the same effects, and its levels are played again", async () => {
    const file = join(tempFolder(), "levels.jsonl");
    const recording = start(["record", file, "--socket", agent.socket]);
    await eventually(() => existsSync(file) && readFileSync(file, "utf8").split("\n").length > 2).toBe(true);
    await agent.ask("set", "lamp", "35%", "--fade", "100ms");
    await eventually(() => json(`${P}/lamp/state`)).toEqual({ value: 35, on: true });
    recording.child.kill("SIGINT");
    expect((await recording.done).code).toBe(0);
    expect(await pinbus(["rules", "test", file])).toMatchObject({ code: 0, stderr: "" });
    await agent.ask("set", "lamp", "off");
    await eventually(() => json(`${P}/lamp/state`)).toEqual({ value: 0, on: false });
    expect((await agent.ask("sim", "play", file, "--speed", "10")).code).toBe(0);
    await eventually(() => json(`${P}/lamp/state`)).toEqual({ value: 35, on: true });
  });

  it("that a reload adds on the channel of one that it removes hears commands; the topics of that one are cleared", async () => {
    writeFileSync(agent.config, readFileSync(agent.config, "utf8").replace("vent: {", "rack: {"));
    const { code, stdout } = await agent.ask("reload");
    expect([code, stdout]).toEqual([0, expect.stringContaining("pwm.vent: removed; its line goes 0 % and is released")]);
    await eventually(() => seen.findLast(({ topic }) => topic === `${P}/vent/state`)?.payload).toBe("");
    await bus.publishAsync(`${P}/rack/set`, '{"value":70,"id":"b"}');
    await eventually(() => json(`${P}/rack/result`)).toMatchObject({ id: "b", ok: true, value: 70 });
  });
});

it("the first PWM of an agent hears commands after the reload that brings it", async () => {
  const plain = "node: shed\ngpio: { driver: sim }\nbroker: { listeners: [{ protocol: mqtt, port: 0 }] }\n";
  const shed = await startAgent(plain);
  onTestFinished(() => shed.clean());
  writeFileSync(shed.config, `${readFileSync(shed.config, "utf8")}\npwm: { arm: { line: 18, kind: servo } }\n`);
  expect((await shed.ask("reload")).code).toBe(0);
  const client = await connectAsync(`mqtt://127.0.0.1:${shed.port}`);
  onTestFinished(() => client.endAsync(true));
  const answers: unknown[] = [];
  client.on("message", (_topic, payload) => answers.push(JSON.parse(payload.toString())));
  await client.subscribeAsync("pinbus/shed/pwm/arm/result");
  await client.publishAsync("pinbus/shed/pwm/arm/set", '{"pulse_us":1200,"id":"a"}');
  await eventually(() => answers).toMatchObject([{ id: "a", ok: true, state: "ON", value: 1200 }]);
});
