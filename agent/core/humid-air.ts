import { convertDifference } from "./unit.ts";

// Humid air: temperatures in °C, humidity in %, pressures in kPa.

/**
 * The ways in which vapour pressure deficits are computed by those who grow plants; they differ by up to a quarter, so none is the usual one.
 * `growbuddy-2022` = in °F, with an equation of its own; `growbuddy-2025` = Tetens at the leaf for both; `tetens` = Tetens, the leaf against the air.
 */
export type VpdFormula = "growbuddy-2022" | "growbuddy-2025" | "tetens";

/** How much warmer the leaf is than the air, mostly below 0. */
export interface LeafOffset {
  value: number;
  unit: "°C" | "°F";
}

/** The pressure at which water vapour saturates, by Tetens' equation. */
export function saturation(celsius: number): number {
  return 0.6108 * Math.exp((17.27 * celsius) / (celsius + 237.3));
}

export function vpd(formula: VpdFormula, celsius: number, humidity: number, offset: LeafOffset): number {
  const leaf = celsius + (convertDifference(offset.value, offset.unit, "°C") ?? 0);
  switch (formula) {
    case "growbuddy-2022":
      return 3.386 * (saturationInHg(fahrenheit(leaf)) - (humidity / 100) * saturationInHg(fahrenheit(celsius)));
    case "growbuddy-2025":
      return saturation(leaf) * (1 - humidity / 100);
    case "tetens":
      return saturation(leaf) - (humidity / 100) * saturation(celsius);
  }
}

/** In inches of mercury, of a temperature in °F. */
function saturationInHg(degrees: number): number {
  return Math.exp(17.863 - 9621 / (degrees + 460));
}

function fahrenheit(celsius: number): number {
  return celsius * 1.8 + 32;
}

/** The Magnus equation with the coefficients of Sonntag (1990), over water, -45 to 60 °C. */
const [a, b] = [17.62, 243.12];

/** The temperature at which this air would be saturated; no number for air without any water. */
export function dewPoint(celsius: number, humidity: number): number {
  const gamma = Math.log(humidity / 100) + (a * celsius) / (b + celsius);
  return (b * gamma) / (a - gamma);
}

/** g of water in 1 m³ of this air: the gas law with 461.5 J/(kg K) for vapour. */
export function absoluteHumidity(celsius: number, humidity: number): number {
  const pressure = (humidity / 100) * 611.2 * Math.exp((a * celsius) / (b + celsius));
  return (pressure / (461.5 * (celsius + 273.15))) * 1000;
}
