import { bad, duration, formatDuration, ok, oneOf } from "./formats.ts";
import type { Format, Reading } from "./leaf.ts";
import { suggest } from "./suggest.ts";

type Fields = Readonly<Record<string, Format<unknown>>>;
type ValuesOf<F extends Fields> = { [K in keyof F]: F[K] extends Format<infer T> ? T : never };

/** One value written as a small map, `{after: 30s, do: off}`; a field that is not named is absent. */
function fields<F extends Fields>(formats: F, value: object): Reading<Partial<ValuesOf<F>>> {
  const values: Partial<Record<string, unknown>> = {};
  const known = Object.keys(formats);
  for (const [key, raw] of Object.entries(value)) {
    const format = Object.hasOwn(formats, key) ? formats[key] : undefined;
    if (format === undefined) {
      const close = suggest(key, known);
      return {
        ok: false,
        what: `the key ${JSON.stringify(key)} is not known`,
        fix: close ? `did you mean ${close}?` : `known are ${known.join(", ")}`,
      };
    }
    const reading = format.read(raw);
    if (!reading.ok) return { ...reading, what: `${key}: ${reading.what}` };
    values[key] = reading.value;
  }
  return { ok: true, value: values as Partial<ValuesOf<F>> };
}

export function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface MapFormat<F extends Fields, N extends keyof F, T> extends Pick<Format<T>, "name" | "shape" | "write"> {
  /** How it is written: what is told of a value that is no map, or lacks something. */
  fix: string;
  fields: F;
  /** Those that may not be absent, in the order in which they are asked for. */
  needs?: readonly N[];
  value(values: Partial<ValuesOf<F>> & Pick<ValuesOf<F>, N>): Reading<T>;
}

/** A format whose values are small maps. */
export function mapFormat<F extends Fields, T, N extends keyof F & string = never>({
  name,
  shape,
  fix,
  fields: formats,
  needs = [],
  value: made,
  write,
}: MapFormat<F, N, T>): Format<T> {
  return {
    name,
    shape,
    read(value) {
      if (!isMap(value)) return bad("it is not a map", fix);
      const reading = fields(formats, value);
      if (!reading.ok) return reading;
      const lacks = needs.find((key) => reading.value[key] === undefined);
      return lacks === undefined ? made(reading.value as Partial<ValuesOf<F>> & Pick<ValuesOf<F>, N>) : bad(`it has no ${lacks}`, fix);
    },
    write,
  };
}

export interface PulseLength {
  default: number | null;
  max: number | null;
}

/** `500ms`, or `{default: 500ms, max: 2s}` with a ceiling for what commands may ask for. */
export function pulseOf(length: Format<number>): Format<number | PulseLength> {
  const shape = `${length.shape}, or \`{default: 500ms, max: 2s}\``;
  return {
    name: `pulse ${length.name}`,
    shape,
    read(value, source) {
      if (!isMap(value)) return length.read(value, source);
      const reading = fields({ default: length, max: length }, value);
      if (!reading.ok) return reading;
      return { ok: true, value: { default: reading.value.default ?? null, max: reading.value.max ?? null } };
    },
    write(value) {
      if (typeof value === "number") return length.write(value);
      const parts = Object.entries(value).flatMap(([key, ms]) => (ms === null ? [] : `${key}: ${formatDuration(ms)}`));
      return `{${parts.join(", ")}}`;
    },
  };
}

export interface BrokerLost {
  after: number;
  do: "off" | "on" | "keep";
}

const day = 86_400_000;

export const brokerLost: Format<BrokerLost> = mapFormat({
  name: "broker lost",
  shape: "`{after: 30s, do: off}`; `do` is `off`, `on` or `keep`",
  fix: "write {after: 30s, do: off}",
  fields: { after: duration(1000, 7 * day), do: oneOf("off", "on", "keep") },
  needs: ["after", "do"],
  value: ok,
  write: ({ after, do: what }) => `{after: ${formatDuration(after)}, do: ${what}}`,
});
