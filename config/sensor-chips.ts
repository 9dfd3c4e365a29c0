// Chips that the kernel has a driver for, as people buy them: how a Pi learns of one, under which name the kernel shows it, what it measures.
// The drivers, `pinbus check`, `pinbus sensors` and the table in docs/sensors.md all read this.

export interface Chip {
  chip: string;
  driver: "iio" | "hwmon";
  /** What `device` says: the kernel's name for it. */
  device: string;
  /** What it measures; the first is its main value. */
  quantities: readonly string[];
  /** The line of config.txt. */
  overlay?: string;
  /** Without an overlay: its I2C address, with which the kernel is told of it. */
  address?: string;
  /** Names of channels that their kind alone does not tell: `in0` → `shunt_voltage`. */
  names?: Readonly<Record<string, string>>;
}

const air = ["temperature", "humidity"];
const i2c = (device: string) => `dtoverlay=i2c-sensor,${device}`;
const adc = (count: number) => Array.from({ length: count }, (_, index) => `voltage_${index}`);
const ina = { quantities: ["power", "current", "voltage", "shunt_voltage"], names: { in0: "shunt_voltage", in1: "voltage" } };

export const chips: readonly Chip[] = [
  { chip: "BME280", driver: "iio", device: "bme280", quantities: [...air, "pressure"], overlay: i2c("bme280") },
  { chip: "BMP280", driver: "iio", device: "bmp280", quantities: ["temperature", "pressure"], overlay: i2c("bmp280") },
  { chip: "BMP180", driver: "iio", device: "bmp180", quantities: ["temperature", "pressure"], overlay: i2c("bmp180") },
  { chip: "BMP380, BMP388", driver: "iio", device: "bmp380", quantities: ["temperature", "pressure"], overlay: i2c("bmp380") },
  { chip: "BME680", driver: "iio", device: "bme680", quantities: [...air, "pressure", "resistance"], overlay: i2c("bme680") },
  { chip: "HTU21, SHT21", driver: "iio", device: "htu21", quantities: air, overlay: i2c("htu21") },
  { chip: "Si7020, Si7021", driver: "iio", device: "si7020", quantities: air, overlay: i2c("si7020") },
  { chip: "HDC1000, HDC1080", driver: "iio", device: "hdc100x", quantities: air, overlay: i2c("hdc100x") },
  { chip: "DHT11, DHT22, AM2302", driver: "iio", device: "dht11", quantities: air, overlay: "dtoverlay=dht11,gpiopin=4" },
  { chip: "SCD30", driver: "iio", device: "scd30", quantities: ["carbon_dioxide", ...air], address: "0x61" },
  { chip: "SCD40", driver: "iio", device: "scd40", quantities: ["carbon_dioxide", ...air], address: "0x62" },
  { chip: "SCD41", driver: "iio", device: "scd41", quantities: ["carbon_dioxide", ...air], address: "0x62" },
  { chip: "SPS30", driver: "iio", device: "sps30", quantities: ["pm25", "pm1", "pm4", "pm10"], overlay: i2c("sps30") },
  { chip: "BH1750", driver: "iio", device: "bh1750", quantities: ["illuminance"], overlay: i2c("bh1750") },
  { chip: "TSL4531", driver: "iio", device: "tsl4531", quantities: ["illuminance"], overlay: i2c("tsl4531") },
  { chip: "VL53L0X", driver: "iio", device: "vl53l0x", quantities: ["distance"], address: "0x29" },
  { chip: "MCP3008", driver: "iio", device: "mcp3008", quantities: adc(8), overlay: "dtoverlay=mcp3008:spi0-0-present" },
  { chip: "ADS1015", driver: "iio", device: "ads1015", quantities: adc(4), overlay: "dtoverlay=ads1015" },
  { chip: "ADS1115", driver: "iio", device: "ads1115", quantities: adc(4), overlay: "dtoverlay=ads1115" },
  { chip: "SHT30, SHT31, SHT35", driver: "hwmon", device: "sht3x", quantities: air, overlay: i2c("sht3x") },
  { chip: "SHT40, SHT41, SHT45", driver: "hwmon", device: "sht4x", quantities: air, overlay: i2c("sht4x") },
  { chip: "AHT10, AHT20", driver: "hwmon", device: "aht10", quantities: air, overlay: i2c("aht10") },
  { chip: "LM75", driver: "hwmon", device: "lm75", quantities: ["temperature"], overlay: i2c("lm75") },
  { chip: "TMP102", driver: "hwmon", device: "tmp102", quantities: ["temperature"], overlay: i2c("tmp102") },
  { chip: "DS1621", driver: "hwmon", device: "ds1621", quantities: ["temperature"], overlay: i2c("ds1621") },
  { chip: "MCP9808", driver: "hwmon", device: "jc42", quantities: ["temperature"], overlay: i2c("jc42") },
  { chip: "INA219", driver: "hwmon", device: "ina219", ...ina, address: "0x40" },
  { chip: "INA226", driver: "hwmon", device: "ina226", ...ina, address: "0x40" },
  { chip: "fan of a Pi 5", driver: "hwmon", device: "pwmfan", quantities: ["fan_speed", "fan_duty"] },
  { chip: "fan of a PoE HAT", driver: "hwmon", device: "pwmfan", quantities: ["fan_duty"], overlay: "dtoverlay=rpi-poe" },
];

/** What `device` names without the address in it: `bme280@76`, `/soc/i2c@7e804000/bme280@76` → `bme280`. */
export function plainDevice(device: string): string {
  return device.replace(/^.*\//, "").replace(/@.*$/, "");
}

/** The chip that a sensor with this driver and `device` is, where it is known. */
export function chipOf(driver: string, device: string | null): Chip | undefined {
  const name = plainDevice(device ?? "");
  return chips.find((chip) => chip.driver === driver && chip.device === name);
}

/** Kinds of quantities and their units; names are Home Assistant's where it has them. */
const units: Readonly<Record<string, string | null>> = {
  temperature: "°C",
  humidity: "%",
  pressure: "hPa",
  illuminance: "lx",
  carbon_dioxide: "ppm",
  volatile_organic_compounds_parts: "ppm",
  pm1: "µg/m³",
  pm25: "µg/m³",
  pm4: "µg/m³",
  pm10: "µg/m³",
  voltage: "V",
  shunt_voltage: "V",
  current: "A",
  power: "W",
  energy: "J",
  frequency: "Hz",
  resistance: "Ω",
  distance: "mm",
  conductivity: "µS/cm",
  fan_speed: "rpm",
  fan_duty: "%",
};

/** The unit of a quantity of the kernel, `voltage_3` too; null for one without, or that is not known. */
export function unitOf(name: string): string | null {
  const kind = Object.hasOwn(units, name) ? name : name.replace(/_\d+$/, "");
  return Object.hasOwn(units, kind) ? (units[kind] ?? null) : null;
}
