import { describe, expect, it, onTestFinished } from "vitest";
import { toldOf } from "../../../agent/command/controllers.ts";
import type { ControllerStatus } from "../../../agent/protocol.ts";
import { eventually } from "../shell/fixture.ts";
import { startAgent } from "./agent-process.ts";

const tent = `
node: tent
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
sensors: { tent: { driver: file, path: /tmp/humidity, name: humidity, unit: "%", every: 1s, stale_after: 5m } }
outputs: { mister: { line: 22 }, fan: { line: 23 } }
rules:
  vent:
    when: { sensor: tent.humidity, above: 70, hysteresis: 5 }
    do: [{ output: fan, set: on }]
    else: [{ output: fan, set: off }]
    on_stale: else
controllers:
  dry: { sensor: tent.humidity, setpoint: 58, hysteresis: 2, effect: raise, output: mister, on_stale: off }
`;

describe("pinbus controllers", () => {
  it("tells of a running agent what each holds, and `why` with which value it switched", async () => {
    const agent = await startAgent(tent);
    onTestFinished(() => agent.clean());
    await agent.ask("sim", "sensor", "tent", "52");
    const listed = async (): Promise<ControllerStatus[]> => JSON.parse((await agent.ask("controllers", "--json")).stdout);
    await eventually(async () => (await listed())[0]?.on).toBe(true);
    expect((await listed())[0]).toMatchObject({ id: "dry", enabled: true, value: 52, setpoint: 58, output: 100, held: null });
    await agent.ask("sim", "sensor", "tent", "75");
    await eventually(async () => (await agent.ask("get", "fan")).stdout.trim()).toBe("ON");
    expect((await agent.ask("why", "fan")).stdout).toContain("because tent.humidity was 75 %, above 70, and rule vent says on");
    expect((await agent.ask("why", "mister")).stdout).toContain("because tent.humidity 75 % above 58 % and controller dry says off");
  });

  it("says in a line what a controller does, and why it does not", () => {
    const dry: ControllerStatus = {
      ...{
        id: "dry",
        enabled: true,
        sensor: "tent.humidity",
        value: 52.1,
        unit: "%",
        setpoint: 58,
        output: 37.5,
        output_unit: "%",
        on: true,
      },
      ...{ since: null, held: null, why: "tent.humidity 52.1 % below 58 %, output 37.5 %" },
    };
    const held: ControllerStatus = { ...dry, id: "wet", value: null, unit: null, output: 0, on: false, held: "tent.humidity is stale" };
    expect(toldOf([dry, held], new Date())).toEqual([
      "dry  tent.humidity 52.1 %, wanted 58 %  on   output 37.5 %                 tent.humidity 52.1 % below 58 %, output 37.5 %",
      "wet  tent.humidity ?, wanted 58         off  held: tent.humidity is stale",
    ]);
    expect(toldOf([], new Date())).toEqual(["no controller is configured"]);
  });
});
