import { expect, it, onTestFinished, vi } from "vitest";
import { describeMosquitto, freePort, startMosquitto } from "../../brokers.ts";
import { patience } from "../shell/fixture.ts";
import { killAndStartAgain, startAgent } from "./agent-process.ts";
import { bridgeYaml, client, numbers, publishAll, watch } from "./bridge-world.ts";

const count = 200;

/** A bridge as it is when nothing but what must be is configured, `persistence true` as in Debian's mosquitto.conf. */
const bridges: Readonly<Record<string, (central: number) => Promise<{ url: string; crash(): Promise<void> }>>> = {
  mosquitto: async (central) => {
    const broker = await startMosquitto({
      config: [
        "allow_anonymous true",
        "persistence true",
        "persistence_location {dir}/",
        "connection site1",
        `address 127.0.0.1:${central}`,
        "topic # out 1",
        "restart_timeout 1",
      ],
    });
    onTestFinished(() => broker.stop());
    return broker;
  },
  pinbus: async (central) => {
    const port = await freePort();
    let agent = await startAgent(`gpio: { driver: sim }\n${bridgeYaml(port, central, '{ filter: "#", direction: out }')}\n`);
    onTestFinished(() => agent.clean());
    return {
      url: `mqtt://127.0.0.1:${port}`,
      crash: async () => {
        agent = await killAndStartAgain(agent);
      },
    };
  },
};

describeMosquitto(`${count} acknowledged messages and a SIGKILL while the uplink is away`, () => {
  for (const [name, lost] of [
    ["mosquitto", count],
    ["pinbus", 0],
  ] as const) {
    it(`the bridge of ${name} loses ${lost}`, async () => {
      const port = await freePort();
      const bridge = await bridges[name]?.(port);
      if (!bridge) throw new Error("no such bridge");
      await publishAll(await client(bridge), "a", 0, count);
      await bridge.crash();
      const central = await startMosquitto({ port });
      onTestFinished(() => central.stop());
      const seen = await watch(central, "a");
      const publisher = await client(bridge);
      // What comes behind them shows that they would have come.
      await publishAll(publisher, "a", count, 1);
      await vi.waitFor(() => expect(seen.payloads("a")).toContain(String(count)), patience);
      const missing = numbers(0, count).filter((number) => !seen.payloads("a").includes(number));
      console.log(`# the bridge of ${name}: ${missing.length} of ${count} acknowledged messages lost`);
      expect(missing).toHaveLength(lost);
    });
  }
});
