import { expect, it } from "vitest";
import type { ProfileEffect } from "../../../agent/profile/profile.ts";
import type { Words } from "../../../agent/profile/registry.ts";
import { createTakenBack } from "../../../agent/profile/taken-back.ts";
import { configOf } from "../core/fixture.ts";
import { profileWorld, publications } from "./fixture.ts";

/** A run that announces these, after runs that have announced `before`. */
function run(topics: readonly string[], before: ReadonlyMap<string, Words> = new Map()) {
  return profileWorld(() => createTakenBack({ topics, announced: before }), configOf({}));
}
const kept = (effects: readonly ProfileEffect[]) =>
  effects.flatMap((effect) => (effect.type === "keep" ? [[effect.id, effect.value]] : []));
const birth = { type: "birth", at: 0 } as const;

it("what is announced is remembered, and not touched", () => {
  const effects = run(["a", "b"]).step(birth);
  expect(kept(effects)).toEqual([
    ["a", {}],
    ["b", {}],
  ]);
  expect(publications(effects)).toEqual([]);
});

it("what an earlier run has announced, and this one does not, is emptied at each connect until the broker has taken that", () => {
  const world = run(["b"], new Map([["a", {}]]));
  const empty = { topic: "a", payload: "", qos: 1, retain: true };
  expect(publications(world.step(birth))).toEqual([empty]);
  world.step({ type: "offline", at: 1 });
  // Of the connection that has ended.
  expect(world.step({ type: "delivered", topic: "a", payload: "" })).toEqual([]);
  expect(publications(world.step(birth))).toEqual([empty]);
  expect(kept(world.step({ type: "delivered", topic: "a", payload: "" }))).toEqual([["a", null]]);
  expect(publications(world.step(birth))).toEqual([]);
});
