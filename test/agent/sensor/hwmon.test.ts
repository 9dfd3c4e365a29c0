import { describe, expect, it } from "vitest";
import { openHwmon } from "../../../agent/sensor/hwmon.ts";
import { chipOf } from "../../../config/sensor-chips.ts";
import { forever, sysfs, worldOf } from "./sysfs.ts";

const device = (number: number, files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`class/hwmon/hwmon${number}/${name}`, `${text}\n`]));

const read = async (tree: Record<string, string>, wanted: string, only: string[] = []) => {
  const reading = await openHwmon(worldOf(sysfs(tree).folder), { device: wanted, only, chip: chipOf("hwmon", wanted) }).read(forever);
  return reading.ok ? reading.values.map(({ name, value, unit }) => `${name} ${value} ${unit}`) : reading.problem;
};

describe("a chip under hwmon", () => {
  it.each([
    ["a temperature (LM75)", { name: "lm75", temp1_input: "21500", temp1_max: "80000", update_interval: "100" }, ["temperature 21.5 °C"]],
    [
      "temperature and humidity (SHT4x)",
      { name: "sht4x", temp1_input: "-1234", humidity1_input: "46420" },
      ["temperature -1.234 °C", "humidity 46.42 %"],
    ],
    [
      "limits beside the values (SHT3x)",
      {
        name: "sht3x",
        temp1_input: "21500",
        temp1_max: "125000",
        temp1_alarm: "0",
        humidity1_input: "46420",
        humidity1_max: "100000",
        heater_enable: "0",
      },
      ["temperature 21.5 °C", "humidity 46.42 %"],
    ],
    [
      "the shunt of an INA226",
      { name: "ina226", in0_input: "25", in1_input: "5012", curr1_input: "2500", power1_input: "12525000", shunt_resistor: "10000" },
      ["power 12.525 W", "current 2.5 A", "voltage 5.012 V", "shunt_voltage 0.025 V"],
    ],
    ["a fan that does not tell its speed (PoE HAT)", { name: "pwmfan", pwm1: "255", pwm1_enable: "1" }, ["fan_duty 100 %"]],
    [
      "volts, amperes and watts, the watts first (INA219)",
      { name: "ina219", in0_input: "2", in1_input: "12032", curr1_input: "-240", power1_input: "2880000", shunt_resistor: "10000" },
      ["power 2.88 W", "current -0.24 A", "voltage 12.032 V", "shunt_voltage 0.002 V"],
    ],
    [
      "a fan and its duty (Pi 5)",
      { name: "pwmfan", fan1_input: "3120", pwm1: "125", pwm1_enable: "1" },
      ["fan_speed 3120 rpm", "fan_duty 49 %"],
    ],
    ["an average where there is no momentary value", { name: "meter", power1_average: "1500000" }, ["power 1.5 W"]],
    [
      "labels of several, and numbers where there are none",
      { name: "nvme", temp1_input: "40000", temp1_label: "Composite", temp2_input: "41000", temp10_input: "42000" },
      ["composite 40 °C", "temperature_2 41 °C", "temperature_10 42 °C"],
    ],
  ])("is read with %s", async (_, files, expected) => {
    expect(await read({ ...device(0, { name: "cpu_thermal", temp1_input: "1" }), ...device(7, files) }, files.name)).toEqual(expected);
  });

  it("that says that its probe is broken has failed", async () => {
    expect(await read(device(0, { name: "lm75", temp1_input: "0", temp1_fault: "1" }), "lm75")).toBe(
      "temperature: the chip says that it is faulty or not connected",
    );
  });

  it("without what is asked for says what it has", async () => {
    expect(await read(device(0, { name: "lm75", temp1_input: "1" }), "lm75", ["humidity"])).toBe(
      "lm75 has no humidity; it has temperature",
    );
  });

  it("that is not there is said to be missing", async () => {
    expect(await read(device(0, { name: "rpi_volt" }), "sht4x")).toBe("there is no hwmon device sht4x; there are rpi_volt");
  });
});
