import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { Mistbuddy } from "../../twin/mistbuddy.ts";
import { realTimers } from "../../twin/real-timers.ts";
import { type Air, Snifferbuddy } from "../../twin/snifferbuddy.ts";
import { printed } from "../core/sniffer.ts";
import { eventually } from "../shell/fixture.ts";
import { House } from "./house.ts";
import { describeOnBrokers, startTogether } from "./on-brokers.ts";

/** The example with a SnifferBuddy on its broker, which measures `air`. */
async function tent(example: string, topic: string, period: number) {
  const house = await House.start(example, [`cmnd/${topic}/#`]);
  const { after, stop } = realTimers();
  onTestFinished(stop);
  const air: Air = { temperature: 25, humidity: 40, light: 600 };
  const sniffer = new Snifferbuddy({
    topic,
    period,
    measure: () => air,
    say: (to, payload, retain) => house.twin.publish(to, payload, { qos: 1, retain }),
    after,
  });
  house.hear((to, payload) => sniffer.hear(to, payload));
  sniffer.start();
  return { house, sniffer, air, state: (output: string) => house.last(`out/${output}/state`) };
}

describe("the example growbuddy-mister", () => {
  it("growbuddy 4 and 7.5: mists for the seconds that it is told while there is light, says so, and stops", async () => {
    const { house, air, state } = await tent("growbuddy-mister", "snifferbuddy/tent_one/sunshine", 60_000);
    const mist = (seconds: string) => house.twin.publishAsync("cmnd/tent_one/mistbuddy_1/ONOFF", seconds, { qos: 1 });
    await eventually(() => house.last("status")).toBe("online");
    const why = "mistbuddy tent, 1 s each minute";
    await mist("1");
    await eventually(() => house.said("out/mister/state", "ON")).toBe(1);
    await eventually(() => house.seen.some(({ topic, payload }) => topic === "out/mister/attr" && payload.includes(why))).toBe(true);
    await eventually(() => [state("mister"), state("fan")]).toEqual(["OFF", "OFF"]);
    await eventually(() => house.agent.stdout + house.agent.stderr).toContain("mistbuddy tent: fan 1 s, mister 1 s, each minute");
    await mist("30");
    await eventually(() => [state("mister"), state("fan")]).toEqual(["ON", "ON"]);
    await mist("0");
    await eventually(() => [state("mister"), state("fan")]).toEqual(["OFF", "OFF"]);
    air.light = 20;
    await mist("30");
    await eventually(() => house.agent.stdout + house.agent.stderr).toContain("mistbuddy tent: the light is off: no mist");
    expect(house.said("out/mister/state", "ON")).toBe(2);
    await house.press("button");
    await eventually(() => state("mister")).toBe("ON");
  });
});

describe("the example growbuddy-vpd", () => {
  it("growbuddy 6c and 6e and 6f: mists while the air is too dry and there is light, and stops when the SnifferBuddy is gone", async () => {
    const { house, air, sniffer, state } = await tent("growbuddy-vpd", "snifferbuddy", 200);
    await eventually(() => house.last("sensor/tent-vpd/state")).toContain('"vpd":1.7184');
    await eventually(() => [state("mister"), state("fan")]).toEqual(["ON", "ON"]);
    air.light = 400;
    await eventually(() => state("mister")).toBe("OFF");
    await eventually(() => house.last("controller/vpd/state")).toContain('"held":"its conditions are not met"');
    air.light = 600;
    await eventually(() => state("mister")).toBe("ON");
    sniffer.die();
    await eventually(() => state("mister")).toBe("OFF");
    expect((await house.agent.ask("why", "mister")).stdout).toContain("controller vpd");
  });
});

const plugs = ["tent_one/mistbuddy_1/fan", "tent_one/mistbuddy_1/mister"];
const light = "snifferbuddy/tent_one/sunshine";
/** The plugs of a tent, and the device that says whether there is light, all at this machine. */
const yaml = `
inputs: { daylight: { line: 17, kind: switch, debounce: 0ms } }
outputs: { fan: { line: 5 }, mister: { line: 6 } }
tasmota:
  fan: { topic: ${plugs[0]}, relays: [fan] }
  mister: { topic: ${plugs[1]}, relays: [mister] }
  sunshine: { topic: ${light}, mem: [{ input: daylight }] }
`;

describeOnBrokers("mistbuddy-simple of 2025 with the plugs of this machine", (on) => {
  it("growbuddy 4.3 and 4.4 and 4.5: the light answers before anything else is said, and all of it goes as it was recorded", async () => {
    const all = await startTogether(on, yaml);
    onTestFinished(() => all.stop());
    const { bus } = all;
    for (const topic of [...plugs, light]) await eventually(() => bus.newest(`tele/${topic}/LWT`)).toBe("Online");
    all.agent.client.request("sim-press", { input: "daylight", for_ms: 60_000 }).catch(() => undefined);
    await eventually(() => bus.newest("pinbus/garage/in/daylight/state")).toBe("ON");

    const { after, stop } = realTimers();
    onTestFinished(stop);
    const say = (topic: string, payload: string) => bus.client.publish(topic, payload, { qos: 1 });
    const controller = new Mistbuddy({ topic: "tent_one/mistbuddy_1", light, plugs, say, after });
    bus.client.on("message", (topic, payload) => controller.hear(topic, payload.toString()));
    const from = bus.seen.length;
    // The answers of plugs are not in the recording: its observer heard the commands and the light.
    const isRecorded = (topic: string) => topic.startsWith("cmnd/") || topic === `stat/${light}/RESULT`;
    const said = () => bus.seen.slice(from).flatMap(({ topic, payload }) => (isRecorded(topic) ? [`${topic}=[${payload}]`] : []));
    const recorded = readFileSync(new URL("../../twin/recordings/mistbuddy-wire.txt", import.meta.url), "utf8")
      .split("\n")
      .flatMap((line) => /^\d\S+ r0 q0 (.*)$/.exec(line)?.[1] ?? []);
    const power = (plug: string) => bus.newest(`stat/${plug}/POWER`);
    const onoff = (seconds: string) => bus.client.publishAsync("cmnd/tent_one/mistbuddy_1/ONOFF", seconds, { qos: 1 });

    for (const [seconds, word] of [
      ["5", "ON"],
      ["0", "OFF"],
      ["20", "ON"],
    ] as const) {
      await onoff(seconds);
      for (const plug of plugs) await eventually(() => power(plug)).toBe(word);
    }
    await eventually(said).toHaveLength(recorded.length);
    expect(said()).toEqual(recorded);
    // What ends it is the time of the plug, which was set before.
    say(`cmnd/${plugs[1]}/PulseTime`, "");
    await eventually(() => bus.newest(`stat/${plugs[1]}/RESULT`)).toMatch(/"PulseTime1":\{"Set":120,"Remaining":1(1[5-9]|20)\}/);
  });

  it("growbuddy 2.1 and 6b: a SnifferBuddy that is this machine is read as one, and one that talks nonsense keeps its last value", async () => {
    const own = `
sensors:
  chip: { driver: thermal, zone: cpu-thermal, every: 1s }
  back: { driver: topic, topic: tele/snifferbuddy/SENSOR, values: { temperature: { value: SCD30.Temperature, unit: °C, unit_from: TempUnit } } }
tasmota:
  snifferbuddy: { topic: snifferbuddy, temp_unit: F, sensors: [{ path: SCD30.Temperature, sensor: chip }], discovery: off }
`;
    const all = await startTogether(on, own);
    onTestFinished(() => all.stop());
    const { bus } = all;
    await all.agent.client.request("sim-sensor", { sensor: "chip", to: 20 });
    await eventually(() => bus.newest("tele/snifferbuddy/LWT")).toBe("Online");
    await eventually(() => bus.newest("pinbus/garage/sensor/chip/state")).toContain("20");
    await bus.client.publishAsync("cmnd/snifferbuddy/TelePeriod", "", { qos: 1 });
    await eventually(() => JSON.parse(bus.newest("tele/snifferbuddy/SENSOR") ?? "{}")).toMatchObject({
      Time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
      SCD30: { Temperature: 68 },
      TempUnit: "F",
    });
    await eventually(() => bus.newest("pinbus/garage/sensor/back/state")).toContain('"temperature":20');
    await bus.client.publishAsync("tele/snifferbuddy/SENSOR", printed, { qos: 1 });
    await eventually(() => all.agent.stdout + all.agent.stderr).toContain("was not taken: it is not JSON");
    // How often the same is said depends on how long a start takes.
    const states = bus.payloads("pinbus/garage/sensor/back/state");
    const first = states.findIndex((state) => state.includes('"temperature":20'));
    for (const state of states.slice(first)) expect(state).toContain('"temperature":20');
  });
});
