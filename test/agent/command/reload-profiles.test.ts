import { readFileSync, writeFileSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import { freePort, observe } from "../../brokers.ts";
import { eventually } from "../shell/fixture.ts";
import { type AgentProcess, runIn, startAgent } from "./agent-process.ts";
import { watchAgent } from "./on-brokers.ts";

// Sections that have connections of their own, changed while the agent runs. Processes start.

const board = `
node: garage
gpio: { driver: sim }
inputs: { door: { line: 17, kind: switch, debounce: 0ms } }
outputs: { lamp: { line: 27 } }
`;
const broker = "broker: { listeners: [{ protocol: mqtt, port: 0 }] }\n";
const sections = `
tasmota: { plug: { topic: plug_one, relays: [lamp], power_retain: on } }
mqttio: { prefix: home/one, inputs: [{ name: door, input: door, retain: true }], outputs: [{ name: lamp, output: lamp, retain: true }] }
homie: { id: one }
`;
const changed = sections.replace("plug_one", "plug_two").replace("home/one", "home/two").replace("id: one", "id: two");

async function agent(text: string) {
  const running = await startAgent(text);
  onTestFinished(() => running.clean());
  return running;
}

/** Another text below the two lines that name the agent's own folder. */
function write({ config }: AgentProcess, text: string): void {
  const own = readFileSync(config, "utf8").split("\n").slice(0, 2);
  writeFileSync(config, `${own.join("\n")}\n${text}`);
}

/** What the broker keeps of others' conventions. */
async function kept({ port }: AgentProcess): Promise<string[]> {
  const late = await observe({ url: `mqtt://127.0.0.1:${port}` }, "#");
  // Behind what is retained.
  await late.client.publishAsync("end", "", { qos: 1 });
  await eventually(() => late.payloads("end")).toEqual([""]);
  await late.stop();
  return late.seen.filter(({ topic }) => !/^(pinbus\/|end$)/.test(topic)).map(({ topic, payload }) => `${topic} ${payload}`);
}

const here = (name: string) => [
  `tele/plug_${name}/LWT Online`,
  `stat/plug_${name}/POWER ON`,
  `home/${name}/status running`,
  `home/${name}/output/lamp ON`,
  `home/${name}/input/door OFF`,
  `homie/5/${name}/$state ready`,
  `homie/5/${name}/out-lamp/state true`,
];

it("a reload moves tasmota, mqttio and homie to other topics, leaves nothing on the old ones, and moves no output", async () => {
  const running = await agent(broker + board + sections);
  const { moves, close } = await watchAgent(running);
  onTestFinished(close);
  const bus = await observe({ url: `mqtt://127.0.0.1:${running.port}` }, "#");
  onTestFinished(() => bus.stop());
  await running.client.request("set", { output: "lamp", state: "ON" });
  await eventually(() => kept(running)).toEqual(expect.arrayContaining(here("one")));

  write(running, broker + board + changed);
  expect(await running.client.request("reload", {})).toMatchObject({ applied: true, restart: [] });
  await eventually(() => kept(running)).toEqual(expect.arrayContaining(here("two")));
  await eventually(async () => (await kept(running)).filter((each) => /one/.test(each))).toEqual([]);
  expect(moves()).toEqual(["lamp on"]);
  await bus.client.publishAsync("cmnd/plug_two/POWER", "OFF", { qos: 1 });
  await eventually(moves).toEqual(["lamp on", "lamp off"]);
  await bus.client.publishAsync("home/two/output/lamp/set", "ON", { qos: 1 });
  await eventually(moves).toEqual(["lamp on", "lamp off", "lamp on"]);

  write(running, broker + board);
  expect(await running.client.request("reload", {})).toMatchObject({ applied: true });
  await eventually(() => kept(running)).toEqual([]);
  expect(moves()).toEqual(["lamp on", "lamp off", "lamp on"]);
  expect((await running.client.request("status", {})).problems).toEqual([]);

  write(running, broker + board + sections);
  expect(await running.client.request("reload", {})).toMatchObject({ applied: true });
  await eventually(() => kept(running)).toEqual(expect.arrayContaining(here("one")));
});

it("a reload that leaves a section as it is leaves its connection alone", async () => {
  const running = await agent(broker + board + sections);
  const bus = await observe({ url: `mqtt://127.0.0.1:${running.port}` }, "#");
  onTestFinished(() => bus.stop());
  await eventually(() => kept(running)).toEqual(expect.arrayContaining(["tele/plug_one/LWT Online", "home/one/status running"]));
  write(running, `${broker + board + sections.replace("plug_one", "plug_two")}`);
  expect(await running.client.request("reload", {})).toMatchObject({ applied: true });
  await eventually(() => bus.payloads("tele/plug_two/LWT")).toContain("Online");
  expect(bus.payloads("home/one/status").slice(-1)).toEqual(["running"]);
  expect(bus.payloads("home/one/status")).not.toContain("stopped");
});

it("what a reload takes away while the broker is gone is emptied when it is back", async () => {
  const port = await freePort();
  const hub = await agent(`node: hub\ngpio: { driver: sim }\nbroker: { listeners: [{ protocol: mqtt, port: ${port} }] }\n`);
  const there = `mqtt: { server: 127.0.0.1, port: ${port} }\n${board}`;
  const running = await agent(there + sections);
  await eventually(() => kept(hub)).toEqual(
    expect.arrayContaining(here("one").filter((topic) => !topic.includes("plug") && !/lamp/.test(topic))),
  );
  hub.child.kill("SIGKILL");
  await hub.done;
  hub.client.close();
  await eventually(async () => (await running.client.request("status", {})).link.online).toBe(false);
  write(running, there);
  expect(await running.client.request("reload", {})).toMatchObject({ applied: true });
  const again = await runIn(hub.folder);
  onTestFinished(() => again.clean());
  await eventually(async () => (await kept(again)).filter((topic) => !topic.startsWith("tele/plug_one/LWT"))).toEqual([]);
  // What is emptied is so before it is online.
  await eventually(async () => (await running.client.request("status", {})).problems).toEqual([]);
});

it("what a reload takes away while the broker is gone, and another one brings back, is there when it is back", async () => {
  const port = await freePort();
  const hub = await agent(`node: hub\ngpio: { driver: sim }\nbroker: { listeners: [{ protocol: mqtt, port: ${port} }] }\n`);
  const there = `mqtt: { server: 127.0.0.1, port: ${port} }\n${board}`;
  const running = await agent(there + sections);
  await eventually(() => kept(hub)).toEqual(expect.arrayContaining(["home/one/status running"]));
  hub.child.kill("SIGKILL");
  await hub.done;
  hub.client.close();
  await eventually(async () => (await running.client.request("status", {})).link.online).toBe(false);
  for (const text of [there, there + sections]) {
    write(running, text);
    expect(await running.client.request("reload", {})).toMatchObject({ applied: true });
  }
  const again = await runIn(hub.folder);
  onTestFinished(() => again.clean());
  const bus = await observe({ url: `mqtt://127.0.0.1:${port}` }, "#");
  onTestFinished(() => bus.stop());
  await eventually(async () => {
    const { link, problems } = await running.client.request("status", {});
    return [link.online, problems];
  }).toEqual([true, []]);
  const ours = ["home/one/status", "home/one/input/door", "homie/5/one/$state"];
  for (const topic of ours) expect(bus.payloads(topic)).not.toContain("");
  await eventually(() => kept(again)).toEqual(expect.arrayContaining(["home/one/status running", "home/one/input/door OFF"]));
});

it("where the built-in broker has a bridge, which is told once what commands are, it says that a restart is needed", async () => {
  const bridged = broker.replace(" }] }", " }], bridge: { server: 127.0.0.1, port: 9, topics: [{ filter: home/#, direction: out }] } }");
  const running = await agent(bridged + board + sections);
  write(running, bridged + board + changed);
  const { applied, restart } = await running.client.request("reload", {});
  expect([applied, restart]).toEqual([
    false,
    ["tasmota.plug.topic: plug_one -> plug_two", "mqttio.prefix: home/one -> home/two", "homie.id: one -> two"],
  ]);
});
