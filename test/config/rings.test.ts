import { expect, it } from "vitest";
import { load, saidAbout } from "./loading.ts";

const dry = "when: { sensor: tent, below: 55, hysteresis: 3 }, on_stale: none";

it.each([
  ["switch off in do what must be off", `a: { ${dry}, and: [{ output: fan, is: off }], do: [{ output: fan, set: off }], else: [] }`],
  [
    "have another rule keep a condition as it is",
    `a: { ${dry}, and: [{ output: fan, is: off }], do: [{ output: mister, set: on }], else: [{ output: mister, set: off }] }
  b: { when: { output: mister, is: on }, do: [{ output: fan, set: off }] }`,
  ],
  [
    "end by else what they wait for",
    `a: { ${dry}, and: [{ output: fan, is: on }], do: [{ output: mister, set: on }], else: [{ output: fan, set: off }, { output: mister, set: off }] }`,
  ],
  [
    "go round no faster than a minimum time",
    `a: { ${dry}, unless: [{ output: fan, is: on }], do: [{ output: fan, set: on }], else: [{ output: fan, set: off }], min_on: 1m }`,
  ],
])("rules that %s are no ring", (_, rules) => {
  const text = `
sensors: { tent: { driver: file, path: /tmp/humidity, name: humidity } }
outputs: { mister: { line: 17 }, fan: { line: 22 } }
rules:
  ${rules}
`;
  expect(saidAbout(load(text))).toEqual([]);
});
