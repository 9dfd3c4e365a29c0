import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { leftOut, mosquittoDenying, observe, startMosquitto } from "../../brokers.ts";
import { plugIn } from "../../twin/tasmota-plug.ts";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { startAgent } from "./agent-process.ts";

const topic = "cmnd/mister_plug/PulseTime";
const unconfirmed = `the plug did not confirm its PulseTime within 5 s; see whether the broker lets ${topic} and stat/mister_plug/RESULT through`;
const refused = (code: string) => `the broker refuses ${topic} (${code}); allow the agent to publish there`;

const ownBroker = async () => {
  const acl = join(tempFolder(), "acl");
  writeFileSync(acl, `topic readwrite #\nuser pinbus-agent\ntopic readwrite #\ntopic deny ${topic}\n`);
  return { section: `broker: { listeners: [{ protocol: mqtt, port: 0 }], acl_file: ${acl} }`, port: undefined };
};
const mosquitto = (protocol: string) => async () => {
  const broker = await startMosquitto(mosquittoDenying([{ acltype: "publishClientSend", topic }]));
  onTestFinished(() => broker.stop());
  return { section: `mqtt: { server: 127.0.0.1, port: ${broker.port}, protocol: ${protocol} }`, port: broker.port };
};
const isMissing = leftOut("rules of mosquitto for plugs", "mosquitto", "mosquitto mosquitto-clients");

describe.each([
  { name: "its own broker", begin: ownBroker, why: refused("code 0x87"), missing: false },
  { name: "mosquitto with MQTT 5", begin: mosquitto("5"), why: refused("code 0x87"), missing: isMissing },
  // Which says nothing of what it drops.
  { name: "mosquitto with MQTT 3.1.1", begin: mosquitto("3.1.1"), why: unconfirmed, missing: isMissing },
])("a plug whose PulseTime the rules of the broker forbid, on $name", ({ begin, why, missing }) => {
  it.skipIf(missing)("is not switched on, which is told by name, and is switched off", async () => {
    const { section, port } = await begin();
    const agent = await startAgent(
      `node: garage\ngpio: { driver: sim }\n${section}\noutputs: { mister: { plug: mister_plug, max_on: 2m } }\n`,
    );
    onTestFinished(() => agent.clean());
    const url = `mqtt://127.0.0.1:${port ?? agent.port}`;
    const plug = await plugIn({ url, topic: "mister_plug" });
    onTestFinished(() => plug.stop());
    const attr = "pinbus/garage/out/mister/attr";
    const bus = await observe({ url }, attr);
    onTestFinished(() => bus.stop());
    const state = () => agent.client.request("get", { id: "mister" }).then(({ state }) => state);
    const problems = async () => (await agent.client.request("status", {})).problems;
    await eventually(state).toBe("OFF");
    const problem = `its failsafe is not armed: ${why}`;
    await expect(agent.client.request("set", { output: "mister", state: "ON" })).rejects.toThrow(problem);
    expect(await problems()).toContain(`output mister: ${problem}`);
    await eventually(() => JSON.parse(bus.payloads(attr).at(-1) ?? "{}").problem).toBe(problem);

    plug.press();
    await eventually(state).toBe("ON");
    await agent.client.request("set", { output: "mister", state: "OFF" });
    expect(plug.on).toEqual([false]);
    expect(plug.moves).toMatchObject([
      { on: true, by: "button" },
      { on: false, by: "command" },
    ]);
    expect(await problems()).toContain(`output mister: ${problem}`);
  });
});
