import { expect, it, onTestFinished } from "vitest";
import { describeMosquitto, mosquittoDenying, observe, startMosquitto } from "../../brokers.ts";
import { eventually } from "../shell/fixture.ts";
import { startAgent } from "./agent-process.ts";

describeMosquitto("an agent whose commands are not heard, on mosquitto", () => {
  it("does not say online when it is asked to tell everything again", async () => {
    const broker = await startMosquitto(mosquittoDenying([{ acltype: "subscribeLiteral", topic: "pinbus/box/out/+/set" }]));
    onTestFinished(() => broker.stop());
    const bus = await observe(broker, "pinbus/box/#");
    onTestFinished(() => bus.stop());
    const agent = await startAgent(
      `node: box\ngpio: { driver: sim, board: pi4 }\noutputs: { lamp: { line: 27 } }\nmqtt: { server: 127.0.0.1, port: ${broker.port} }\n`,
    );
    onTestFinished(() => agent.clean());
    await eventually(() => bus.payloads("pinbus/box/health").join()).toContain("commands are not heard");
    const before = bus.seen.length;
    await agent.ask("resync");
    await eventually(() => bus.seen.slice(before).map(({ topic }) => topic)).toContain("pinbus/box/health");
    expect(bus.payloads("pinbus/box/status")).not.toContain("online");
  });

  it.each([
    [
      "a cover",
      "cover/gate/set",
      `outputs: { up: { line: 5, interlock: a }, down: { line: 6, interlock: a } }
interlocks: { a: {} }
covers: { gate: { open: up, close: down } }`,
    ],
    ["a PWM", "pwm/+/set", "pwm: { fan: { kind: fan, line: 18 } }"],
    [
      "a controller",
      "controller/+/set",
      `outputs: { heater: { line: 5 } }
sensors: { tent: { driver: topic, topic: tent, unit: °C } }
controllers: { heat: { sensor: tent, output: heater, setpoint: 20, hysteresis: 2, effect: raise, on_stale: off, on_broker_lost: off } }`,
    ],
  ])("does not say online while %s would not hear its commands", async (_, topic, section) => {
    const broker = await startMosquitto(mosquittoDenying([{ acltype: "subscribeLiteral", topic: `pinbus/box/${topic}` }]));
    onTestFinished(() => broker.stop());
    const bus = await observe(broker, "pinbus/box/#");
    onTestFinished(() => bus.stop());
    const agent = await startAgent(
      `node: box\ngpio: { driver: sim, board: pi4 }\n${section}\nmqtt: { server: 127.0.0.1, port: ${broker.port} }\n`,
    );
    onTestFinished(() => agent.clean());
    await eventually(() => bus.payloads("pinbus/box/health").join()).toContain(`the subscription pinbus/box/${topic}`);
    expect(bus.payloads("pinbus/box/health").join()).toContain("commands are not heard");
    expect(bus.payloads("pinbus/box/status")).not.toContain("online");
  });
});
