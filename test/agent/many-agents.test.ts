import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { type Agent, startAgent } from "../../agent/agent.ts";
import { createLog } from "../../agent/shell/log.ts";
import { describeMosquitto, observe, startMosquitto } from "../brokers.ts";
import { load } from "../config/loading.ts";
import { factoryMachines } from "./machines.ts";
import { patience, tempFolder } from "./shell/fixture.ts";

/** Fewer than 200, for a machine that has other tests to run; `PINBUS_AGENTS=200` starts all of them. */
const count = Number(process.env.PINBUS_AGENTS ?? 24);

describeMosquitto("many agents on one broker, on machines as they come from the factory", () => {
  it("each has a client id, topics and devices of its own: nobody is thrown off, and nobody says what another one says", async () => {
    // First: it is removed last.
    const root = tempFolder();
    const broker = await startMosquitto({
      config: ["allow_anonymous true", "max_connections -1", "sys_interval 1", "log_dest stderr", "log_dest topic"],
    });
    onTestFinished(() => broker.stop());
    const bus = await observe(broker, "pinbus/+/status");
    onTestFinished(() => bus.stop());
    await bus.client.subscribeAsync(["homeassistant/device/+/config", "homie/5/+/$state", "$SYS/broker/log/E"], { qos: 1 });
    const agents: Agent[] = [];
    onTestFinished(async () => void (await Promise.all(agents.map((agent) => agent.stop()))));
    for (const host of factoryMachines(count)) {
      const folder = join(root, host.machineId);
      const read = () =>
        load(
          `state_dir: ${folder}\ncontrol: { socket: ${folder}/c.sock }\ngpio: { driver: sim }\nmqtt: { server: 127.0.0.1, port: ${broker.port} }\n` +
            "outputs: { lamp: { line: 27 } }\nsys_interval: 1h\nhomeassistant:\nhomie:\n",
          { host },
        );
      const loaded = read();
      if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
      const log = createLog({ level: "error", secrets: [] });
      const reloading = { began() {}, ended() {} };
      const { config, given } = loaded;
      agents.push(await startAgent({ config, given, host, version: "0.0.0", log, load: read, ownFiles: () => [], reloading }));
    }
    const topics = (pattern: RegExp, payload: string) =>
      new Set(bus.seen.flatMap(({ topic, payload: said }) => (pattern.test(topic) && said.startsWith(payload) ? [topic] : []))).size;
    await vi.waitFor(
      () =>
        expect([
          topics(/^pinbus\/raspberrypi-[0-9a-f]{8}\/status$/, "online"),
          topics(/^homeassistant\/device\/pinbus-[0-9a-f]{12}\/config$/, "{"),
          topics(/^homie\/5\/pinbus-[0-9a-f]{12}\/\$state$/, "ready"),
        ]).toEqual([count, count, count]),
      { ...patience, interval: 200 },
    );
    // A second client with the same id would throw the first one off, and that one would come again: the broker says so each time. Who is lost
    // for another reason, on a machine that has no time for it, comes back and disturbs nobody.
    expect(bus.seen.filter(({ payload }) => payload.includes("already connected"))).toEqual([]);
    // Each with its link and its device of Homie, and the observer.
    const connected = await observe(broker, "$SYS/broker/clients/connected");
    onTestFinished(() => connected.stop());
    await vi.waitFor(() => expect(Number(connected.seen.at(-1)?.payload)).toBe(2 * count + 2), patience);
  });
});
