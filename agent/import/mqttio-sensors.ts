import { quoteText } from "../../config/problem.ts";
import { chipOf } from "../../config/sensor-chips.ts";
import { sensorRefText } from "../core/sensor-ref.ts";
import type { Foreign } from "./foreign.ts";
import type { Draft } from "./mqttio.ts";
import { appearance, isTopic } from "./mqttio-pins.ts";

/** What one of `sensor_inputs` is here. */
interface Value {
  /** Null for a thermometer, which has nothing else. */
  quantity: string | null;
  /** By what the kernel's value is multiplied for the one that mqtt-io publishes. */
  scale?: number;
}

/** A module of sensors: the driver, what tells the kernel of the chip, and its values by the `type` of an input. */
interface Chip {
  source: { driver: "w1"; id: string } | { driver: "iio" | "hwmon"; device: string };
  boot: string;
  value(input: Foreign): Value | undefined;
  /** What the values differ in. */
  remark?: readonly [message: string, fix: string];
}

const families: Readonly<Record<string, string>> = { DS18S20: "10", DS1822: "22", DS18B20: "28", DS1825: "3b", DS28EA00: "42" };
const program = "read it with a program of your own: driver: command, or driver: file";

/** What has no driver in the kernel, or none whose values are read here. */
const without: Readonly<Record<string, readonly [message: string, fix: string]>> = {
  adxl345: ["accelerations are not read", program],
  as3935: ["the events of a lightning sensor are not read", program],
  dfr0300: ["the kernel has no driver for it", program],
  ens160: ["its values were not tried", "load the kernel's driver and look at `pinbus sensors`"],
  flowsensor: [
    "pulses are counted by an input here, which has no topic of mqtt-io",
    "add an input with kind: counter on this pin; its rate stands on counter/<id>/state",
  ],
  frequencycounter: [
    "pulses are counted by an input here, which has no topic of mqtt-io",
    "add an input with kind: counter on this pin; its rate stands on counter/<id>/state",
  ],
  hcsr04: ["its driver needs a device tree entry of your own", "write that, then look at `pinbus sensors`"],
  mcp3xxx: ["a part between 0 and 1 is not what the kernel says", "load the overlay of the chip and look at `pinbus sensors`"],
  mhz19: ["on a serial port its driver needs a device tree entry of your own", "write that, then look at `pinbus sensors`"],
  mock: ["it is for tests", "remove it"],
  pms5003: ["on a serial port its driver needs a device tree entry of your own", "write that, then look at `pinbus sensors`"],
  veml6075: ["the UV index was not tried", "load the kernel's driver and look at `pinbus sensors`"],
};

/** The sensors, one for each module and interval, and their topics. */
export function readSensors(file: Foreign, draft: Draft): void {
  const modules = new Map(file.list("sensor_modules").map((entry) => [entry.text("name") ?? "", entry]));
  const kinds = [...modules.values()].map((entry) => entry.text("module") ?? "");
  const chips = new Map([...modules].map(([name, entry]) => [name, chipOfModule(entry, kinds)]));
  const made = new Map<string, { id: string; only: string[] }>();
  const told = new Set<string>();
  for (const input of file.list("sensor_inputs")) {
    const { remarks } = input;
    const name = input.text("name");
    if (name === undefined || !isTopic(name, "sensor") || draft.names.sensor.has(name)) {
      remarks.say(
        "left out",
        input.at("name"),
        "the sensor has no name of its own that may stand in a topic",
        "give it one, without +, # and control characters",
      );
      continue;
    }
    draft.names.sensor.add(name);
    const module = input.text("module") ?? "";
    const [entry, chip] = [modules.get(module), chips.get(module)];
    if (entry === undefined) {
      remarks.say(
        "left out",
        input.at("module"),
        `${name} is of the module ${quoteText(module)}, which is not there`,
        "look below sensor_modules",
      );
      continue;
    }
    const interval = Math.min(Math.max(input.whole("interval") ?? 60, 1), 86_400);
    if (chip === undefined || "0" in chip) {
      const [message, fix] = chip ?? [`the sensor module ${quoteText(entry.text("module") ?? "")} is not known`, program];
      remarks.say("left out", input.spot, `${name}: ${message}`, fix);
      continue;
    }
    const value = chip.value(input);
    if (value === undefined) {
      remarks.say(
        "left out",
        input.has("type") ? input.at("type") : input.spot,
        `${name} is a value that the kernel does not say`,
        "look at `pinbus sensors` what there is",
      );
      continue;
    }
    if (!told.has(module)) {
      told.add(module);
      draft.boot.add(chip.boot);
      if (chip.remark) entry.remarks.say("different", entry.spot, ...chip.remark);
      entry.rest(["name", "module", "cleanup", "type", "chip_addr", "pins", "output_g"]);
    }
    const key = `${module} ${interval}`;
    let sensor = made.get(key);
    if (sensor === undefined) {
      sensor = { id: draft.ids.of(value.quantity === null ? name : module, "sensor"), only: [] };
      made.set(key, sensor);
      const { only } = sensor;
      draft.sensors.push({
        id: sensor.id,
        own: {
          ...chip.source,
          only: value.quantity === null ? undefined : only,
          every: `${interval}s`,
          ...appearance(input, draft, ["sensor"]),
        },
      });
    }
    if (value.quantity !== null && !sensor.only.includes(value.quantity)) sensor.only.push(value.quantity);
    const digits = input.whole("digits") ?? 2;
    draft.topics.sensors.push({
      name,
      sensor: sensorRefText({ sensor: sensor.id, quantity: value.quantity }),
      scale: value.scale === undefined ? undefined : Math.round(value.scale * 1e5) / 1e5,
      digits: digits === 2 ? undefined : Math.min(Math.max(digits, 0), 10),
      retain: input.flag("retain") || undefined,
    });
    input.rest(["type", "pin", "channel", "oversampling", "ha_discovery"]);
  }
}

/** The chip of a module, or why there is none; undefined for a module that nobody knows. `all` are the kinds of all modules. */
function chipOfModule(entry: Foreign, all: readonly string[]): Chip | readonly [string, string] | undefined {
  const module = entry.text("module") ?? "";
  const several = all.filter((one) => one === module).length > 1;
  if (Object.hasOwn(without, module)) return without[module];
  const typed = (known: Readonly<Record<string, Value>>, usual: string) => (input: Foreign) => {
    const type = input.text("type") ?? usual;
    return Object.hasOwn(known, type) ? known[type] : undefined;
  };
  const air = { temperature: { quantity: "temperature" }, humidity: { quantity: "humidity" } };
  const climate = { ...air, pressure: { quantity: "pressure" } };
  const onBus = (driver: "iio" | "hwmon", device: string, usual: number, value: Chip["value"], remark?: Chip["remark"]): Chip => {
    const address = entry.whole("chip_addr") ?? usual;
    const bus = entry.whole("i2c_bus_num") ?? 1;
    if (bus !== 1) entry.remarks.say("to do", entry.at("i2c_bus_num"), `it is on the I2C bus ${bus}`, "name that bus in its overlay");
    const chip = chipOf(driver, device);
    const hex = address.toString(16);
    const boot = chip?.overlay
      ? `${chip.overlay},addr=0x${hex}`
      : `echo ${device} 0x${hex} | sudo tee /sys/bus/i2c/devices/i2c-1/new_device`;
    return { source: { driver, device: several ? `${device}@${hex}` : device }, boot, value, ...(remark && { remark }) };
  };
  switch (module) {
    case "ds18b": {
      const family = families[(entry.text("type") ?? "").toUpperCase()];
      const address = (entry.text("address") ?? "").toLowerCase();
      if (family === undefined || !/^[0-9a-f]{12}$/.test(address))
        return ["type and address name no thermometer", "look for it in /sys/bus/w1/devices"];
      return { source: { driver: "w1", id: `${family}-${address}` }, boot: "dtoverlay=w1-gpio", value: () => ({ quantity: null }) };
    }
    case "dht22": {
      const pin = entry.whole("pin");
      if (pin === undefined) return ["it has no pin", "write the overlay dht11 with its gpiopin"];
      const device = several ? `dht11@${pin.toString(16)}` : "dht11";
      return { source: { driver: "iio", device }, boot: `dtoverlay=dht11,gpiopin=${pin}`, value: typed(air, "temperature") };
    }
    case "bme280":
      return onBus("iio", "bme280", 0x76, typed(climate, "temperature"));
    case "bme680":
      return onBus("iio", "bme680", 0x77, typed(climate, "temperature"));
    case "bmp085":
      return onBus(
        "iio",
        "bmp180",
        0x77,
        typed({ temperature: { quantity: "temperature" }, pressure: { quantity: "pressure", scale: 100 } }, "temperature"),
      );
    case "bh1750":
      return onBus("iio", "bh1750", 0x23, () => ({ quantity: "illuminance" }));
    case "tsl2561":
      return onBus("iio", "tsl2561", 0x49, typed({ lux: { quantity: "illuminance" } }, "lux"));
    case "veml7700":
      return onBus(
        "iio",
        "veml7700",
        0x10,
        typed({ lux: { quantity: "illuminance" }, lux_corrected: { quantity: "illuminance" } }, "lux_corrected"),
        ["the illuminance of a VEML7700 is not corrected above 1000 lx", "correct it where it is read"],
      );
    case "aht20":
      return onBus("hwmon", "aht10", 0x38, typed(air, "temperature"));
    case "sht4x":
      return onBus("hwmon", "sht4x", 0x44, typed(air, "temperature"));
    case "lm75":
      return onBus("hwmon", "lm75", 0x48, () => ({ quantity: "temperature" }));
    case "ina219": {
      const shunt = entry.number("shunt_ohms") ?? 0.1;
      const milli = {
        power: { quantity: "power", scale: 1000 },
        current: { quantity: "current", scale: 1000 },
        bus_voltage: { quantity: "voltage" },
        shunt_voltage: { quantity: "shunt_voltage", scale: 1000 },
      };
      // The kernel takes 0.01 Ω unless it is told; most boards have 0.1 Ω.
      return onBus("hwmon", "ina219", 0x40, typed(milli, "power"), [
        "the kernel takes a shunt of 0.01 Ω",
        `write ${Math.round(shunt * 1_000_000)} into shunt_resistor of the chip below /sys/class/hwmon`,
      ]);
    }
    case "ads1x15": {
      const device = (entry.text("type") ?? "").toLowerCase() === "ads1015" ? "ads1015" : "ads1115";
      // mqtt-io counts to 32767 for both, of 4.096 V at a gain of 1.
      const scale = (32767 * (entry.number("gain") ?? 1)) / 4.096;
      const value: Chip["value"] = (input) => {
        const pin = input.whole("pin") ?? 0;
        if (pin < 0 || pin > 3) return undefined;
        return { quantity: `voltage_${pin}`, ...(input.text("type") === "voltage" ? {} : { scale }) };
      };
      return onBus("iio", device, 0x48, value, [
        "the range of the inputs is the overlay's, not that of `gain`",
        "set cha_gain of the overlay where it matters",
      ]);
    }
    case "mcp3008": {
      const device = `dtoverlay=mcp3008:spi${entry.whole("spi_port") ?? 0}-${entry.whole("spi_device") ?? 0}-present`;
      const value: Chip["value"] = (input) => {
        const channel = input.whole("channel") ?? -1;
        return channel < 0 || channel > 7 ? undefined : { quantity: `voltage_${channel}`, scale: 1024 / 3.3 };
      };
      return {
        source: { driver: "iio", device: "mcp3008" },
        boot: device,
        value,
        remark: ["its counts are computed out of volts, for a reference of 3.3 V", "change `scale` if the reference is another one"],
      };
    }
    default:
      return undefined;
  }
}
