import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { openEvdev } from "../../gpio/evdev.ts";
import { inputDevices, stableLinks } from "../../gpio/input-devices.ts";
import { keyCode, keyName, keyNames } from "../../gpio/key-codes.ts";
import { SimBoard } from "../../gpio/sim-board.ts";
import { openSimKeys, simKeyAddress } from "../../gpio/sim-keys.ts";
import { type KeyWorld, keyCases, openKey } from "./contract/keys.ts";
import { refused, until } from "./contract/probe.ts";
import { FakeEvdev } from "./fake-evdev.ts";

const rigs: { end(): void }[] = [];
afterEach(() => {
  for (const rig of rigs.splice(0)) rig.end();
});

function fake() {
  const kernel = new FakeEvdev();
  const driver = openEvdev(() => kernel.native, kernel.places);
  rigs.push({
    end() {
      driver.close();
      kernel.remove();
    },
  });
  return { kernel, driver };
}

const keys = ["KEY_F1", "KEY_A", "SW_TABLET_MODE"];

function evdevWorld(): KeyWorld {
  const { kernel, driver } = fake();
  const link = "by-id/usb-pedal-event-kbd";
  const device = kernel.plug("event3", { keys, link });
  let event = "event3";
  return {
    driver,
    device,
    press: (key, down) => kernel.move(event, key, down ? 1 : 0),
    unplug: () => kernel.unplug(event, link),
    replug() {
      event = "event4";
      kernel.plug(event, { keys, link });
    },
  };
}

function simWorld(): KeyWorld {
  const board = new SimBoard();
  const device = "Pedal";
  return {
    driver: openSimKeys(board),
    device,
    press(key, down) {
      const { chip, offset } = simKeyAddress({ device, key });
      board.press(chip, offset, down ? "high" : "low");
    },
    unplug: () => board.removeChip(device),
    replug: () => board.returnChip(device),
  };
}

describe.each([
  ["the kernel's input devices", evdevWorld],
  ["the simulated board", simWorld],
])("the contract of keys, on %s", (_, world) => {
  test.each(keyCases)("$name", ({ run }) => run(world()));
});

describe("the keys of the kernel's input devices", () => {
  test("that nobody asked for never reach this process", async () => {
    const { kernel, driver } = fake();
    const device = kernel.plug("event0", { keys: ["KEY_F1", "KEY_A", "KEY_B", "SW_LID"] });
    const key = openKey(driver, { device });
    const other = openKey(driver, { device, key: "KEY_B" });
    other.handle.close();
    for (const name of ["KEY_A", "KEY_B", "SW_LID", "KEY_F1"]) kernel.move("event0", name, 1);
    await until(() => key.events.length === 1, "the press");
    expect(kernel.handedOut).toEqual([65_536 + 59]);
  });

  test("that repeat while they are held are one press, with the time of the press", async () => {
    const { kernel, driver } = fake();
    const key = openKey(driver, { device: kernel.plug("event0") });
    for (const [index, value] of [1, 2, 2, 2, 0].entries()) kernel.move("event0", "KEY_F1", value, 1000 + index);
    await until(() => key.events.length === 2, "the release");
    expect(key.events).toEqual([
      { edge: "rising", atNs: 1000, seqno: 1 },
      { edge: "falling", atNs: 1004, seqno: 2 },
    ]);
  });

  test.each([true, false])(
    "say that edges were lost when too many came, and then the level that the device has: pressed %s",
    async (pressed) => {
      const { kernel, driver } = fake();
      const device = kernel.plug("event0", { keys });
      const key = openKey(driver, { device });
      const neighbour = openKey(driver, { device, key: "KEY_A", edges: "rising" });
      for (let press = 0; press < 100; press++) for (const value of [1, 0]) kernel.move("event0", "KEY_F1", value);
      if (pressed) kernel.move("event0", "KEY_F1", 1);
      kernel.move("event0", "KEY_A", 1);
      await until(() => key.losses.length > 0 && neighbour.events.length === 1, "the loss, and the press of the neighbour");
      expect([key.handle.read(), key.losses, neighbour.losses]).toEqual([pressed, [1], []]);
      kernel.move("event0", "KEY_F1", pressed ? 0 : 1);
      await until(() => key.handle.read() === !pressed, "the next edge");
    },
  );

  test("are not lost when another key of their device is opened just then", async () => {
    const { kernel, driver } = fake();
    const device = kernel.plug("event0", { keys });
    const key = openKey(driver, { device });
    kernel.move("event0", "KEY_F1", 1);
    openKey(driver, { device, key: "KEY_A" });
    await until(() => key.events.length === 1, "the press");
    expect(key.handle.read()).toBe(true);
  });

  test("are grabbed for all of their device while one of them is open that wants it", () => {
    const { kernel, driver } = fake();
    const device = kernel.plug("event0", { keys });
    openKey(driver, { device });
    expect(kernel.isGrabbed("event0")).toBe(false);
    const grabbing = openKey(driver, { device, key: "KEY_A", grab: true });
    expect([kernel.isGrabbed("event0"), kernel.open]).toEqual([true, 1]);
    grabbing.handle.close();
    expect(kernel.isGrabbed("event0")).toBe(false);
  });

  test("let go of their device with the last of them", () => {
    const { kernel, driver } = fake();
    const device = kernel.plug("event0", { keys });
    const opened = keys.map((key) => openKey(driver, { device, key }));
    for (const { handle } of opened) handle.close();
    expect(kernel.open).toBe(0);
  });

  test("are found by the name of their device, among several of that name by the key", () => {
    const { kernel, driver } = fake();
    kernel.plug("event0", { name: "AB Shutter3", keys: ["KEY_POWER"] });
    kernel.plug("event1", { name: "AB Shutter3", keys: ["KEY_VOLUMEUP"] });
    kernel.plug("event2", { name: "Twin" });
    kernel.plug("event3", { name: "Twin" });
    expect(openKey(driver, { device: "AB Shutter3", key: "KEY_VOLUMEUP" }).handle.read()).toBe(false);
    expect(refused("no-chip", () => openKey(driver, { device: "Twin" })).message).toMatch(
      /several input devices are called "Twin": write the path/,
    );
    expect(refused("no-chip", () => openKey(driver, { device: "Nobody" })).message).toMatch(
      /no input device is called "Nobody"; plug it in/,
    );
  });

  test("that none of the devices of that name has are refused as that", () => {
    const { kernel, driver } = fake();
    kernel.plug("event0", { name: "Twin", keys: ["KEY_F1"] });
    kernel.plug("event1", { name: "Twin", keys: ["KEY_A", "KEY_F1"] });
    expect(refused("no-line", () => openKey(driver, { device: "Twin", key: "KEY_B" })).message).toBe(
      'none of the 2 input devices called "Twin" has KEY_B; see `pinbus keys`',
    );
  });

  test("are found by the name that is printed, whatever a device calls itself", () => {
    const { kernel, driver } = fake();
    kernel.plug("event0", { name: "Shutter\u001b[2J\u2028\u202e3" });
    const [found] = inputDevices(kernel.places.sysfs);
    expect(found?.name).toBe("Shutter?[2J??3");
    for (const device of ["Shutter?[2J??3", "Shutter?[2J?\u202e3"]) expect(openKey(driver, { device }).handle.read(), device).toBe(false);
  });

  test.each<[string, Parameters<typeof refused>[0], (kernel: FakeEvdev) => void, RegExp]>([
    ["is not there", "no-chip", (kernel) => kernel.unplug("event0"), /there is no .*event0; plug it in/],
    ["may not be opened", "permission", (kernel) => kernel.refused.add("event0"), /may not open .*event0.*`pinbus service drop-in`/],
    ["another program has grabbed", "busy", (kernel) => kernel.grab("event0"), /another program has grabbed .*event0/],
  ])("of a device that %s are refused with the way out, and nothing is held", (_, code, happens, words) => {
    const { kernel, driver } = fake();
    const device = kernel.plug("event0");
    happens(kernel);
    expect(refused(code, () => openKey(driver, { device })).message).toMatch(words);
    expect(kernel.open).toBe(0);
  });

  test("that the device does not have are refused with those that it has", () => {
    const { kernel, driver } = fake();
    const device = kernel.plug("event0", { keys });
    expect(refused("no-line", () => openKey(driver, { device, key: "KEY_B" })).message).toMatch(
      /has no KEY_B; it has KEY_A, KEY_F1, SW_TABLET_MODE$/,
    );
  });
});

test("input devices are listed by what sysfs says of them, those without a key are not", () => {
  const { kernel } = fake();
  kernel.plug("event0", { name: "Pedal", keys: ["KEY_F1", "BTN_LEFT"], link: "by-id/usb-pedal-event-kbd" });
  kernel.plug("event2", { name: "Mouse wheel", keys: [] });
  kernel.plug("event10", { name: "Lid", keys: ["SW_LID"] });
  expect(inputDevices(kernel.places.sysfs).map((device) => [device.event, device.name, device.keys()])).toEqual([
    ["event0", "Pedal", ["KEY_F1", "BTN_LEFT"]],
    ["event10", "Lid", ["SW_LID"]],
  ]);
  expect([...stableLinks(kernel.places.devices)].map(([event, path]) => [event, basename(path)])).toEqual([
    ["event0", "usb-pedal-event-kbd"],
  ]);
});

const header = "/usr/include/linux/input-event-codes.h";
test.runIf(existsSync(header))("every name of a key has the code that the kernel's header gives it", () => {
  const defined = new Map<string, number>();
  for (const [, name = "", code] of readFileSync(header, "utf8").matchAll(/^#define\s+((?:KEY|BTN|SW)_\w+)\s+(0x[\da-f]+|\d+)/gm))
    defined.set(name, Number(code));
  const names = [...keyNames()];
  expect(names.filter((name) => keyCode(name)?.code !== (defined.get(name) ?? keyCode(name)?.code))).toEqual([]);
  expect(names.map((name) => keyName(keyCode(name) ?? { type: "key", code: 0 }))).toEqual(names);
  expect(names.length).toBeGreaterThan(600);
});
