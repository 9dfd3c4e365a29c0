import { describe, expect, it } from "vitest";
import { openThermal } from "../../../agent/sensor/thermal.ts";
import { forever, sysfs, worldOf } from "./sysfs.ts";

const readIn = async (tree: Record<string, string>, zone = "cpu-thermal") => {
  const { folder } = sysfs(tree);
  return openThermal(worldOf(folder), zone).read(forever);
};
const zone = (number: number, type: string, temp: string) => ({
  [`class/thermal/thermal_zone${number}/type`]: `${type}\n`,
  [`class/thermal/thermal_zone${number}/temp`]: temp,
});

describe("a thermal zone", () => {
  it("is found by its type, whatever its number is", async () => {
    const tree = { ...zone(0, "rp1_adc", "41000\n"), ...zone(12, "cpu-thermal", "48850\n"), "class/thermal/cooling_device0/type": "fan\n" };
    expect(await readIn(tree)).toEqual({ ok: true, values: [{ name: "temperature", unit: "°C", value: 48.85 }] });
  });

  it.each([
    ["a type that is not there", zone(0, "acpitz", "1\n"), "there is no thermal zone cpu-thermal; there are acpitz"],
    ["no zone at all", {}, "there is no thermal zone cpu-thermal; this machine has none"],
    [
      "two of one type",
      { ...zone(0, "cpu-thermal", "1\n"), ...zone(1, "cpu-thermal", "2\n") },
      /^thermal_zone\d and thermal_zone\d are both called/,
    ],
    ["a zone without a temperature", { "class/thermal/thermal_zone3/type": "cpu-thermal\n" }, "thermal_zone3 cannot be read (ENOENT)"],
    ["something else than a number", zone(0, "cpu-thermal", "hot\n"), 'the kernel says "hot" instead of a temperature'],
  ])("gives no value for %s", async (_, tree, why) => {
    const expected = typeof why === "string" ? why : expect.stringMatching(why);
    expect(await readIn(tree)).toEqual({ ok: false, problem: expected });
  });
});
