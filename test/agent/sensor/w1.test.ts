import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openW1 } from "../../../agent/sensor/w1.ts";
import { forever, sysfs, worldOf } from "./sysfs.ts";

// What w1_therm of Linux writes, byte for byte.
const id = "28-0316a2795bff";
const slave = `bus/w1/devices/${id}/w1_slave`;
const good = "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n";
const cold = "5e ff 4b 46 7f ff 02 10 b8 : crc=b8 YES\n5e ff 4b 46 7f ff 02 10 b8 t=-10125\n";
const damaged = "72 01 4b 46 7f ff 0e 10 f7 : crc=57 NO\n72 01 4b 46 7f ff 0e 10 57 t=23125\n";
const powerOn = "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=85000\n";
const zeros = "00 00 00 00 00 00 00 00 00 : crc=00 YES\n00 00 00 00 00 00 00 00 00 t=0\n";

const readIn = async (tree: Record<string, string>) => {
  const { folder } = sysfs(tree);
  return openW1(worldOf(folder), id).read(forever);
};
const value = (celsius: number) => ({ ok: true, values: [{ name: "temperature", unit: "°C", value: celsius }] });
const problem = (text: string) => ({ ok: false, problem: text });

describe("a 1-wire thermometer", () => {
  it.each([
    ["above zero", good, 23.125],
    ["below zero", cold, -10.125],
  ])("is read: %s", async (_, text, celsius) => {
    expect(await readIn({ [slave]: text })).toEqual(value(celsius));
  });

  it.each([
    ["an answer that was damaged", damaged, "CRC error: its answer was damaged on the wire"],
    ["85 °C, which it says before it has measured", powerOn, "it says 85 °C, its value before it has measured: look at its power"],
    ["nine zeros, whose CRC is right", zeros, "it sends zeros only: look at the data line and its pull-up"],
    ["nothing", "", "it did not answer"],
    ["a part of an answer", good.slice(0, 50), `the kernel says ${JSON.stringify(good.slice(0, 40))} instead of a temperature`],
  ])("gives no value for %s", async (_, text, why) => {
    expect(await readIn({ [slave]: text })).toEqual(problem(why));
  });

  it("is read from `temperature` where that is all there is", async () => {
    const plain = `bus/w1/devices/${id}/temperature`;
    expect(await readIn({ [plain]: "21437\n" })).toEqual(value(21.437));
    expect(await readIn({ [plain]: "85000\n" })).toEqual(problem("it says 85 °C, its value before it has measured: look at its power"));
    expect(await readIn({ [plain]: "" })).toEqual(problem("it did not answer"));
  });

  it("that is not there is named beside those that are, and a machine without a bus says what makes one", async () => {
    const other = "bus/w1/devices/28-aaaaaaaaaaaa/w1_slave";
    expect(await readIn({ [other]: good })).toEqual(problem("it is not on the 1-wire bus; 28-aaaaaaaaaaaa is"));
    expect(await readIn({ "bus/w1/devices/w1_bus_master1/uevent": "" })).toEqual(problem("it is not on the 1-wire bus; nothing is"));
    expect(await readIn({})).toEqual(
      problem("this machine has no 1-wire bus; on a Pi, dtoverlay=w1-gpio in /boot/firmware/config.txt makes one"),
    );
  });

  it("that comes back is read again, and one that vanishes is missing", async () => {
    const tree = sysfs({ [slave]: good });
    const driver = openW1(worldOf(tree.folder), id);
    expect(await driver.read(forever)).toEqual(value(23.125));
    rmSync(tree.path(`bus/w1/devices/${id}`), { recursive: true });
    expect(await driver.read(forever)).toMatchObject({ ok: false });
    tree.write(slave, cold);
    expect(await driver.read(forever)).toEqual(value(-10.125));
  });
});
