import { expect, it } from "vitest";
import type { ProfileEffect, World } from "../../../agent/profile/profile.ts";
import type { Words } from "../../../agent/profile/registry.ts";
import { createTakenBack } from "../../../agent/profile/taken-back.ts";
import { configOf } from "../core/fixture.ts";
import { profileWorld, publications } from "./fixture.ts";

/** A run that announces these, after runs that have announced `before`. */
function run(topics: readonly string[], before: ReadonlyMap<string, Words> = new Map()) {
  return profileWorld(() => createTakenBack({ topics: () => topics, announced: () => before }), configOf({}));
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

it("what a reload takes away is emptied at once, and what it adds is remembered", () => {
  const topicsOf = ({ config }: World) => (config.node === "garage" ? ["a", "b"] : ["b", "c"]);
  const world = profileWorld(() => createTakenBack({ topics: topicsOf, announced: () => new Map() }), configOf({}));
  world.step(birth);
  const effects = world.reconfigure({ ...configOf({}), node: "shed" });
  expect(publications(effects)).toEqual([{ topic: "a", payload: "", qos: 1, retain: true }]);
  expect(kept(effects)).toEqual([["c", {}]]);
});

it("while the other connection takes back by itself nothing is touched; when that ends, what it has left is emptied", () => {
  const topicsOf = ({ config }: World) => (config.node === "garage" ? null : []);
  const left: ReadonlyMap<string, Words> = new Map([["a", {}]]);
  const world = profileWorld(() => createTakenBack({ topics: topicsOf, announced: () => left }), configOf({}));
  expect(world.step(birth)).toEqual([]);
  expect(publications(world.reconfigure({ ...configOf({}), node: "shed" }))).toMatchObject([{ topic: "a", payload: "" }]);
});
