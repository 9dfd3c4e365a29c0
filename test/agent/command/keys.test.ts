import { describe, expect, it, onTestFinished } from "vitest";
import { foundKeys, linesOf } from "../../../agent/command/keys.ts";
import { loadConfig } from "../../../config/load.ts";
import { inputDevices, stableLinks } from "../../../gpio/input-devices.ts";
import { FakeEvdev } from "../../gpio/fake-evdev.ts";
import { eventually } from "../shell/fixture.ts";
import { pinbus, startAgent } from "./agent-process.ts";

function plugged(devices: Readonly<Record<string, Parameters<FakeEvdev["plug"]>[1]>>) {
  const kernel = new FakeEvdev();
  onTestFinished(() => kernel.remove());
  for (const [event, device] of Object.entries(devices)) kernel.plug(event, device);
  const { sysfs, devices: folder } = kernel.places;
  return foundKeys(inputDevices(sysfs), stableLinks(folder)).map((found) => ({
    ...found,
    evdev: found.evdev.replace(folder, "/dev/input"),
  }));
}

describe("the keys of input devices", () => {
  it("are printed as a configuration that works: by what stays the same, and a keyboard by one of its keys", () => {
    const keyboard = Array.from({ length: 12 }, (_, index) => `KEY_F${index + 1}`);
    const found = plugged({
      event0: { name: "FootSwitch", keys: ["KEY_F1", "KEY_F2"], link: "by-id/usb-FootSwitch-event-kbd" },
      event1: { name: 'Shutter "3"\u001b[2J' },
      event2: { name: "Keyboard", keys: keyboard },
      event3: { name: "Twin", keys: ["SW_LID"] },
      event4: { name: "Twin" },
      event5: { name: "N".repeat(144) },
    });
    const lines = linesOf(found);
    expect(lines.map((line) => line.replaceAll(/ {2,}#/g, "  #"))).toEqual([
      "inputs:",
      '  key-1: { evdev: "/dev/input/by-id/usb-FootSwitch-event-kbd", key: KEY_F1 }  # FootSwitch',
      '  key-2: { evdev: "/dev/input/by-id/usb-FootSwitch-event-kbd", key: KEY_F2 }  # FootSwitch',
      '  key-3: { evdev: "Shutter \\"3\\"?[2J", key: KEY_F1 }  # Shutter "3"?[2J',
      '  key-4: { evdev: "Keyboard", key: KEY_F1 }  # Keyboard: one of 12 keys, `pinbus keys --json` names them',
      '  key-5: { evdev: "/dev/input/event3", key: SW_LID, kind: switch }  # Twin',
      '  key-6: { evdev: "/dev/input/event4", key: KEY_F1 }  # Twin',
      `  key-7: { evdev: "/dev/input/event5", key: KEY_F1 }  # ${"N".repeat(144)}`,
    ]);
    const result = loadConfig({ text: lines.join("\n"), env: {}, args: {}, host: { hostname: "garage", machineId: "1" } });
    expect(result.ok && Object.keys(result.config.inputs)).toHaveLength(7);
  });

  it("are listed by the command, with an agent or without", async () => {
    const { code, stdout } = await pinbus(["keys", "--json"]);
    expect([code, Array.isArray(JSON.parse(stdout))]).toEqual([0, true]);
  });

  it("are pressed on the simulated board, and shown by their names", async () => {
    const agent = await startAgent(`
gpio: { driver: sim }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
inputs: { pedal: { evdev: Pedal, key: KEY_F1 }, lid: { evdev: Pedal, key: SW_LID, kind: switch, active: low } }
outputs: { lamp: { line: 27 } }
rules: { pedal-lamp: { when: { input: pedal, gesture: click }, do: [{ output: lamp, set: toggle }] } }
`);
    onTestFinished(() => agent.clean());
    await agent.client.request("sim-press", { input: "pedal", for_ms: 50 });
    const pins = async () => (await agent.client.request("pins", {})).pins;
    await eventually(async () => (await pins()).find(({ id }) => id === "lamp")?.state).toBe("ON");
    expect(await pins()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: "pedal", line: "KEY_F1", chip: "Pedal", header: null, state: "OFF" }),
        expect.objectContaining({ id: "lid", line: "SW_LID", chip: "Pedal", state: "ON" }),
      ]),
    );
  });
});
