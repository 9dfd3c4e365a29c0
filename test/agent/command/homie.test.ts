import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { leftOut, type Observer, observe } from "../../brokers.ts";
import { type HomieOnBroker, startHomie } from "../../twin/homie.ts";
import { eventually, patience } from "../shell/fixture.ts";
import { type AgentProcess, killAndStartAgain, runIn } from "./agent-process.ts";
import { rewrite, startBeside } from "./beside-broker.ts";

const device = "garage-pi";
const yaml = `
node: garage
gpio: { driver: sim, board: pi4 }
inputs:
  porch: { line: 17, debounce: 0ms }
outputs:
  lamp: { line: 27 }
  fan: { line: 12 }
  opener: { line: 13, pulse: 50ms }
sensors: { attic: { driver: thermal, zone: cpu-thermal, every: 1s } }
rules:
  porch-lamp: { when: { input: porch, gesture: press }, do: [{ output: lamp, set: toggle }] }
homie: { id: ${device}, name: Garage Pi }
`;

const brokers = [
  { name: "its own built-in broker", missing: false, mosquitto: false },
  { name: "mosquitto", missing: leftOut("Homie on mosquitto", "mosquitto", "mosquitto mosquitto-clients"), mosquitto: true },
];

describe.each(brokers)("a controller of Homie and a running agent, on $name", ({ missing, mosquitto }) => {
  const started: (() => Promise<unknown>)[] = [];
  let agent: AgentProcess;
  let controller: HomieOnBroker;
  let bus: Observer;
  let url: string;
  const found = () => controller.devices.get(device);
  const value = (path: string) => found()?.values.get(path);
  /** Another agent in the same folder, after an orderly stop; meanwhile the built-in broker is away. */
  const restart = async () => {
    agent.child.kill("SIGTERM");
    await agent.done;
    agent = await runIn(agent.folder);
  };

  beforeAll(async () => {
    if (missing) return;
    ({ agent, url } = await startBeside(yaml, mosquitto, started));
    started.push(() => agent.clean());
    controller = await startHomie(url);
    started.push(controller.stop);
    bus = await observe({ url }, "#");
    started.push(bus.stop);
    await vi.waitFor(() => expect(found()?.state).toBe("ready"), patience);
    await vi.waitFor(() => expect(value("out-fan/state")).toBe("false"), patience);
  });
  afterAll(async () => {
    for (const stop of started.reverse()) await stop();
  });

  it.skipIf(missing)("homie 5 and 4: finds the device, and objects to nothing", async () => {
    expect(found()?.description?.name).toBe("Garage Pi");
    expect(Object.keys(found()?.description?.nodes ?? {})).toEqual([
      "in-porch",
      "out-lamp",
      "out-fan",
      "out-opener",
      "sensor-attic",
      "rule-porch-lamp",
    ]);
    await agent.client.request("sim-sensor", { sensor: "attic", to: 21.5 });
    await eventually(() => value("sensor-attic/temperature")).toBe("21.5");
    expect(controller.objections).toEqual([]);
  });

  it.skipIf(missing)("homie 6: switches, pulses, and enables rules; a press is an event", async () => {
    expect(controller.refusesToSet(device, "out-lamp/state", "true")).toBeNull();
    await controller.set(device, "out-lamp/state", "true");
    await eventually(() => value("out-lamp/state")).toBe("true");
    expect((await agent.ask("why", "lamp")).stdout).toContain("homie");
    await controller.set(device, "out-opener/state", "true");
    await eventually(() => bus.payloads(`homie/5/${device}/out-opener/state`).slice(-2)).toEqual(["true", "false"]);
    await agent.client.request("sim-press", { input: "porch", for_ms: 30 });
    await eventually(() => value("out-lamp/state")).toBe("false");
    await eventually(() => found()?.events).toEqual(["in-porch/event press_end"]);
    await controller.set(device, "rule-porch-lamp/enabled", "false");
    await eventually(() => value("rule-porch-lamp/enabled")).toBe("false");
    await controller.set(device, "rule-porch-lamp/enabled", "true");
    await eventually(() => value("rule-porch-lamp/enabled")).toBe("true");
    expect(controller.objections).toEqual([]);
  });

  it.skipIf(missing)("homie 7: a reload that takes an output away tells the description anew, behind init", async () => {
    controller.states.length = 0;
    rewrite(agent, (text) => text.replace("  fan: { line: 12 }\n", ""));
    expect((await agent.client.request("reload", {})).applied).toBe(true);
    await eventually(() => controller.states).toEqual(["init", "ready"]);
    await eventually(() => [value("out-fan/state"), found()?.description?.nodes?.["out-fan"]]).toEqual([undefined, undefined]);
    expect(controller.objections).toEqual([]);
  });

  // Its own broker ends with it, and nobody is left to see these.
  if (mosquitto) {
    it.skipIf(missing)("homie 3: is lost when it is killed, disconnected when it is stopped, and ready again each time", async () => {
      controller.states.length = 0;
      agent.child.kill("SIGKILL");
      // The will waits for a while, for an agent that is back soon.
      await vi.waitFor(() => expect(controller.states).toEqual(["lost"]), patience);
      agent = await killAndStartAgain(agent);
      await eventually(() => controller.states).toEqual(["lost", "init", "ready"]);
      await restart();
      await eventually(() => controller.states).toEqual(["lost", "init", "ready", "disconnected", "init", "ready"]);
      expect(controller.objections).toEqual([]);
    });

    it.skipIf(missing)("homie 2: a retained set moves nothing, and is answered", async () => {
      onTestFinished(() => controller.set(device, "out-lamp/state", "", true));
      agent.child.kill("SIGTERM");
      await agent.done;
      await controller.set(device, "out-lamp/state", "true", true);
      agent = await runIn(agent.folder);
      await eventually(() => controller.states.at(-1)).toBe("ready");
      await controller.set(device, "out-opener/state", "true");
      await eventually(() => bus.payloads(`homie/5/${device}/out-opener/state`).slice(-2)).toEqual(["true", "false"]);
      expect(value("out-lamp/state")).toBe("false");
    });
  }

  it.skipIf(missing)("homie 7: without the section everything is taken back at the next start", async () => {
    const often = { ...patience, interval: 200 };
    await vi.waitFor(async () => expect((await retained()).length).toBeGreaterThan(5), often);
    rewrite(agent, (text) => text.replace(/^homie:.*$/m, ""));
    await restart();
    await vi.waitFor(async () => expect(await retained()).toEqual([]), often);
  });

  /** What the broker keeps for this device. */
  async function retained(): Promise<string[]> {
    const late = await observe({ url }, `homie/5/${device}/#`);
    const end = `homie/5/${device}/end`;
    // Behind what is retained, mostly.
    await late.client.publishAsync(end, "", { qos: 1 });
    await eventually(() => late.payloads(end)).toEqual([""]);
    await late.stop();
    return late.seen.map(({ topic }) => topic).filter((topic) => topic !== end);
  }
});
