import { connectAsync } from "mqtt";
import { expect, it, onTestFinished, vi } from "vitest";
import { describeMosquitto, freePort, mosquittoUsers, startMosquitto } from "../../brokers.ts";
import { codeOf } from "../embedded/connack.ts";
import { eventually, patience } from "../shell/fixture.ts";
import { type AgentProcess, pinbus, startAgent } from "./agent-process.ts";

// The eight rules of owlcms for a built-in broker, by its own variables, against mosquitto with the same users.

const yaml = "node: platform\ngpio: { driver: sim }\n";
const password = "some_Password_you_choose";
const pair = { OWLCMS_MQTTUSERNAME: "owlcms", OWLCMS_MQTTPASSWORD: password };

async function agentWith(env: Record<string, string>): Promise<AgentProcess> {
  const agent = await startAgent(yaml, { PINBUS_MQTT_ENV: "owlcms", ...env });
  onTestFinished(() => agent.clean());
  return agent;
}

async function mosquittoWith(options: Parameters<typeof startMosquitto>[0]) {
  const broker = await startMosquitto(options);
  onTestFinished(() => broker.stop());
  return broker;
}

/** The columns of the table of owlcms' own broker. */
const guests = [
  {},
  { username: "", password: "" },
  { username: "anybody", password: "anything" },
  { username: "owlcms" },
  { username: "owlcms", password },
  { username: "owlcms", password: "wrong" },
  { clientId: "" },
];
async function codesAt({ port }: { port: number }): Promise<number[]> {
  const codes = [];
  for (const guest of guests) codes.push(await codeOf(port, guest));
  return codes;
}
const anonymousToo = (): Parameters<typeof startMosquitto>[0] => {
  const users = mosquittoUsers({ owlcms: password });
  return { ...users, config: users.config?.map((line) => line.replace("allow_anonymous false", "allow_anonymous true")) ?? [] };
};

describeMosquitto("with the variables of owlcms", () => {
  it.each([
    ["1 and 5: nothing is set, everybody may (owlcms 5, brokers 7.1)", {}, () => ({}), [0, 0, 0, 0, 0, 0, 0]],
    [
      "2: a user and a password, nobody else may (owlcms 6, brokers 7.2)",
      pair,
      () => mosquittoUsers({ owlcms: password }),
      [5, 5, 5, 5, 0, 5, 5],
    ],
    ["8: the same, and who names none (brokers 7.8)", { ...pair, PINBUS_BROKER_ANONYMOUS: "true" }, anonymousToo, [0, 0, 5, 5, 0, 5, 0]],
  ])("rule %s", async (_, env, mosquitto, expected) => {
    const agent = await agentWith({ OWLCMS_MQTTPORT: String(await freePort()), ...env });
    expect(await codesAt(agent)).toEqual(expected);
    expect(await codesAt(await mosquittoWith(mosquitto()))).toEqual(expected);
  });

  it("rules 1 and 6: the ports are on this machine only, and WebSocket is at /mqtt (brokers 7.1 and 7.6)", async () => {
    const [port, ws] = [await freePort(), await freePort()];
    const agent = await agentWith({ OWLCMS_MQTTPORT: String(port), OWLCMS_MQTTWSPORT: String(ws) });
    const { broker } = await agent.client.request("status", {});
    expect(broker?.listeners.map(({ protocol, address, port }) => `${protocol} ${address} ${port}`)).toEqual([
      `mqtt 127.0.0.1 ${port}`,
      `mqtt ::1 ${port}`,
      `ws 127.0.0.1 ${ws}`,
      `ws ::1 ${ws}`,
    ]);
    const client = await connectAsync(`ws://127.0.0.1:${ws}/mqtt`, { protocolVersion: 4, reconnectPeriod: 0 });
    await client.endAsync();
  });

  it("rule 2: a user without a password is an error of the configuration (owlcms 1.7, brokers 7.2)", async () => {
    const env = { PINBUS_MQTT_ENV: "owlcms", OWLCMS_MQTTUSERNAME: "owlcms" };
    const { code, stderr } = await pinbus(["run", "--config", "/dev/null"], { env });
    expect([code, stderr]).toEqual([78, expect.stringContaining("OWLCMS_MQTTUSERNAME: there is no OWLCMS_MQTTPASSWORD beside it")]);
  });

  it("rule 4: where a server is named the built-in broker is not started, and everybody is told by whom (brokers 7.4)", async () => {
    const broker = await mosquittoWith(mosquittoUsers({ owlcms: password }));
    const env = { OWLCMS_MQTTSERVER: "127.0.0.1", OWLCMS_MQTTPORT: String(broker.port), ...pair };
    const agent = await agentWith(env);
    await vi.waitFor(async () => expect((await agent.client.request("status", {})).link).toMatchObject({ online: true }), patience);
    expect((await agent.client.request("status", {})).broker).toBeUndefined();
    const checked = await pinbus(["check", "--config", agent.config], { env: { PINBUS_MQTT_ENV: "owlcms", ...env } });
    const texts = [agent.stderr, (await agent.ask("status")).stdout, checked.stdout];
    for (const text of texts) {
      expect(text).toContain("mqtt.server is given by OWLCMS_MQTTSERVER");
      expect(text).toContain("mqtt.password is given by OWLCMS_MQTTPASSWORD");
    }
    await eventually(() => agent.stderr).toContain(`the broker is mqtt://127.0.0.1:${broker.port}; the built-in one is not started`);
    expect([...texts, agent.stdout, checked.stderr].join()).not.toContain(password);
  });

  it("a user of the environment stays through a reload", async () => {
    const agent = await agentWith({ OWLCMS_MQTTPORT: String(await freePort()), ...pair });
    const client = await connectAsync(`mqtt://127.0.0.1:${agent.port}`, {
      protocolVersion: 4,
      reconnectPeriod: 0,
      username: "owlcms",
      password,
    });
    const closed = vi.fn();
    client.on("close", closed);
    expect(await agent.ask("reload")).toMatchObject({ code: 0 });
    await client.subscribeAsync("a");
    expect(closed).not.toHaveBeenCalled();
    await client.endAsync();
  });
});
