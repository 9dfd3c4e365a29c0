import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, expect, it, onTestFinished } from "vitest";
import { freePort } from "../../brokers.ts";
import { eventually } from "../shell/fixture.ts";
import { pinbus, startAgent } from "./agent-process.ts";
import { type Bus, describeOnBrokers, P, startTogether, type Together, watchAgent } from "./on-brokers.ts";

const board = `
inputs: { porch: { line: 17, bias: pull-up, active: low } }
outputs:
  lamp: { line: 27, identify: on, max_on: 2h }
  heater: { line: 6 }
`;
const allowed = `${board}commands: [reload, resync, identify, log-level, diag]\n`;

type Answer = Record<string, unknown> & { report?: { config: string[]; log: { message: string }[]; status: { node: string } } };

/** Asks the agent itself, and waits for the answer where it belongs: on MQTT 5 the response topic, with the correlation data. */
async function askNode(bus: Bus, version: "5" | "3.1.1", name: string, body: object | "" = ""): Promise<Answer> {
  const five = version === "5";
  const topic = five ? `answers/node/${name}` : `${P}/cmd/${name}/result`;
  const before = bus.payloads(topic).length;
  const properties = { responseTopic: topic, correlationData: Buffer.from(name) };
  const payload = body === "" ? "" : JSON.stringify(body);
  await bus.client.publishAsync(`${P}/cmd/${name}`, payload, { qos: 1, ...(five && { properties }) });
  await eventually(() => bus.payloads(topic).length).toBeGreaterThan(before);
  return JSON.parse(bus.payloads(topic)[before] ?? "") as Answer;
}

describeOnBrokers("a command to the agent itself", (on) => {
  let together: Together;
  const ask = (name: string, body?: object) => askNode(together.bus, on.version, name, body);
  beforeAll(async () => {
    together = await startTogether(on, allowed);
    return () => together.stop();
  });

  it("blinks an output that may be blinked, and leaves it as it was", async () => {
    const { agent, bus } = together;
    const witness = await watchAgent(agent);
    expect(await ask("identify", { id: "one", output: "lamp", for_ms: 2000 })).toEqual({
      id: "one",
      ok: true,
      output: "lamp",
      for_ms: 2000,
    });
    expect(await ask("identify", { output: "lamp" })).toMatchObject({ ok: false, reason: "busy" });
    expect(await ask("identify", { id: "one", output: "lamp", for_ms: 2000 })).toMatchObject({ id: "one", ok: true });
    await eventually(() => witness.moves("lamp")).toEqual(["lamp on", "lamp off", "lamp on", "lamp off"]);
    await eventually(() => bus.payloads(`${P}/out/lamp/state`).slice(-2)).toEqual(["ON", "OFF"]);
    await eventually(() => bus.attr("lamp").chain).toEqual([
      { kind: "mqtt", text: "identify (mqtt, id one)" },
      { kind: "contract", text: "pulse ended" },
    ]);
    expect(await ask("identify", { output: "heater" })).toMatchObject({
      ok: false,
      reason: "not-allowed",
      message: expect.stringContaining("outputs.heater.identify: on"),
    });
    expect(await ask("identify", { output: "nothing" })).toMatchObject({ reason: "unknown-id" });
    expect(witness.moves("heater")).toEqual([]);
    witness.close();
    expect((await agent.ask("why", "lamp")).stdout).toContain("a command over MQTT asked which output it is");
  });

  it("logs more for a time", async () => {
    const { agent } = together;
    expect(await ask("log-level", { level: "debug", for_ms: 2000 })).toMatchObject({ ok: true, level: "debug" });
    await agent.client.request("sim-press", { input: "porch", for_ms: 50 });
    await eventually(() => agent.stderr).toContain("debug: porch release");
    await eventually(() => agent.stderr).toContain("the log level is info again");
    expect(await ask("log-level", { level: "error" })).toMatchObject({ ok: false, reason: "not-allowed" });
  });

  it("answers diag with a report in one message", async () => {
    const { report } = await ask("diag", { id: "d" });
    expect(report?.status.node).toBe("garage");
    expect(report?.config.join("\n")).toContain('"heater"');
    expect(report?.log.map(({ message }) => message).join("\n")).toContain("starts as pinbus/garage");
    expect(Buffer.byteLength(JSON.stringify(report))).toBeLessThan(64_000);
  });

  it("tells the hub what is refused, once, and nothing below the level that was asked for", async () => {
    const { bus } = together;
    const before = bus.payloads(`${P}/log/warn`).length;
    await bus.ask("lamp", '{"state":"ON","ts":1}');
    await eventually(() => bus.payloads(`${P}/log/warn`).length).toBeGreaterThan(before);
    expect(JSON.parse(bus.payloads(`${P}/log/warn`)[before] ?? "")).toMatchObject({
      level: "warn",
      message: expect.stringContaining("lamp: refused a command from mqtt"),
      output: "lamp",
      reason: "stale",
    });
    expect(bus.payloads(`${P}/log/info`)).toEqual([]);
  });

  it("tells a hub that floods it no more than it can read", async () => {
    const { bus } = together;
    // All are acknowledged: one that is still under way when the test is over is an error that belongs to none.
    await Promise.all(Array.from({ length: 300 }, () => bus.send("lamp", '{"state":"ON","ts":1}')));
    await eventually(() => bus.payloads(`${P}/log/warn`).map((payload) => JSON.parse(payload).message as string)).toContainEqual(
      expect.stringMatching(/^\d+ entries left out/),
    );
    expect(bus.payloads(`${P}/log/warn`).length).toBeLessThan(60);
  });
});

describeOnBrokers("an agent with the commands of the default", (on) => {
  it("serves resync alone, and says where the others are allowed", async () => {
    const { agent, bus, stop } = await startTogether(on, board);
    onTestFinished(stop);
    const ask = (name: string, body?: object) => askNode(bus, on.version, name, body);
    for (const name of ["reload", "identify", "log-level", "diag"])
      expect(await ask(name, { output: "lamp", level: "debug" })).toEqual({
        id: null,
        ok: false,
        reason: "not-allowed",
        message: `${name} is not allowed over MQTT: name it in \`commands\` of the configuration`,
      });
    expect(await ask("resync", { id: "1" })).toEqual({ id: "1", ok: true });
    writeFileSync(agent.config, `${readFileSync(agent.config, "utf8")}commands: [diag]\nlog: { mqtt: "off" }\n`);
    expect((await agent.ask("reload")).code).toBe(0);
    expect(await ask("diag")).toMatchObject({ ok: true });
    const { length } = bus.payloads(`${P}/log/warn`);
    expect(await ask("resync")).toMatchObject({ reason: "not-allowed" });
    expect(bus.payloads(`${P}/log/warn`)).toHaveLength(length);
  });
});

it("the same from the command line, whatever is allowed over MQTT", async () => {
  const agent = await startAgent(`node: garage\ngpio: { driver: sim }\nbroker: { listeners: [{ protocol: mqtt, port: 0 }] }${board}`);
  onTestFinished(() => agent.clean());
  expect(await agent.ask("identify", "lamp", "--for", "1s")).toEqual({ code: 0, stdout: "lamp blinks for 1 s\n", stderr: "" });
  expect(await agent.ask("identify", "heater")).toMatchObject({ code: 1, stderr: expect.stringContaining("refused (not-allowed)") });
  expect(await agent.ask("identify", "lamp", "--for", "2h")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("from 1000 to 60000"),
  });
  expect(await agent.ask("log-level", "debug", "--for", "1m", "--json")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('{"level":"debug","until":"'),
  });
  expect(await agent.ask("log-level", "loud")).toMatchObject({ code: 64, stderr: expect.stringContaining('not "loud"') });
  expect(await agent.ask("resync")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await agent.client.request("diag", {})).toMatchObject({ status: { node: "garage" }, left_out: [] });
  for (const command of [["resync"], ["identify", "lamp"], ["log-level", "debug"]]) {
    const refused = await pinbus([...command, "--socket", agent.view]);
    expect([command, refused.code]).toEqual([command, 1]);
    expect(refused.stderr).toContain("this socket may only look");
  }
});

it("a report of an agent with a password has it nowhere, nor the user name", async () => {
  const server = `mqtt: { server: 127.0.0.1, port: ${await freePort()}, username: grower, password: 'hunter2"\\x' }`;
  const agent = await startAgent(`node: garage\ngpio: { driver: sim }\n${server}${board}`);
  onTestFinished(() => agent.clean());
  const text = JSON.stringify(await agent.client.request("diag", {}));
  expect(text).toContain("heater");
  expect(text).not.toMatch(/hunter2|grower/);
});
