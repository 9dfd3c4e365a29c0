import { expect, it, onTestFinished } from "vitest";
import { observe } from "../../brokers.ts";
import { plugIn } from "../../twin/tasmota-plug.ts";
import { eventually } from "../shell/fixture.ts";
import { runIn } from "./agent-process.ts";
import { describeOnBrokers, describeOnOtherBrokers, startTogether, watchAgent } from "./on-brokers.ts";

const yaml = `
inputs: { door: { line: 17, kind: switch, debounce: 0ms } }
outputs: { pump: { line: 27 }, lamp: { line: 22 } }
mqttio:
  prefix: home/garage
  inputs: [{ name: door, input: door, on: open, off: closed, retain: true }]
  outputs: [{ name: pump, output: pump, timed_set: 300ms }, { name: lamp, output: lamp, retained: accept }]
`;
const status = "home/garage/status";

describeOnBrokers("the topics of mqtt-io", (on) => {
  it("tells states and its status, is commanded, and says that it stops", async () => {
    const all = await startTogether(on, yaml);
    onTestFinished(() => all.stop());
    const { bus, agent } = all;
    const { moves, close } = await watchAgent(agent);
    onTestFinished(close);
    await eventually(() => bus.newest(status)).toBe("running");
    await eventually(() => bus.newest("home/garage/input/door")).toBe("closed");
    /** Whoever comes with the built-in broker may have missed what was told at the start. */
    const last = (topic: string) => bus.payloads(`home/garage/output/${topic}`).slice(-2);
    const send = (topic: string, payload: string) => bus.client.publishAsync(`home/garage/output/${topic}`, payload, { qos: 1 });
    await send("pump/set", "ON");
    await eventually(() => last("pump")).toEqual(["ON", "OFF"]);
    await send("lamp/set_off_ms", "100");
    await eventually(() => last("lamp")).toEqual(["OFF", "ON"]);
    agent.client.request("sim-press", { input: "door", for_ms: 60_000 }).catch(() => undefined);
    await eventually(() => bus.newest("home/garage/input/door")).toBe("open");
    await eventually(() => moves()).toEqual(["pump on", "pump off", "lamp off", "lamp on"]);
    agent.child.kill("SIGTERM");
    await eventually(() => bus.newest(status)).toBe("stopped");
  });
});

describeOnOtherBrokers("the topics of mqtt-io, where the broker was there before", (on) => {
  it("tells that a plug went off at the stop before it says that it stopped", async () => {
    const all = await startTogether(
      on,
      "outputs: { fan: { plug: fan_plug, max_on: 2m } }\nmqttio: { prefix: home/garage, outputs: [{ name: fan, output: fan }] }",
    );
    onTestFinished(() => all.stop());
    const { bus, agent } = all;
    const plug = await plugIn({ url: all.url, topic: "fan_plug" });
    onTestFinished(() => plug.stop());
    await eventually(() => bus.newest("pinbus/garage/out/fan/state")).toBe("OFF");
    await eventually(() => bus.newest(status)).toBe("running");
    await bus.client.publishAsync("home/garage/output/fan/set", "ON", { qos: 1 });
    await eventually(() => bus.newest("home/garage/output/fan")).toBe("ON");
    agent.child.kill("SIGTERM");
    await agent.done;
    await eventually(() => bus.newest(status)).toBe("stopped");
    expect([plug.on, bus.newest("home/garage/output/fan")]).toEqual([[false], "OFF"]);
  });

  it("serves a retained command only where that is accepted; the will tells of a kill, and the next start of the end of it", async () => {
    const all = await startTogether(on, yaml, (bus) =>
      Promise.all(
        ["pump", "lamp"].map((name) => bus.client.publishAsync(`home/garage/output/${name}/set`, "ON", { qos: 1, retain: true })),
      ),
    );
    onTestFinished(() => all.stop());
    await eventually(() => all.bus.newest("home/garage/output/lamp")).toBe("ON");
    await eventually(() => all.bus.newest(status)).toBe("running");
    await eventually(() => all.bus.payloads("home/garage/output/pump")).toEqual(["OFF"]);
    all.agent.child.kill("SIGKILL");
    await eventually(() => all.bus.newest(status)).toBe("dead");
    const late = await observe(all, status);
    onTestFinished(() => late.stop());
    await eventually(() => late.seen.map(({ payload, retain }) => [payload, retain])).toEqual([["dead", true]]);
    await all.agent.done;
    const again = await runIn(all.agent.folder);
    onTestFinished(() => again.clean());
    await eventually(() => all.bus.newest(status)).toBe("running");
  });
});
