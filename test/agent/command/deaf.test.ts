import { expect, it, onTestFinished, vi } from "vitest";
import { describeMosquitto, mosquittoDenying, observe, startMosquitto } from "../../brokers.ts";
import { eventually } from "../shell/fixture.ts";
import { startAgent } from "./agent-process.ts";

vi.setConfig({ testTimeout: 60_000 });

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

  it("does not say online while a cover would not hear its commands", async () => {
    const broker = await startMosquitto(mosquittoDenying([{ acltype: "subscribeLiteral", topic: "pinbus/box/cover/gate/set" }]));
    onTestFinished(() => broker.stop());
    const bus = await observe(broker, "pinbus/box/#");
    onTestFinished(() => bus.stop());
    const agent = await startAgent(`node: box
gpio: { driver: sim, board: pi4 }
outputs: { up: { line: 5, interlock: a }, down: { line: 6, interlock: a } }
interlocks: { a: {} }
covers: { gate: { open: up, close: down } }
mqtt: { server: 127.0.0.1, port: ${broker.port} }
`);
    onTestFinished(() => agent.clean());
    await eventually(() => bus.payloads("pinbus/box/health").join()).toMatch(
      /subscription pinbus.box.cover.gate.set .* commands are not heard/,
    );
    expect(bus.payloads("pinbus/box/status")).not.toContain("online");
  });
});
