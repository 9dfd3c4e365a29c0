// Home Assistant's words for what is measured. A class that does not go with the unit is refused there: then the value comes without one.

/** What a quantity is in Home Assistant, by the name under which a driver publishes it. */
const classOf: Readonly<Record<string, string>> = {
  absolute_humidity: "absolute_humidity",
  air_pressure: "atmospheric_pressure",
  altitude: "distance",
  atmospheric_pressure: "atmospheric_pressure",
  battery: "battery",
  carbon_dioxide: "carbon_dioxide",
  co2: "carbon_dioxide",
  conductivity: "conductivity",
  current: "current",
  dew_point: "temperature",
  distance: "distance",
  energy: "energy",
  frequency: "frequency",
  humidity: "humidity",
  illuminance: "illuminance",
  irradiance: "irradiance",
  level: "volume_storage",
  moisture: "moisture",
  ph: "ph",
  pm1: "pm1",
  pm10: "pm10",
  pm25: "pm25",
  power: "power",
  precipitation: "precipitation",
  pressure: "pressure",
  rssi: "signal_strength",
  signal_strength: "signal_strength",
  soil_moisture: "moisture",
  speed: "speed",
  temperature: "temperature",
  voc: "volatile_organic_compounds_parts",
  voltage: "voltage",
  volume: "volume_storage",
  vpd: "pressure",
  weight: "weight",
  wind_speed: "wind_speed",
};

/** The units that each class takes, as far as something here measures in them; null = none. */
const unitsOf: Readonly<Record<string, readonly (string | null)[]>> = {
  absolute_humidity: ["g/m³", "mg/m³"],
  atmospheric_pressure: ["hPa", "kPa", "Pa", "mbar", "bar", "cbar", "mmHg", "inHg", "psi"],
  battery: ["%"],
  carbon_dioxide: ["ppm"],
  carbon_monoxide: ["ppm", "ppb", "mg/m³", "μg/m³"],
  conductivity: ["S/cm", "mS/cm", "μS/cm"],
  current: ["A", "mA"],
  data_size: ["B", "kB", "MB", "GB", "KiB", "MiB", "GiB"],
  distance: ["mm", "cm", "m", "km", "in", "ft", "yd", "mi"],
  duration: ["ms", "s", "min", "h", "d"],
  energy: ["Wh", "kWh", "MWh", "J", "kJ", "MJ", "GJ"],
  energy_storage: ["Wh", "kWh", "MWh", "J", "kJ", "MJ", "GJ"],
  frequency: ["Hz", "kHz", "MHz", "GHz"],
  gas: ["m³", "ft³", "CCF", "L"],
  humidity: ["%"],
  illuminance: ["lx"],
  irradiance: ["W/m²"],
  moisture: ["%"],
  ph: [null],
  pm1: ["μg/m³"],
  pm10: ["μg/m³"],
  pm25: ["μg/m³"],
  power: ["mW", "W", "kW", "MW"],
  power_factor: ["%", null],
  precipitation: ["mm", "cm", "in"],
  precipitation_intensity: ["mm/h", "mm/d", "in/h", "in/d"],
  pressure: ["hPa", "kPa", "Pa", "mbar", "bar", "cbar", "mmHg", "inHg", "psi"],
  signal_strength: ["dBm", "dB"],
  sound_pressure: ["dB", "dBA"],
  speed: ["m/s", "km/h", "mph", "mm/s", "ft/s", "kn"],
  temperature: ["°C", "°F", "K"],
  volatile_organic_compounds_parts: ["ppb", "ppm"],
  voltage: ["V", "mV", "kV"],
  volume: ["L", "mL", "m³", "gal", "ft³"],
  volume_flow_rate: ["m³/h", "m³/min", "m³/s", "L/h", "L/min", "L/s", "mL/s", "gal/min", "gal/h"],
  volume_storage: ["L", "mL", "m³", "gal", "ft³"],
  water: ["L", "m³", "gal", "ft³", "CCF"],
  weight: ["mg", "g", "kg", "oz", "lb", "st"],
  wind_speed: ["m/s", "km/h", "mph", "kn", "ft/s"],
};

/** Units that Home Assistant writes in another way. A kilowatt-hour per hour is a kilowatt. */
const respelt: Readonly<Record<string, string>> = {
  l: "L",
  ml: "mL",
  "l/s": "L/s",
  "l/min": "L/min",
  "l/h": "L/h",
  m3: "m³",
  "m3/h": "m³/h",
  lux: "lx",
  "kWh/h": "kW",
  "Wh/h": "W",
  "MWh/h": "MW",
  // The micro sign, where Home Assistant has the Greek letter.
  "\u00b5S/cm": "\u03bcS/cm",
  "\u00b5g/m³": "\u03bcg/m³",
};

/** What a counter of these units counts. A cubic metre may be of water or of gas. */
const counted: Readonly<Record<string, string>> = { Wh: "energy", kWh: "energy", MWh: "energy", L: "water", mm: "precipitation" };
/** What a rate can be, by its unit. */
const flowing: readonly string[] = ["power", "volume_flow_rate", "precipitation_intensity"];

/** Keys of a component, left out where there is nothing to say. */
export interface Measure {
  device_class?: string;
  unit_of_measurement?: string;
}

export interface Named {
  name: string;
  unit: string | null;
}

/** Class and unit of a value; `chosen` is the class that the configuration names. */
export function measureOf({ name, unit }: Named, chosen: string | null): Measure {
  return checked(chosen ?? found(classOf, name), spelt(unit));
}

/** Whether it is known to be a number: Home Assistant refuses words in what it draws as a curve. */
export function isNumeric({ name, unit }: Named): boolean {
  return unit !== null || name === "value" || found(classOf, name) !== null;
}

/** The same as `measureOf`, of the total of a counter. */
export function totalMeasureOf(unit: string | null, chosen: string | null): Measure {
  const written = spelt(unit);
  return checked(chosen ?? found(counted, written ?? ""), written);
}

/** And of its rate. */
export function rateMeasureOf(unit: string): Measure {
  const written = spelt(unit);
  return checked(flowing.find((name) => unitsOf[name]?.includes(written)) ?? null, written);
}

function spelt(unit: string | null): string | null {
  return unit === null ? null : (found(respelt, unit) ?? unit);
}

function found(table: Readonly<Record<string, string>>, key: string): string | null {
  return Object.hasOwn(table, key) ? (table[key] ?? null) : null;
}

function checked(deviceClass: string | null, unit: string | null): Measure {
  // A class without a list is one that somebody chose.
  const units = deviceClass === null ? [] : (unitsOf[deviceClass] ?? [unit]);
  const fits = deviceClass !== null && units.includes(unit);
  return { ...(fits && { device_class: deviceClass }), ...(unit !== null && { unit_of_measurement: unit }) };
}
