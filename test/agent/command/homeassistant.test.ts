import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { describeMosquitto, leftOut, type Observer, observe, startMosquitto } from "../../brokers.ts";
import { type Homeassistant, startHomeassistant } from "../../twin/homeassistant.ts";
import { eventually, patience } from "../shell/fixture.ts";
import { type AgentProcess, runIn, startAgent } from "./agent-process.ts";
import { rewrite, startBeside } from "./beside-broker.ts";

const P = "pinbus/garage";
const yaml = `
node: garage
gpio: { driver: sim, board: pi4 }
inputs:
  porch: { line: 17, name: Porch button }
  bell: { line: 18, kind: doorbell }
  door: { line: 22, kind: switch, homeassistant: { device_class: garage_door } }
  meter: { line: 23, kind: counter, per_unit: 1000, unit: kWh, report: 100ms }
outputs:
  lamp: { line: 27, identify: on }
  fan: { line: 12 }
  opener: { line: 13, pulse: 50ms }
  gate-up: { line: 5, interlock: gate }
  gate-down: { line: 6, interlock: gate }
interlocks: { gate: { dead_time: 10ms } }
covers: { gate: { open: gate-up, close: gate-down } }
sensors: { attic: { driver: w1, id: 28-0316a2795bff } }
rules:
  porch-lamp: { when: { input: porch, gesture: double }, do: [{ output: lamp, set: toggle }] }
commands: [resync, reload, identify]
sys_interval: 1s
homeassistant: { name: Garage Pi }
`;

const brokers = [
  { name: "its own built-in broker", missing: false, mosquitto: false },
  { name: "mosquitto", missing: leftOut("Home Assistant on mosquitto", "mosquitto", "mosquitto mosquitto-clients"), mosquitto: true },
];

describe.each(brokers)("Home Assistant and a running agent, on $name", ({ missing, mosquitto }) => {
  const started: (() => Promise<unknown>)[] = [];
  let agent: AgentProcess;
  let hub: Homeassistant;
  let bus: Observer;
  let url: string;
  const state = (id: string) => hub.entity(id)?.state;
  const available = (id: string) => hub.entity(id)?.available;
  const reload = async (change: (text: string) => string) => {
    rewrite(agent, change);
    expect((await agent.client.request("reload", {})).applied).toBe(true);
  };

  beforeAll(async () => {
    if (missing) return;
    ({ agent, url } = await startBeside(yaml, mosquitto, started));
    started.push(() => agent.clean());
    hub = await startHomeassistant(url);
    started.push(hub.stop);
    bus = await observe({ url }, "#");
    started.push(bus.stop);
    await vi.waitFor(() => expect(state("node_online")).toBe("online"), patience);
  });
  afterAll(async () => {
    for (const stop of started.reverse()) await stop();
  });

  it.skipIf(missing)("home-assistant 1.1: finds one device, and nothing that it would refuse", async () => {
    expect(hub.devices()).toEqual(["Garage Pi"]);
    expect(hub.objections).toEqual([]);
    expect(hub.ids().filter((id) => !id.startsWith("sys_"))).toEqual([
      "cmd_identify_lamp",
      "cmd_reload",
      "cover_gate",
      "in_bell",
      "in_door_state",
      "in_meter_rate",
      "in_meter_total",
      "in_porch",
      "node_health",
      "node_online",
      "node_started",
      "out_fan",
      "out_lamp",
      "out_opener_button",
      "rule_porch-lamp",
      "s_attic_temperature",
    ]);
    await eventually(() => [state("out_lamp"), state("in_door_state"), state("cover_gate"), state("rule_porch-lamp")]).toEqual([
      "OFF",
      "OFF",
      "stopped",
      "ON",
    ]);
    await eventually(() => Date.parse(state("sys_host_boot_time") ?? "")).toBeLessThan(Date.now());
    // Nothing was measured yet.
    expect([available("out_lamp"), available("s_attic_temperature")]).toEqual([true, false]);
  });

  it.skipIf(missing)("home-assistant 3: shows what happens, and switches, pulses, opens and closes", async () => {
    await hub.command("out_lamp", "ON");
    await eventually(() => state("out_lamp")).toBe("ON");
    await hub.command("cover_gate", "OPEN");
    await eventually(() => state("cover_gate")).toBe("opening");
    await hub.command("cover_gate", "CLOSE");
    await eventually(() => state("cover_gate")).toBe("closing");
    await hub.command("cover_gate", "STOP");
    await eventually(() => state("cover_gate")).toBe("stopped");
    await hub.command("out_opener_button", "PULSE");
    await eventually(() => bus.payloads(`${P}/out/opener/state`).join()).toMatch(/ON,OFF$/);
    await hub.command("rule_porch-lamp", "OFF");
    await eventually(() => state("rule_porch-lamp")).toBe("OFF");
    await agent.ask("sim", "sensor", "attic", "21.4");
    await eventually(() => [state("s_attic_temperature"), available("s_attic_temperature")]).toEqual(["21.4", true]);
    await agent.ask("sim", "press", "meter");
    await eventually(() => state("in_meter_total")).toBe("0.001");
    await hub.command("cmd_identify_lamp", String(hub.entity("cmd_identify_lamp")?.config.payload_press));
    await eventually(() => bus.payloads(`${P}/cmd/identify/result`)).toMatchObject([expect.stringContaining('"ok":true')]);
  });

  it.skipIf(missing)("home-assistant 2: gets each gesture as one event, and its doorbell rings", async () => {
    await agent.ask("sim", "press", "porch");
    await eventually(() => hub.events("in_porch").map(({ event_type }) => event_type)).toEqual(["press_end"]);
    await agent.ask("sim", "press", "bell");
    await eventually(() => hub.events("in_bell").map(({ event_type }) => event_type)).toEqual(["ring"]);
    expect(hub.entity("in_porch")?.config.event_types).toEqual([
      "press_end",
      "multi_press_end",
      "multi_press_ongoing",
      "long_press_start",
      "long_press_end",
    ]);
  });

  it.skipIf(missing)("home-assistant 1.2: is told everything once after a storm of restarts, the states behind the discovery", async () => {
    const births = () => bus.seen.filter(({ topic, payload }) => topic === "homeassistant/status" && payload === "online");
    const before = births().length;
    for (let times = 0; times < 5; times++) await hub.restart();
    await eventually(() => births().length).toBe(before + 5);
    // The wait is by chance: on a slow machine the answer to one of the others may have come before the last one.
    const last = bus.seen.indexOf(births().at(-1) as (typeof bus.seen)[number]);
    const again = () => bus.seen.slice(last).filter(({ topic }) => topic.startsWith("homeassistant/device/"));
    await vi.waitFor(() => expect(again()).toHaveLength(1), patience);
    await eventually(() => [state("out_lamp"), available("out_lamp"), state("node_online"), state("in_meter_total")]).toEqual([
      expect.stringMatching(/^O/),
      true,
      "online",
      "0.001",
    ]);
    const from = bus.seen.indexOf(again()[0] as (typeof bus.seen)[number]);
    const order = () =>
      bus.seen
        .slice(from)
        .filter(({ topic }) => /\/config$|^pinbus\/garage\/(status|out\/lamp\/state|in\/door\/state|health)$/.test(topic));
    // What the broker has retained is shown before all of it was told again.
    await eventually(() =>
      order()
        .slice(0, 4)
        .map(({ topic }) => topic.replace(/^homeassistant.*/, "discovery")),
    ).toEqual(["discovery", `${P}/status`, `${P}/in/door/state`, `${P}/out/lamp/state`]);
    expect(hub.objections).toEqual([]);
    // Events are not retained, and nothing sends them again.
    expect([...hub.events("in_porch"), ...hub.events("in_bell")]).toEqual([]);
    expect(again()).toHaveLength(1);
  });

  it.skipIf(missing)("home-assistant 1.2: is told everything by resync too", async () => {
    // The answer to the restarts, which others have heard.
    await eventually(() => hub.discovered.at(-1)).toMatchObject({ retained: false });
    const { length } = hub.discovered;
    await agent.ask("resync");
    await eventually(() => hub.discovered.slice(length).map(({ retained }) => retained)).toEqual([false]);
  });

  it.skipIf(missing)("home-assistant 1.7: loses what a reload removes, and nothing else", async () => {
    const before = hub.ids();
    await reload((text) => text.replace(/ {2}fan: .*\n/, ""));
    await eventually(() => hub.ids()).toEqual(before.filter((id) => id !== "out_fan"));
    expect(hub.objections).toEqual([]);
  });

  it.skipIf(missing)(
    "home-assistant 1.8: has the same entities under another name of the node, also those that were removed meanwhile",
    async () => {
      const before = hub.ids();
      agent.child.kill("SIGTERM");
      await agent.done;
      agent.client.close();
      rewrite(agent, (text) => text.replace("node: garage", "node: shed").replace(/ {2}bell: .*\n/, ""));
      const { folder } = agent;
      agent = await runIn(folder);
      if (!mosquitto) {
        // Its broker went with it.
        await hub.restart();
        bus = await observe({ url }, "#");
        started.push(bus.stop);
      }
      await vi.waitFor(() => expect(hub.entity("out_lamp")?.config.command_topic).toBe("pinbus/shed/out/lamp/set"), patience);
      expect(hub.ids()).toEqual(before.filter((id) => id !== "in_bell"));
      await eventually(() => [state("node_online"), state("out_lamp")]).toEqual(["online", "OFF"]);
      await hub.command("out_lamp", "ON");
      await eventually(() => state("out_lamp")).toBe("ON");
    },
  );

  // With the agent its own broker is gone.
  if (mosquitto)
    it.skipIf(missing)("home-assistant 3: shows an agent that is gone as offline, and its events as they were", async () => {
      agent.child.kill("SIGKILL");
      await agent.done;
      agent.client.close();
      await eventually(() => state("node_online")).toBe("offline");
      expect(available("out_lamp")).toBe(false);
      expect(hub.entity("in_porch")?.config).not.toHaveProperty("availability");
      const { folder } = agent;
      agent = await runIn(folder);
      await eventually(() => available("out_lamp")).toBe(true);
    });

  it.skipIf(missing)("home-assistant 1.7: loses the device when discovery is switched off", async () => {
    await reload((text) => text.replace("homeassistant: { name: Garage Pi }", "homeassistant: { discovery: false }"));
    await eventually(() => [hub.ids(), hub.devices()]).toEqual([[], []]);
    const late = await startHomeassistant(url);
    started.push(late.stop);
    await agent.ask("resync");
    expect(late.discovered).toEqual([]);
  });
});

describeMosquitto("Home Assistant and a running agent, on a mosquitto that takes small packets", () => {
  it("home-assistant 1.6: finds one device in two parts, each of them right", async () => {
    const broker = await startMosquitto({ config: ["allow_anonymous true", "max_packet_size 7000"] });
    onTestFinished(() => broker.stop());
    const hub = await startHomeassistant(broker.url);
    onTestFinished(() => hub.stop());
    const agent = await startAgent(`mqtt: { server: 127.0.0.1, port: ${broker.port} }${yaml}`);
    onTestFinished(() => agent.clean());
    await vi.waitFor(() => expect([hub.entity("out_lamp")?.state, hub.entity("node_online")?.state]).toEqual(["OFF", "online"]), patience);
    expect(hub.objections).toEqual([]);
    expect(hub.devices()).toEqual(["Garage Pi", "Garage Pi"]);
    for (const { topic, payload } of hub.discovered) {
      expect(topic).toMatch(/-(io|sys)\/config$/);
      expect(payload.length).toBeLessThan(7000);
    }
  });
});
