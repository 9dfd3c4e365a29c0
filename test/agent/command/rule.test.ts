import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import mqtt from "mqtt";
import { expect, it, onTestFinished } from "vitest";
import { eventually } from "../shell/fixture.ts";
import { pinbus, start, startAgent } from "./agent-process.ts";

it("rules of a real agent work by a switch, over MQTT, by another device and at the start, and tell what they did", async () => {
  const agent = await startAgent(`
node: house
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
time_zone: Europe/Berlin
peers: { plug: { topic: tele/plug/LWT } }
inputs: { key: { line: 17 } }
outputs: { lamp: { line: 27 }, fan: { line: 22 }, horn: { line: 5 }, light: { line: 6 } }
rules:
  lit: { when: { start: true }, do: [{ output: light, set: on }] }
  key-lamp: { when: { input: key, is: on }, do: [{ output: lamp, set: on }, { publish: cmnd/x/POWER, payload: "ON" }] }
  lamp-fan: { when: { output: lamp, is: on }, unless: { days: [mon], between: ["00:00", "00:01"] }, do: [{ output: fan, set: on }] }
  gone: { when: { peer: plug, is: offline }, do: [{ output: horn, beep: { times: 2, on: 20ms, off: 20ms } }] }
`);
  onTestFinished(() => agent.clean());
  const state = async (id: string) => (await agent.client.request("get", { id })).state;
  expect(await state("light")).toBe("ON");

  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${agent.port}`, { protocolVersion: 4 });
  onTestFinished(() => client.endAsync(true));
  const seen: string[] = [];
  client.on("message", (topic, payload) => seen.push(`${topic.replace("pinbus/house/", "")} ${payload.toString()}`));
  await client.subscribeAsync(["pinbus/house/rule/#", "pinbus/house/out/+/state", "cmnd/#"]);
  await eventually(() => seen).toContain("rule/key-lamp/state ON");

  await client.publishAsync("pinbus/house/rule/lamp-fan/set", '{"state":"OFF","id":"a"}', { qos: 1 });
  await eventually(() => seen).toContain('rule/lamp-fan/result {"id":"a","ok":true,"state":"OFF"}');
  await eventually(() => seen).toContain("rule/lamp-fan/state OFF");
  await eventually(() => JSON.parse(readFileSync(join(agent.folder, "state", "rules.json"), "utf8"))).toEqual({ "lamp-fan": false });
  await agent.client.request("sim-press", { input: "key", for_ms: 100 });
  await eventually(() => seen).toContain("cmnd/x/POWER ON");
  await eventually(() => seen).toContain("out/lamp/state ON");
  expect(await state("fan")).toBe("OFF");
  await client.publishAsync("pinbus/house/rule/lamp-fan/set", "ON", { qos: 1 });
  await client.publishAsync("pinbus/house/rule/lamp-fan/set", "TRIGGER", { qos: 1 });
  await eventually(() => state("fan")).toBe("ON");
  await eventually(() =>
    seen.filter((line) => line.startsWith("rule/lamp-fan/event")).map((line) => JSON.parse(line.slice(20))),
  ).toMatchObject([{ event_type: "fired", cause: "a command over mqtt", seq: 1 }]);

  await client.publishAsync("tele/plug/LWT", "Online", { retain: true });
  await client.publishAsync("tele/plug/LWT", "Offline", { retain: true });
  await eventually(() => seen.filter((line) => line.startsWith("out/horn/state")).slice(-4)).toEqual([
    "out/horn/state ON",
    "out/horn/state OFF",
    "out/horn/state ON",
    "out/horn/state OFF",
  ]);
  expect((await agent.client.request("why", { output: "lamp" }))[0]?.text).toBe("ON because key went on and rule key-lamp says on");
});

it("a message starts and ends the pattern of a real agent, a retained one does neither, and a recording holds all of it", async () => {
  const rule = (ends: string) =>
    `  remind: { when: { topic: fop/request/A, payload: "1" }, do: [{ output: light, pattern: [1m], until: { topic: ${ends}/A } }] }\n`;
  const agent = await startAgent(`
node: box
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
outputs: { light: { line: 27 } }
rules:
${rule("fop/reset")}`);
  onTestFinished(() => agent.clean());
  const light = async () => (await agent.client.request("get", { id: "light" })).state;
  const file = join(agent.folder, "a.jsonl");
  const recorded = start(["record", file, "--socket", agent.socket]);
  onTestFinished(() => {
    recorded.child.kill("SIGKILL");
  });
  await eventually(() => existsSync(file) && readFileSync(file, "utf8").split("\n").length > 2).toBe(true);
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${agent.port}`, { protocolVersion: 4 });
  onTestFinished(() => client.endAsync(true));

  await client.publishAsync("fop/request/A", "2", { qos: 1 });
  await client.publishAsync("fop/request/A", "1", { qos: 1 });
  await eventually(light).toBe("ON");
  await client.publishAsync("fop/reset/A", "reset", { qos: 1 });
  await eventually(light).toBe("OFF");

  // Said before it was listened to, and still kept by the broker: it starts nothing and ends nothing.
  await client.publishAsync("fop/done/A", "", { qos: 1 });
  await client.publishAsync("fop/done/A", "done", { qos: 1, retain: true });
  writeFileSync(agent.config, readFileSync(agent.config, "utf8").replace(rule("fop/reset"), rule("fop/done")));
  expect(await agent.client.request("reload", {})).toMatchObject({ applied: true });
  await client.publishAsync("fop/request/A", "1", { qos: 1 });
  await eventually(light).toBe("ON");
  // Listened to anew, so that the broker says it once more.
  expect(await agent.client.request("reload", {})).toMatchObject({ applied: true });
  await client.publishAsync("pinbus/box/rule/remind/set", "sideways", { qos: 1 });
  await eventually(async () => (await agent.client.request("status", {})).counts.refused).toBe(1);
  expect(await light()).toBe("ON");
  await client.publishAsync("fop/done/A", "again", { qos: 1 });
  await eventually(light).toBe("OFF");

  recorded.child.kill("SIGINT");
  await recorded.done;
  const test = await pinbus(["rules", "test", file]);
  expect(test).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("same as recorded") });
  expect(test.stdout).toContain("the pattern of rule remind on light ended: a message came on fop/reset/A");

  const fired = async () => (await agent.client.request("pins", {})).rules[0]?.fired;
  // Since it was changed.
  expect(await fired()).toBe(1);
  expect((await agent.ask("sim", "play", file, "--speed", "100")).stdout).toContain("; 5 messages of others");
  await eventually(fired).toBe(3);
});
