import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sim } from "../../../agent/command/sim.ts";
import { exit } from "../../../agent/exit.ts";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { type AgentProcess, pinbus, start, startAgent } from "./agent-process.ts";

let agent: AgentProcess;
let bus: MqttClient;
const seen: { topic: string; payload: string; retain: boolean }[] = [];
const P = "pinbus/garage/sensor";
beforeAll(async () => {
  agent = await startAgent(`
node: garage
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
outputs: { lamp: { line: 27 } }
sensors:
  attic: { driver: w1, id: 28-0316a2795bff }
  quick: { driver: thermal, zone: cpu-thermal, every: 1s, stale_after: 2s }
  tank: { driver: file, path: level, name: level, unit: l, scale: 0.1 }
  tent: { driver: iio, device: bme280 }
`);
  bus = await connectAsync(`mqtt://127.0.0.1:${agent.port}`);
  bus.on("message", (topic, payload, { retain }) => seen.push({ topic, payload: payload.toString(), retain }));
  await bus.subscribeAsync([`${P}/#`, "pinbus/garage/health", "pinbus/garage/info"]);
});
afterAll(async () => {
  await bus?.endAsync(true);
  await agent?.clean();
});

const newest = (topic: string) => seen.findLast((message) => message.topic === topic)?.payload;
const json = (topic: string) => JSON.parse(newest(topic) ?? "null");
const ok = (stdout: string) => ({ code: 0, stdout, stderr: "" });

describe("a sensor of a running agent", () => {
  it("reads what the simulated board tells it, at once, and says so on the bus and on the command line", async () => {
    expect(await agent.ask("sim", "sensor", "attic", "21.4")).toEqual(ok(""));
    await eventually(() => json(`${P}/attic/state`)).toEqual({ temperature: 21.4, unit: "°C", ts: expect.any(String), quality: "ok" });
    expect(Math.abs(Date.parse(json(`${P}/attic/state`).ts) - Date.now())).toBeLessThan(60_000);
    // A broker may let QoS 0 overtake QoS 1.
    await eventually(() => [newest(`${P}/attic/availability`), newest(`${P}/attic/quality`)]).toEqual(["online", "ok"]);
    expect((await agent.ask("get", "attic")).stdout).toMatch(/^21\.4 °C, read \d+ s ago\n$/);
    expect(JSON.parse((await agent.ask("get", "attic", "--json")).stdout)).toMatchObject({
      id: "attic",
      kind: "sensor",
      state: "21.4",
      values: [{ name: "temperature", value: 21.4, unit: "°C" }],
      quality: "ok",
      reason: null,
      age_ms: expect.any(Number),
    });
    const told = await agent.ask("sim", "sensor", "tank", "-50", "--json");
    expect(JSON.parse(told.stdout)).toMatchObject({ id: "tank", quality: "ok", values: [{ name: "level", value: -5, unit: "l" }] });
    await eventually(() => json(`${P}/tank/state`)).toMatchObject({ level: -5, unit: "l" });
    expect((await agent.ask("status")).stdout).toMatch(/^ {2}attic: 21\.4 °C, read \d+ s ago$/m);
    expect(json("pinbus/garage/info").sensors).toEqual(["attic", "quick", "tank", "tent"]);
  });

  it("stands in what check prints", async () => {
    const { stdout } = await pinbus(["check", "--config", agent.config]);
    expect(stdout).toContain("  attic  sensor  w1 28-0316a2795bff");
    expect(stdout).toMatch(/^ {2}quick {2}sensor {2}thermal cpu-thermal +every 1s +stale after 2s$/m);
  });

  it("that fails is offline with the reason, publishes no value for it, and is named by status and health", async () => {
    await agent.ask("sim", "sensor", "attic", "20.5");
    await eventually(() => json(`${P}/attic/state`)).toMatchObject({ temperature: 20.5 });
    const before = seen.filter(({ topic }) => topic === `${P}/attic/state`).length;
    expect(await agent.ask("sim", "sensor", "attic", "fail", "CRC error")).toEqual(ok(""));
    await eventually(() => newest(`${P}/attic/quality`)).toBe("failed: CRC error");
    await eventually(() => newest(`${P}/attic/availability`)).toBe("offline");
    await eventually(() => json("pinbus/garage/health").problems).toContain("sensor attic failed: CRC error");
    expect(seen.filter(({ topic }) => topic === `${P}/attic/state`)).toHaveLength(before);
    const got = await agent.ask("get", "attic");
    expect(got).toMatchObject({
      code: exit.refused,
      stdout: expect.stringMatching(/^failed: CRC error; last 20\.5 °C, read \d+ s ago\n$/),
    });
    expect(await agent.ask("get", "attic", "--json")).toMatchObject({ code: exit.refused });
    expect(await agent.ask("status")).toMatchObject({ stdout: expect.stringContaining("problem: sensor attic failed: CRC error") });
    expect(await agent.ask("sim", "sensor", "attic", "ok")).toEqual(ok(""));
    await eventually(() => newest(`${P}/attic/availability`)).toBe("online");
  });

  it("with several quantities is told some or all of them, and each keeps its value", async () => {
    expect(await agent.ask("sim", "sensor", "tent", "humidity=55", "temperature=21")).toEqual(ok(""));
    const unit = { temperature: "°C", humidity: "%" };
    await eventually(() => json(`${P}/tent/state`)).toMatchObject({ temperature: 21, humidity: 55, unit });
    await agent.ask("sim", "sensor", "tent", "humidity=58.5");
    await eventually(() => json(`${P}/tent/state`)).toMatchObject({ temperature: 21, humidity: 58.5, unit });
    expect((await agent.ask("get", "tent")).stdout).toMatch(/^21 °C, 58\.5 %, read /);
    const malformed = agent.client.request("sim-sensor", { sensor: "tent", to: { values: {} } });
    await expect(malformed).rejects.toThrow("malformed");
  });

  it("that hangs is stale once its reading is too old, and comes back", async () => {
    await agent.ask("sim", "sensor", "quick", "48.8");
    await eventually(() => newest(`${P}/quick/availability`)).toBe("online");
    expect(await agent.ask("sim", "sensor", "quick", "hang")).toEqual(ok(""));
    await eventually(() => newest(`${P}/quick/quality`)).toBe("stale: no reading for 2 s");
    await eventually(() => newest(`${P}/quick/availability`)).toBe("offline");
    expect(await agent.ask("get", "quick")).toMatchObject({ code: exit.refused });
    await agent.ask("sim", "sensor", "quick", "49");
    await eventually(() => newest(`${P}/quick/availability`)).toBe("online");
    await eventually(() => json(`${P}/quick/state`)).toMatchObject({ temperature: 49 });
  });

  it("is retained for who comes later", async () => {
    await agent.ask("sim", "sensor", "tank", "70");
    await eventually(() => json(`${P}/tank/state`)).toMatchObject({ level: 7 });
    const late = await connectAsync(`mqtt://127.0.0.1:${agent.port}`);
    const got = new Map<string, string>();
    late.on("message", (topic, payload, { retain }) => got.set(topic, `${retain} ${payload}`));
    await late.subscribeAsync(`${P}/tank/#`);
    await eventually(() => got.get(`${P}/tank/availability`)).toBe("true online");
    await eventually(() => got.get(`${P}/tank/quality`)).toBe("true ok");
    await eventually(() => got.get(`${P}/tank/state`)).toMatch(/^true \{"level":7,/);
    await late.endAsync();
  });

  it("is refused with what would be right", async () => {
    expect(await agent.ask("sim", "sensor", "cellar", "1")).toMatchObject({
      code: exit.refused,
      stderr: expect.stringContaining('there is no sensor "cellar"; there are attic, quick, tank, tent'),
    });
    expect(await agent.ask("get", "cellar")).toMatchObject({ stderr: expect.stringContaining("there are lamp, attic, quick, tank, tent") });
    const view = await pinbus(["sim", "sensor", "attic", "1", "--socket", agent.view]);
    expect(view).toMatchObject({ code: exit.refused, stderr: expect.stringContaining("forbidden") });
    const malformed = agent.client.request("sim-sensor", { sensor: "attic", to: { fail: "x".repeat(201) } });
    await expect(malformed).rejects.toThrow("malformed");
    for (const words of [
      ["attic", "warm"],
      ["attic", "1", "because"],
      ["attic"],
      ["attic", "1", "--for", "1s"],
      ["tent", "humidity=wet"],
      ["tent", "Humidity=1"],
    ]) {
      await expect(sim.run(["sensor", ...words, "--socket", "/nowhere"]), words.join(" ")).rejects.toMatchObject({ code: exit.usage });
    }
  });

  it("is recorded, replays byte for byte, is played on a board, and comes and goes with a reload", async () => {
    const file = join(tempFolder(), "readings.jsonl");
    const recorder = start(["record", file, "--socket", agent.socket]);
    await eventually(() => existsSync(file) && readFileSync(file, "utf8").split("\n").length > 2).toBe(true);
    await agent.ask("sim", "sensor", "attic", "19");
    await agent.ask("sim", "sensor", "attic", "fail", "pulled off");
    const yaml = readFileSync(agent.config, "utf8");
    writeFileSync(agent.config, yaml.replace(/ {2}tank: .*\n/, "  cellar: { driver: file, path: level }\n"));
    expect((await agent.client.request("reload", {})).applied).toBe(true);
    await agent.ask("sim", "sensor", "cellar", "11.5");
    await eventually(() => json(`${P}/cellar/state`)).toMatchObject({ value: 11.5 });
    for (const leaf of ["state", "availability", "quality"]) await eventually(() => newest(`${P}/tank/${leaf}`)).toBe("");
    recorder.child.kill("SIGINT");
    expect(await recorder.done).toMatchObject({ code: exit.ok, stderr: "" });
    expect(await pinbus(["rules", "test", file])).toMatchObject({
      code: exit.ok,
      stderr: "",
      stdout: expect.stringMatching(/sensor attic failed: pulled off\n.*same as recorded: /s),
    });

    await agent.ask("sim", "sensor", "attic", "30");
    const before = seen.length;
    expect(await agent.ask("sim", "play", file, "--speed", "100")).toMatchObject({ code: exit.ok, stderr: "" });
    const told = () =>
      seen
        .slice(before)
        .map(({ topic, payload }) => `${topic} ${payload}`)
        .join("\n");
    await eventually(told).toContain(`${P}/attic/quality failed: pulled off`);
    await eventually(told).toContain(`${P}/attic/state {"temperature":19,`);
    await eventually(told).toContain(`${P}/cellar/state {"value":11.5,`);
  });
});
