import { expect, it } from "vitest";
import { tellFormulas } from "../../agent/tell-formulas.ts";
import { configOf } from "../config/loading.ts";

const tent = (formula: string, leaf: string) =>
  configOf(`
sensors: { tent: { driver: topic, topic: t, values: { t: { value: t, unit: °C }, h: { value: h, unit: "%" } } } }
derive:
  tent-vpd: { vpd: { formula: ${formula}, temperature: tent.t, humidity: tent.h, leaf_offset: ${leaf} } }
  calm: { mean: tent.h }
`);

it("growbuddy 7.4: the log says by which formula a vapour pressure deficit is computed, at the start and when that has changed", () => {
  const said: string[] = [];
  const log = { info: (message: string) => said.push(message) };
  const [before, after] = [tent("tetens", "-2 °F"), tent("tetens", "-1 °C")];
  tellFormulas(before, log);
  tellFormulas(tent("tetens", "-2 °F"), log, before);
  tellFormulas(after, log, before);
  expect(said).toEqual(["tent-vpd: vpd (tetens, leaf -2 °F) of tent.t, tent.h", "tent-vpd: vpd (tetens, leaf -1 °C) of tent.t, tent.h"]);
});
