import type { Config } from "../../config/schema.ts";
import type { LeafOffset, VpdFormula } from "./humid-air.ts";
import { type ValueRef, valueRefOf } from "./sensor-ref.ts";
import { rateUnit } from "./unit.ts";

type Kinds = {
  vpd: { formula: VpdFormula; offset: LeafOffset };
  dew_point: object;
  absolute_humidity: object;
  mean: { window: number };
  min: { window: number };
  max: { window: number };
  rate: { per: number };
  /** How fast an input counts, by its index. */
  counted: { input: number; perUnit: number; of: string | null; per: number };
  integral: object;
  /** JSONata, and the names of its inputs in their order. */
  value: { text: string; names: readonly string[] };
};

/** How a value is derived. Of humid air the inputs are temperature and humidity, in this order. */
export type DerivePlan = {
  [K in keyof Kinds]: { kind: K; inputs: readonly ValueRef[]; name: string; unit: string | null } & Kinds[K];
}[keyof Kinds];

/** The derived values of a checked configuration, which follow its sensors. */
export function derivePlansOf({ inputs, sensors, derive }: Config): { id: string; plan: DerivePlan; published: boolean }[] {
  const index = new Map([...Object.keys(sensors), ...Object.keys(derive)].map((id, at) => [id, at]));
  const refs = (...texts: string[]): ValueRef[] => texts.flatMap((text) => valueRefOf(index, text) ?? []);
  return Object.entries(derive).map(([id, settings]) => {
    const { name, unit, window, per, publish } = settings;
    const named = <K extends keyof Kinds>(kind: K, inputs: readonly ValueRef[]) => ({ kind, inputs, name: name ?? kind, unit });
    const plan = (): DerivePlan => {
      const { vpd, dew_point: dew, absolute_humidity: absolute, mean, min, max, rate, integral } = settings;
      if (vpd !== null) return { ...named("vpd", refs(vpd.temperature, vpd.humidity)), formula: vpd.formula, offset: vpd.leaf_offset };
      if (dew !== null) return named("dew_point", refs(dew.temperature, dew.humidity));
      if (absolute !== null) return named("absolute_humidity", refs(absolute.temperature, absolute.humidity));
      if (mean !== null) return { ...named("mean", refs(mean)), window };
      if (min !== null) return { ...named("min", refs(min)), window };
      if (max !== null) return { ...named("max", refs(max)), window };
      const counter = rate === null || !Object.hasOwn(inputs, rate) ? undefined : inputs[rate];
      if (rate !== null && counter) {
        const { per_unit: perUnit, unit: of } = counter;
        const input = Object.keys(inputs).indexOf(rate);
        return { ...named("counted", []), name: name ?? "rate", unit: unit ?? rateUnit(of, per), input, perUnit, of, per };
      }
      if (rate !== null) return { ...named("rate", refs(rate)), per };
      if (integral !== null) return named("integral", refs(integral));
      const variables = Object.entries(settings.inputs ?? {});
      return {
        ...named("value", refs(...variables.map(([, ref]) => ref))),
        text: settings.value ?? "",
        names: variables.map(([variable]) => variable),
      };
    };
    return { id, plan: plan(), published: publish === "true" };
  });
}
