import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { configOf } from "../core/fixture.ts";
import { createHub } from "./example.ts";
import { profileWorld, publications } from "./fixture.ts";

const root = dirname(createRequire(import.meta.url).resolve("pinbus/package.json"));

it("the example of docs/profiles.md is the one that is tested here", () => {
  const page = readFileSync(join(root, "docs/profiles.md"), "utf8");
  const [, shown] = /^```ts\n(.*?)^```$/ms.exec(page) ?? [];
  const source = readFileSync(join(root, "test/agent/profile/example.ts"), "utf8");
  expect(shown).toBe(source.slice(source.indexOf("/**")));
});

it("the example tells states after a connect and at each change, takes commands, and says that it is alive", () => {
  const hub = profileWorld(createHub, configOf({ outputs: { lamp: {}, fan: {} } }));
  const told = (effects: ReturnType<typeof hub.step>) => publications(effects).map(({ topic, payload }) => `${topic} ${payload}`);
  expect(told(hub.step({ type: "birth", at: 0 }))).toEqual(["hub/light/1 0", "hub/light/2 0", "hub/alive yes"]);
  hub.core().control("fan", "ON");
  expect(told(hub.step({ type: "told", said: [], at: 1 }))).toEqual(["hub/light/1 0", "hub/light/2 1"]);
  expect(hub.heard("hub/light/2/set", "1")).toMatchObject([{ type: "command", output: "fan", message: { payload: "ON", retain: false } }]);
  expect(hub.step({ type: "timer-due", key: "beat", at: 60_000 })).toContainEqual({ type: "startTimer", key: "beat", at: 120_000 });
});
