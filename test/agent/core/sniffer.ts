/** The message of the customer's document 002, byte for byte as it is printed there: with one brace too many at its end. */
export const printed = `{"Time":"2022-09-06T08:52:59",
  "ANALOG":{"A0":542},
  "SCD30":{"CarbonDioxide":814,"eCO2":787,"Temperature":71.8,"Humidity":61.6,"DewPoint":57.9},"TempUnit":"F"}
}
`;
/** As it was meant. */
export const wellFormed = printed.replace(/\}\n\}\n$/, "}\n");

/** Damaged in many ways, each the same in every run: a byte lost, doubled, changed, swapped; cut off; of other types. */
export function mutations(): string[] {
  const made: string[] = [];
  let seed = 2;
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let count = 0; count < 40; count++) {
    const at = next(wellFormed.length);
    const [before, own, after] = [wellFormed.slice(0, at), wellFormed.charAt(at), wellFormed.slice(at + 1)];
    made.push([before + after, before + own + own + after, `${before}${String.fromCharCode(next(256))}${after}`, before][count % 4] ?? "");
  }
  return [
    ...made,
    wellFormed.replace("61.6", '"61.6"'),
    wellFormed.replace("61.6", "null"),
    wellFormed.replace("61.6", "1e999"),
    wellFormed.replace("61.6", "[61.6]"),
    wellFormed.replace("61.6", '{"value":61.6}'),
    wellFormed.replace("Humidity", "humidity"),
    wellFormed.replace('"F"', '"X"'),
    wellFormed.replace(',"TempUnit":"F"', ""),
    wellFormed.replace("SCD30", "SCD40"),
    `\ufeff${wellFormed}`,
  ];
}
