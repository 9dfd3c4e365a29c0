import { readFileSync, writeFileSync } from "node:fs";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { mutations, printed, wellFormed } from "../core/sniffer.ts";
import { eventually } from "../shell/fixture.ts";
import { runIn, startAgent } from "./agent-process.ts";
import { describeOnBrokers, P, startTogether, type Together } from "./on-brokers.ts";

/** Expressions over one message of which each takes its whole second. */
const slow = ["a", "b", "c", "d", "e"];
const yaml = `
sys_interval: 1s
inputs: { porch: { line: 17, debounce: 0ms } }
outputs: { lamp: { line: 27 } }
rules: { toggle: { when: { input: porch, gesture: press }, do: [{ output: lamp, set: toggle }] } }
sensors:
  tent:
    driver: topic
    topic: tele/snifferbuddy/SENSOR
    values:
      humidity: { value: SCD30.Humidity, unit: "%" }
      temperature: { value: SCD30.Temperature, unit: °C, unit_from: TempUnit }
      light: { value: "ANALOG.A0 > 500", type: boolean }
    availability: { topic: tele/snifferbuddy/LWT }
  wide: { driver: topic, topic: "tele/+/SENSOR", values: { light: { value: ANALOG.A0 } } }
  plain: { driver: topic, topic: hostile, values: { x: { value: plain } } }
${slow.map((id) => `  slow-${id}: { driver: topic, topic: hostile, values: { x: { value: "$match(x, /^(a+)+$/).index" } } }`).join("\n")}
derive:
  tent-vpd: { vpd: { formula: growbuddy-2022, temperature: tent.temperature, humidity: tent.humidity, leaf_offset: -2 °F } }
  tent-high: { value: "$max([h, 50])", inputs: { h: tent.humidity }, unit: "%" }
`;

describeOnBrokers("a value out of the message of somebody else", (on) => {
  let world: Together;
  beforeAll(async () => {
    world = await startTogether(on, yaml);
  });
  afterAll(() => world?.stop());
  const sensor = (id: string, leaf: string) => world.bus.newest(`${P}/sensor/${id}/${leaf}`);
  const state = (id: string) => JSON.parse(sensor(id, "state") ?? "{}");
  const sniffer = (payload: string) => world.bus.client.publishAsync("tele/snifferbuddy/SENSOR", payload, { qos: 1 });
  const counted = (name: string) => Number(world.bus.newest(`${P}/$SYS/values/${name}`) ?? 0);

  it("is published like that of any sensor, and so is what is derived from it", async () => {
    await sniffer(wellFormed);
    await eventually(() => state("tent")).toMatchObject({ humidity: 61.6, temperature: 22.11111, light: true, quality: "ok" });
    await eventually(() => state("wide")).toMatchObject({ light: 542 });
    await eventually(() => state("tent-vpd")).toMatchObject({ vpd: 0.8569, unit: "kPa" });
    await eventually(() => state("tent-high")).toMatchObject({ value: 61.6, unit: "%" });
    expect(state("tent-vpd").ts).toBe(state("tent").ts);
    expect((await world.agent.ask("get", "tent-vpd")).stdout).toMatch(/^0\.8569 kPa, read \d+ s ago\n$/);
    expect((await world.agent.ask("status")).stdout).toMatch(/^ {2}tent: 61\.6 %, 22\.11111 °C, true, read \d+ s ago$/m);
  });

  it("growbuddy 2.1: does not become fresh by the malformed JSON that is printed in document 002", async () => {
    const { ts } = state("tent");
    const before = counted("malformed");
    await sniffer(printed);
    // Two sensors listen.
    await eventually(() => counted("malformed")).toBe(before + 2);
    expect([state("tent").ts, sensor("tent", "quality")]).toEqual([ts, "ok"]);
    await eventually(() => world.agent.stderr + world.agent.stdout).toContain(
      "sensor tent: a message on tele/snifferbuddy/SENSOR was not taken: it is not JSON",
    );
  });

  it("survives fifty damaged messages, and the next right one counts", async () => {
    const before = counted("taken") + counted("malformed") + counted("dropped");
    for (const form of mutations()) if (form !== "") await sniffer(form);
    const sent = mutations().filter((form) => form !== "").length;
    await eventually(() => counted("taken") + counted("malformed") + counted("dropped")).toBeGreaterThanOrEqual(before + 2 * sent - 2);
    await sniffer(wellFormed.replace("61.6", "48.5"));
    await eventually(() => state("tent").humidity).toBe(48.5);
    await eventually(() => state("tent-high").value).toBe(50);
    expect(sensor("tent", "availability")).toBe("online");
  });

  it("growbuddy 6f: ends when its device is gone, and what is derived from it as well; the next message brings both back", async () => {
    await world.bus.client.publishAsync("tele/snifferbuddy/LWT", "Offline", { qos: 1, retain: true });
    await eventually(() => sensor("tent", "quality")).toBe("stale: tele/snifferbuddy/LWT says that it is gone");
    await eventually(() => sensor("tent-vpd", "quality")).toBe("stale: tent stale: tele/snifferbuddy/LWT says that it is gone");
    await world.bus.client.publishAsync("tele/snifferbuddy/LWT", "Online", { qos: 1, retain: true });
    await sniffer(wellFormed);
    await eventually(() => [sensor("tent", "quality"), sensor("tent-vpd", "quality")]).toEqual(["ok", "ok"]);
  });

  it("keeps no press waiting, whatever the message is", async () => {
    const order: string[] = [];
    world.bus.client.on("message", (topic, payload) => {
      if (topic === `${P}/out/lamp/state`) order.push(`lamp ${payload}`);
      if (topic === `${P}/sensor/plain/state`) order.push("hostile");
      if (topic === `${P}/log/warn` && payload.includes("took longer")) order.push("expression ended");
    });
    const hostile = (x: string) => world.bus.client.publishAsync("hostile", JSON.stringify({ plain: 1, x }), { qos: 1 });
    await world.bus.client.publishAsync("hostile", "[".repeat(16_000), { qos: 1 });
    await world.bus.client.publishAsync("hostile", `{"plain":1,"x":"${"y".repeat(200_000)}"}`, { qos: 1 });
    // Each of the five sensors tries this for years, were it let.
    await hostile(`${"a".repeat(40)}!`);
    await eventually(() => order).toContain("hostile");
    await world.agent.client.request("sim-press", { input: "porch", for_ms: 60 });
    await eventually(() => order).toContain("lamp ON");
    // What is logged in one second is not all published.
    await eventually(() => order.filter((what) => what === "expression ended").length).toBeGreaterThan(2);
    expect(order.indexOf("lamp ON")).toBeLessThan(order.lastIndexOf("expression ended"));
    // The thread is another one by now.
    await sniffer(wellFormed.replace("542", "400"));
    await eventually(() => state("tent").light).toBe(false);
  });
});

it("a reload listens to other topics and no longer to the old ones, and a sum goes on after a restart", async () => {
  const first = await startAgent(`
gpio: { driver: sim }
broker: { listeners: [{ port: 0 }] }
sensors: { plug: { driver: topic, topic: old/power, unit: W } }
derive: { energy: { integral: plug, unit: J } }
`);
  onTestFinished(first.clean);
  const said = async (agent: typeof first, id: string) => (await agent.client.request("get", { id })).state;
  const bus = await connectAsync(`mqtt://127.0.0.1:${first.port}`);
  onTestFinished(() => bus.endAsync(true));
  await bus.publishAsync("old/power", "1000", { qos: 1 });
  await eventually(() => said(first, "plug")).toBe("1000");
  writeFileSync(first.config, readFileSync(first.config, "utf8").replace("old/power", "new/power"));
  expect((await first.ask("reload")).code).toBe(0);
  await bus.publishAsync("old/power", "7", { qos: 1 });
  for (const power of ["2000", "3000"]) await bus.publishAsync("new/power", power, { qos: 1 });
  await eventually(() => said(first, "plug")).toBe("3000");
  const sum = Number(await said(first, "energy"));
  expect(sum).toBeGreaterThan(0);
  expect((await first.ask("sim", "sensor", "plug", "1")).stderr).toContain('"plug" is what others say: publish to new/power');
  first.child.kill("SIGTERM");
  await first.done;
  first.client.close();
  const second = await runIn(first.folder);
  onTestFinished(second.clean);
  const again = await connectAsync(`mqtt://127.0.0.1:${second.port}`);
  onTestFinished(() => again.endAsync(true));
  // It listens by then.
  await eventually(async () => (await second.client.request("status", {})).link.online).toBe(true);
  await again.publishAsync("new/power", "5", { qos: 1 });
  await eventually(() => said(second, "energy")).toBe(String(sum));
});
