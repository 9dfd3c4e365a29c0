import { describe, expect, it } from "vitest";
import { foundSensors, linesOf } from "../../../agent/command/sensors.ts";
import { loadConfig } from "../../../config/load.ts";
import { sysfs, worldOf } from "../sensor/sysfs.ts";
import { pinbus } from "./agent-process.ts";

const chip = (folder: string, files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, `${text}\n`]));
const iio = (number: number, files: Record<string, string>) => chip(`bus/iio/devices/iio:device${number}`, files);
const hwmon = (number: number, files: Record<string, string>) => chip(`class/hwmon/hwmon${number}`, files);
const inTree = (place: string) => `OF_FULLNAME=/soc/i2c@7e804000/${place}`;

const pi = {
  ...iio(0, { name: "bme280", uevent: inTree("bme280@76"), in_temp_input: "21000", in_humidityrelative_input: "55000" }),
  ...iio(1, { name: "bme280", uevent: inTree("bme280@77"), in_temp_input: "4000" }),
  ...iio(2, { name: "dht11@4", in_temp_input: "bad" }),
  ...iio(3, { name: "1-0040", uevent: inTree("si7020@40"), in_temp_input: "20000" }),
  ...hwmon(0, { name: "cpu_thermal", temp1_input: "48850" }),
  ...hwmon(1, { name: "w1_slave_temp", temp1_input: "23125" }),
  ...hwmon(2, { name: "pwmfan", fan1_input: "3120", pwm1: "125" }),
  ...hwmon(3, { name: "odd: name", temp1_input: "1000" }),
  ...chip("class/thermal/thermal_zone0", { type: "cpu-thermal", temp: "48850" }),
  "bus/w1/devices/w1_bus_master1/name": "w1_bus_master1",
  "bus/w1/devices/00-100000000000/name": "x",
  "bus/w1/devices/28-0316a2795bff/w1_slave": "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n",
};

describe("what is connected", () => {
  it("is printed as a configuration that works, with what each says now", async () => {
    const lines = linesOf(await foundSensors(worldOf(sysfs(pi).folder)));
    expect(lines.map((line) => line.replaceAll(/ +# /g, "  # "))).toEqual([
      "sensors:",
      "  w1-5bff: { driver: w1, id: 28-0316a2795bff }  # DS18B20: 23.125 °C",
      "  bme280-76: { driver: iio, device: bme280@76 }  # BME280: 21 °C, 55 %",
      "  bme280-77: { driver: iio, device: bme280@77 }  # BME280: 4 °C",
      "  dht11: { driver: iio, device: dht11 }  # DHT11, DHT22, AM2302: temperature: the kernel says something else than a number",
      "  si7020: { driver: iio, device: si7020 }  # Si7020, Si7021: 20 °C",
      "  pwmfan: { driver: hwmon, device: pwmfan }  # fan of a Pi 5: 3120 rpm, 49 %",
      '  odd-name: { driver: hwmon, device: "odd: name" }  # 1 °C',
      "  cpu-thermal: { driver: thermal, zone: cpu-thermal }  # 48.85 °C",
    ]);
    const result = loadConfig({ text: lines.join("\n"), env: {}, args: {}, host: { hostname: "garage", machineId: "1" } });
    expect(result.ok && Object.keys(result.config.sensors)).toHaveLength(8);
  });

  it("is nothing on a machine without any, which is told how a Pi learns of one", async () => {
    const lines = linesOf(await foundSensors(worldOf(sysfs().folder)));
    expect(lines.join("\n")).toContain("dtoverlay=w1-gpio");
  });

  it("is asked of the kernel by the command, with an agent or without", async () => {
    const { code, stdout } = await pinbus(["sensors", "--json"]);
    expect([code, Array.isArray(JSON.parse(stdout))]).toEqual([0, true]);
  });
});
