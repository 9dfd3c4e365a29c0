// Units by Home Assistant's names. Each converts to the first of its kind by `× factor + shift`.

interface Scale {
  kind: string;
  factor: number;
  shift: number;
}

const kinds: Readonly<Record<string, Readonly<Record<string, number | readonly [factor: number, shift: number]>>>> = {
  temperature: { "°C": 1, "°F": [5 / 9, -160 / 9], K: [1, -273.15] },
  humidity: { "%": 1 },
  pressure: { Pa: 1, hPa: 100, mbar: 100, kPa: 1000, bar: 100_000, psi: 6894.757293168361, mmHg: 133.322387415, inHg: 3386.388640341 },
  power: { W: 1, mW: 0.001, kW: 1000, MW: 1_000_000 },
  energy: { Wh: 1, kWh: 1000, MWh: 1_000_000, J: 1 / 3600, kJ: 1 / 3.6, MJ: 1000 / 3.6 },
  length: { m: 1, mm: 0.001, cm: 0.01, km: 1000, in: 0.0254, ft: 0.3048 },
  speed: { "m/s": 1, "km/h": 1 / 3.6, mph: 0.44704, kn: 1852 / 3600 },
  volume: { L: 1, l: 1, mL: 0.001, "m³": 1000, gal: 3.785411784, "ft³": 28.316846592 },
};

const scales: ReadonlyMap<string, Scale> = new Map(
  Object.entries(kinds).flatMap(([kind, units]) =>
    Object.entries(units).map(([unit, how]): [string, Scale] => {
      const [factor, shift] = typeof how === "number" ? [how, 0] : how;
      return [unit, { kind, factor, shift }];
    }),
  ),
);

/** How devices write units of temperature in their messages, Tasmota's `TempUnit` among them. */
const words: ReadonlyMap<string, string> = new Map([
  ["c", "°C"],
  ["celsius", "°C"],
  ["f", "°F"],
  ["fahrenheit", "°F"],
  ["kelvin", "K"],
]);

/** The unit that a word in a message means; undefined for one that is not known. */
export function unitOfWord(word: string): string | undefined {
  const said = word.trim();
  return scales.has(said) ? said : words.get(said.toLowerCase().replace(/^(?:°|º|deg(?:rees)? ?)/, ""));
}

/** `value` in another unit; undefined when the two do not measure the same. A unit that is not known converts to itself alone. */
export function convert(value: number, from: string | null, to: string | null): number | undefined {
  if (from === to) return value;
  const [source, target] = [scales.get(from ?? ""), scales.get(to ?? "")];
  if (!source || !target || source.kind !== target.kind) return undefined;
  return (value * source.factor + source.shift - target.shift) / target.factor;
}

/** The same for a difference: 9 °F more are 5 °C more. */
export function convertDifference(value: number, from: string, to: string): number | undefined {
  if (from === to) return value;
  const [source, target] = [scales.get(from), scales.get(to)];
  if (!source || !target || source.kind !== target.kind) return undefined;
  return (value * source.factor) / target.factor;
}

const perTime: readonly (readonly [RegExp, number])[] = [
  [/\/s$/, 1000],
  [/\/min$/, 60_000],
  [/\/h$/, 3_600_000],
];

/** What `unit` becomes when it is summed up over time, and what one of it makes in one ms: kW → kWh, L/min → L. Undefined when that is not known. */
export function integralUnit(unit: string | null): { unit: string; perMs: number } | undefined {
  if (unit === null) return undefined;
  const power = scales.get(unit);
  if (power?.kind === "power") return { unit: "Wh", perMs: power.factor / 3_600_000 };
  for (const [pattern, ms] of perTime) {
    const base: string = unit.replace(pattern, "");
    if (base !== unit) return { unit: base, perMs: 1 / ms };
  }
  return undefined;
}

/** `°C/min`, `L/h`; without a unit `/min`. */
export function rateUnit(unit: string | null, per: number): string {
  const time = { 1000: "s", 60000: "min", 3600000: "h", 86400000: "d" }[per] ?? `${per / 1000} s`;
  return `${unit ?? ""}/${time}`;
}

const times: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** So much each ms, in `wanted` (`L/min`), or without one in `unit` per `per` ms; undefined when the two do not measure the same. */
export function rateIn(
  perMs: number,
  unit: string | null,
  per: number,
  wanted: string | null,
): { value: number; unit: string } | undefined {
  if (wanted === null) return { value: perMs * per, unit: rateUnit(unit, per) };
  const [, base, time] = /^(.*)\/(s|min|h|d)$/.exec(wanted) ?? [];
  // A unit of another form, such as kW of kWh in an hour, is a name of its own.
  if (base === undefined || time === undefined) return { value: perMs * per, unit: wanted };
  const value = perMs * (times[time] ?? per);
  const converted = unit === null ? value : convertDifference(value, unit, base);
  return converted === undefined ? undefined : { value: converted, unit: wanted };
}
