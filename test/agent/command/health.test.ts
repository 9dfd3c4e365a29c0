import { expect, it, onTestFinished } from "vitest";
import { describeMosquitto, observe, startMosquitto } from "../../brokers.ts";
import { eventually } from "../shell/fixture.ts";
import { startAgent } from "./agent-process.ts";

describeMosquitto("the health of an agent", () => {
  it("is told once a second at most while a peer comes and goes all the time, and is right in the end", async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const bus = await observe(broker, "pinbus/box/#");
    onTestFinished(() => bus.stop());
    const agent = await startAgent(
      `node: box\ngpio: { driver: sim }\npeers: { stove: { topic: stove } }\nmqtt: { server: 127.0.0.1, port: ${broker.port} }\n`,
    );
    onTestFinished(() => agent.clean());
    const told = () => bus.payloads("pinbus/box/health");
    await eventually(() => bus.payloads("pinbus/box/status")).toEqual(["online"]);
    const [from, before] = [performance.now(), told().length];
    for (let n = 0; n < 500; n++) await bus.client.publishAsync("stove", n % 2 === 0 ? "Offline" : "Online", { qos: 1 });
    await bus.client.publishAsync("stove", "Offline", { qos: 1 });
    await eventually(() => told().at(-1)).toContain("stove");
    const seconds = (performance.now() - from) / 1000;
    // And one for what was still to be told of the start.
    expect(told().length - before).toBeLessThanOrEqual(Math.ceil(seconds) + 2);
  });
});
