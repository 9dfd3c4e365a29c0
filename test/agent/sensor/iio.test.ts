import { describe, expect, it } from "vitest";
import { openIio } from "../../../agent/sensor/iio.ts";
import { chipOf } from "../../../config/sensor-chips.ts";
import { forever, sysfs, worldOf } from "./sysfs.ts";

const device = (number: number, files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`bus/iio/devices/iio:device${number}/${name}`, `${text}\n`]));
/** The files, and the form of the numbers, that bmp280 of Linux 7.3 shows of a BME280. */
const bme280 = {
  name: "bme280",
  in_temp_input: "25080.000000000",
  in_temp_raw: "2508",
  in_temp_scale: "10.000000000",
  in_pressure_input: "100.653269531",
  in_humidityrelative_input: "46420.898437500",
  in_humidityrelative_oversampling_ratio: "16",
  current_timestamp_clock: "realtime",
};
const inTree = (place: string) =>
  `MAJOR=243\nMINOR=0\nDEVTYPE=iio_device\nOF_NAME=bme280\nOF_FULLNAME=${place}\nOF_COMPATIBLE_0=bosch,bme280`;

const read = async (tree: Record<string, string>, wanted: string, only: string[] = []) => {
  const reading = await openIio(worldOf(sysfs(tree).folder), { device: wanted, only, chip: chipOf("iio", wanted) }).read(forever);
  return reading.ok ? reading.values.map(({ name, value, unit }) => `${name} ${value} ${unit}`) : reading.problem;
};

describe("a chip under IIO", () => {
  it("is found by its name whatever its number is, and read in the units of Home Assistant, its main quantity first", async () => {
    const tree = { ...device(0, { name: "rp1-adc" }), ...device(11, bme280) };
    expect(await read(tree, "bme280")).toEqual(["temperature 25.08 °C", "humidity 46.42 %", "pressure 1006.533 hPa"]);
  });

  it("has only the quantities that are asked for, in that order", async () => {
    expect(await read(device(0, bme280), "bme280", ["pressure", "temperature"])).toEqual(["pressure 1006.533 hPa", "temperature 25.08 °C"]);
  });

  it.each([
    [
      "CO2 in percent, with a scale for each channel (SCD4x)",
      {
        name: "scd41",
        in_concentration_co2_raw: "612",
        in_concentration_co2_scale: "0.000100000",
        in_temp_raw: "25893",
        in_temp_scale: "2.670328831",
        in_temp_offset: "-16852.000000000",
        in_humidityrelative_raw: "30212",
        in_humidityrelative_scale: "1.525902189",
      },
      ["carbon_dioxide 612 ppm", "temperature 24.142 °C", "humidity 46.1 %"],
    ],
    [
      "CO2 in hundredths of a ppm, beside the pressure that is told to the chip (SCD30)",
      {
        name: "scd30",
        in_concentration_co2_raw: "61234",
        in_concentration_co2_scale: "0.000001",
        in_temp_input: "24140",
        in_temp_calibbias: "0",
        in_humidityrelative_input: "46100",
        out_pressure_raw: "1013",
        sampling_frequency: "0.500000000",
      },
      ["carbon_dioxide 612.3 ppm", "temperature 24.14 °C", "humidity 46.1 %"],
    ],
    [
      "temperature and pressure (BMP280)",
      { name: "bmp280", in_temp_input: "25080.000000000", in_pressure_input: "100.653269531", in_pressure_oversampling_ratio: "16" },
      ["temperature 25.08 °C", "pressure 1006.533 hPa"],
    ],
    [
      "temperature and humidity, and what is no value (HTU21)",
      {
        name: "htu21",
        in_temp_input: "21430",
        in_humidityrelative_input: "55120",
        battery_low: "0",
        heater_enable: "0",
        sampling_frequency: "20",
      },
      ["temperature 21.43 °C", "humidity 55.12 %"],
    ],
    [
      "frost (DHT22)",
      { name: "dht11", in_temp_input: "-10100", in_humidityrelative_input: "65200" },
      ["temperature -10.1 °C", "humidity 65.2 %"],
    ],
    [
      "one scale for eight inputs (MCP3008)",
      {
        name: "mcp3008",
        in_voltage_scale: "3.222656250",
        in_voltage0_raw: "512",
        in_voltage7_raw: "1023",
        "in_voltage0-voltage1_raw": "3",
      },
      ["voltage_0 1.65 V", "voltage_7 3.296777 V"],
    ],
    [
      "a scale for each input (ADS1015)",
      {
        name: "ads1015",
        in_voltage0_raw: "291",
        in_voltage0_scale: "1.000000000",
        in_voltage1_raw: "-4",
        in_voltage1_scale: "2.000000000",
      },
      ["voltage_0 0.291 V", "voltage_1 -0.008 V"],
    ],
    ["a distance in metres (VL53L0X)", { name: "vl53l0x", in_distance_raw: "431", in_distance_scale: "0.001000000" }, ["distance 431 mm"]],
    ["light (BH1750)", { name: "bh1750", in_illuminance_raw: "120", in_illuminance_scale: "0.833333" }, ["illuminance 100 lx"]],
    [
      "two temperatures of a chip that nobody knows",
      { name: "mlx90614", in_temp_ambient_raw: "14800", in_temp_object_raw: "15000", in_temp_scale: "20", in_temp_offset: "-13657.5" },
      ["temperature_ambient 22.85 null", "temperature_object 26.85 null"],
    ],
    [
      "labels that say what an input is",
      { name: "adc", in_voltage1_raw: "1", in_voltage1_label: "12 V rail", in_voltage2_raw: "2", in_voltage2_label: "Battery" },
      ["voltage_1 0.001 V", "battery 0.002 V"],
    ],
  ])("is read with %s", async (_, files, expected) => {
    expect(await read(device(0, files), files.name)).toEqual(expected);
  });

  it("has the difference of two inputs only if that is asked for", async () => {
    const tree = device(0, {
      name: "mcp3008",
      in_voltage_scale: "1",
      in_voltage0_raw: "5",
      in_voltage1_raw: "2",
      "in_voltage0-voltage1_raw": "3",
    });
    expect(await read(tree, "mcp3008", ["voltage_0_1"])).toEqual(["voltage_0_1 0.003 V"]);
  });

  it("is known by its place in the device tree when there are two, and by the name before its number", async () => {
    const two = {
      ...device(0, { ...bme280, uevent: inTree("/soc/i2c@7e804000/bme280@76") }),
      ...device(1, { ...bme280, in_temp_input: "1000", uevent: inTree("/soc/i2c@7e804000/bme280@77") }),
      ...device(2, { name: "dht11@4", in_temp_input: "19000" }),
      ...device(3, { name: "1-0040", uevent: inTree("/soc/i2c@7e804000/si7020@40"), in_temp_input: "20000" }),
      ...device(4, { ...bme280, label: "outside", in_temp_input: "-4000" }),
    };
    expect(await read(two, "bme280@77", ["temperature"])).toEqual(["temperature 1 °C"]);
    expect(await read(two, "/soc/i2c@7e804000/bme280@76", ["temperature"])).toEqual(["temperature 25.08 °C"]);
    expect(await read(two, "outside", ["temperature"])).toEqual(["temperature -4 °C"]);
    expect(await read(two, "dht11")).toEqual(["temperature 19 °C"]);
    expect(await read(two, "si7020")).toEqual(["temperature 20 °C"]);
    expect(await read(two, "bme280")).toBe("3 devices are called bme280");
    const { "bus/iio/devices/iio:device4/name": _, ...without } = two;
    expect(await read(without, "bme280")).toBe("2 devices are called bme280; name one of bme280@76, bme280@77");
  });

  it("is known by the device tree where the kernel has one name for several chips", async () => {
    const tree = device(0, {
      name: "ads1015",
      uevent: inTree("/soc/i2c@7e804000/ads1115@48"),
      in_voltage0_raw: "3",
      in_voltage0_scale: "1",
    });
    expect(await read(tree, "ads1115")).toEqual(["voltage_0 0.003 V"]);
  });

  it.each([
    ["that is not there", {}, "bme280", "there is no IIO device bme280; this machine has none"],
    ["beside another one", device(0, { name: "scd30" }), "bme280", "there is no IIO device bme280; there are scd30"],
    ["without any channel", device(0, { name: "bme280" }), "bme280", "bme280 shows no value"],
    [
      "that says something else than a number",
      device(0, { name: "bme280", in_temp_input: "warm" }),
      "bme280",
      "temperature: the kernel says something else than a number",
    ],
  ])("%s is said to be so", async (_, tree, wanted, problem) => {
    expect(await read(tree, wanted)).toBe(problem);
  });

  it("of which one quantity fails gives none: its values are of one moment", async () => {
    const tree = sysfs(device(0, { name: "bme280", in_temp_input: "25080" }));
    tree.folderAt("bus/iio/devices/iio:device0/in_pressure_input");
    const driver = openIio(worldOf(tree.folder), { device: "bme280", only: [], chip: chipOf("iio", "bme280") });
    expect(await driver.read(forever)).toEqual({ ok: false, problem: "pressure: it did not answer (EISDIR)" });
  });

  it("without a reading yet has the quantities that its chip is known for", () => {
    const quantities = openIio(worldOf("/nowhere"), { device: "bme280@77", only: [], chip: chipOf("iio", "bme280@77") }).quantities;
    expect(quantities.map(({ name, unit }) => `${name} ${unit}`)).toEqual(["temperature °C", "humidity %", "pressure hPa"]);
  });
});
