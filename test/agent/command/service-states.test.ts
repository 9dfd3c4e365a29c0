import { renameSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeMosquitto, observe, startMosquitto } from "../../brokers.ts";
import { script } from "../../systemd/scripts.ts";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { startAgent } from "./agent-process.ts";

const topic = "pinbus/box/service/cups.service/state";

describeMosquitto("the services of an agent, on the bus", () => {
  it("are told when they change, and no longer known when the configuration does not name them", async () => {
    const folder = tempFolder();
    const is = (state: string) => {
      writeFileSync(join(folder, "new"), `LoadState=loaded\nActiveState=${state}\nSubState=dead\n`);
      renameSync(join(folder, "new"), join(folder, "state"));
    };
    is("active");
    script(folder, "systemctl", `cat ${join(folder, "state")}`);
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const bus = await observe(broker, "pinbus/box/#");
    onTestFinished(() => bus.stop());
    const yaml = (services: string) =>
      `node: box\ngpio: { driver: sim }\nsys_interval: 1s\nservices: [${services}]\nmqtt: { server: 127.0.0.1, port: ${broker.port} }\n`;
    const agent = await startAgent(yaml("cups.service"), { PATH: `${folder}${delimiter}${process.env.PATH}` });
    onTestFinished(() => agent.clean());
    await eventually(() => bus.payloads(topic)).toEqual(["active"]);
    const uptimes = () => bus.payloads("pinbus/box/$SYS/uptime").length;
    const before = uptimes();
    await eventually(uptimes).toBeGreaterThan(before + 2);
    expect(bus.payloads(topic)).toEqual(["active"]);
    is("failed");
    await eventually(() => bus.payloads(topic)).toEqual(["active", "failed"]);
    writeFileSync(agent.config, `state_dir: state\ncontrol: { socket: control.sock }\n${yaml("")}`);
    expect((await agent.ask("reload")).code).toBe(0);
    await eventually(() => bus.payloads(topic)).toEqual(["active", "failed", ""]);
  });
});
