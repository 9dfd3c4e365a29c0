import { expect, it } from "vitest";
import type { InputConfig } from "../../config/schema.ts";
import { configOf } from "./core/fixture.ts";
import { good, line, running } from "./running.ts";

const device = "Pedal";
const key = (name: string, more: Partial<InputConfig> = {}): Partial<InputConfig> => ({
  line: null,
  evdev: device,
  key: name,
  debounce: 0,
  ...more,
});

it.each<[string, Record<string, Partial<InputConfig>>, Record<string, Partial<InputConfig>>, string[]]>([
  [
    "a line that becomes a key",
    { pedal: { line: line(17), debounce: 0 } },
    { pedal: key("KEY_F1") },
    ["its line is released, and the new one is requested", ...Array(2).fill("its line is released, and it is requested")],
  ],
  [
    "a key of another polarity",
    { pedal: key("KEY_F1") },
    { pedal: key("KEY_F1", { active: "low" }) },
    ["its key is released, and it is requested"],
  ],
  ["a key that is removed", { pedal: key("KEY_F1") }, {}, ["its key is released"]],
])("a reload says what it lets go of: %s", (_, inputs, after, words) => {
  const { reloader, world } = running(configOf({ inputs }));
  world.file = good(configOf({ inputs: after }));
  expect(reloader.diff().changes.map((change) => change.split("; ")[1])).toEqual(words);
});

it.each([
  ["another key", key("KEY_F2"), ["pinbus:pedal"]],
  ["a line", { line: line(17) }, ["pinbus:pedal"]],
  ["the same key, grabbed", key("KEY_F1", { grab: "on" }), ["pinbus:pedal"]],
  ["the same key with another hold", key("KEY_F1", { hold: 2000 }), []],
])("a reload asks anew for an input that becomes %s, and for nothing else", async (_, after, claims) => {
  const other = key("KEY_A");
  const { board, reloader, world } = running(configOf({ inputs: { pedal: key("KEY_F1"), other } }));
  board.claims.length = 0;
  world.file = good(configOf({ inputs: { pedal: after, other } }));
  expect(await reloader.reload("test")).toMatchObject({ applied: true, problems: [] });
  expect(board.claims).toEqual(claims);
});
