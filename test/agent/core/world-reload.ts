import assert from "node:assert/strict";
import { seqBlock } from "../../../agent/core/kept.ts";
import { withText } from "../../../agent/core/output-told.ts";
import { planOf } from "../../../agent/core/plan.ts";
import { carryOver, lineChanges } from "../../../agent/core/reload.ts";
import type { Config } from "../../../config/schema.ts";
import type { World } from "./world.ts";

/** The number of the first event in the world's state. */
export const firstSeq = 41;

/** A reload, in the order of `agent/reload.ts`. */
export function reloadWorld(world: World, config: Config, levels: Record<string, boolean>): void {
  const before = world.plan;
  const { leaving, anew } = lineChanges(world.config, config, (a, b) => JSON.stringify(a) === JSON.stringify(b));
  const outputs = [...leaving].flatMap((id) => before.outputIndex.get(id) ?? []);
  const released = before.outputs.flatMap(({ id }, index) => (leaving.has(id) || anew.has(id) ? index : []));
  if (released.length > 0) world.dispatch({ type: "outputs-leaving", outputs, released, at: world.now });
  for (const index of released) {
    if (world.outputs[index]?.active) world.wires.push({ id: before.outputs[index]?.id ?? "", active: false, at: world.now });
  }
  world.dispatch({ type: "totals-wanted", at: world.now });
  const plan = planOf(config);
  const { now: at } = world;
  const { state, effects } = carryOver({
    old: before,
    state: world.state,
    next: plan,
    anew,
    firstSeq: () => firstSeq,
    kept: { kept: (id) => world.onDisk(id), enabled: (id) => world.rulesOnDisk.get(id) },
    totals: { total: (id) => world.total(id) },
    at,
  });
  const kept = ({ id }: { id: string }, index: ReadonlyMap<string, number>) => (anew.has(id) ? -1 : (index.get(id) ?? -1));
  const { outputs: lines, inputs, observed, reserved, lastSeq } = world;
  world.config = config;
  world.plan = plan;
  world.state = state;
  world.outputs = plan.outputs.map((output) => lines[kept(output, before.outputIndex)] ?? { active: false, present: true, broken: false });
  world.inputs = plan.inputs.map((input) => inputs[kept(input, before.inputIndex)] ?? levels[input.id] ?? false);
  world.observed = plan.outputs.map((output) => observed[kept(output, before.outputIndex)]);
  world.reserved = plan.inputs.map(({ id }) => reserved[before.inputIndex.get(id) ?? -1] ?? firstSeq + seqBlock);
  world.lastSeq = plan.inputs.map(({ id }) => lastSeq[before.inputIndex.get(id) ?? -1] ?? firstSeq - 1);
  world.reloaded({ anew, at }, effects);
  // Until their lines are opened, a few calls from here, nothing new is shown of these.
  for (const { id, stateTopic } of plan.outputs) if (anew.has(id)) world.shown.delete(stateTopic);
  for (const effect of effects) {
    if (effect.type === "stopTimer") world.timers.delete(effect.key);
    else if (effect.type === "startTimer") world.timers.set(effect.key, effect.at);
    else if (effect.type === "publish") {
      if (effect.payload === "") world.shown.delete(effect.topic);
      world.published.push({ ...withText(effect), at: world.now });
    } else if (effect.type === "keepOutput") world.keep(effect);
    else if (effect.type === "log") world.logs.push(effect);
    else if (effect.type === "keepRule") world.rulesOnDisk.set(plan.rules[effect.rule]?.id ?? "", effect.enabled);
    else assert.fail(`a reload does not ask for ${effect.type}`);
  }
  for (const key of world.timers.keys()) assert.ok(plan.timers.has(key), `${key} is left over`);
  for (const [index, { id }] of plan.outputs.entries()) {
    if (anew.has(id) || !before.outputIndex.has(id)) world.dispatch(world.opened(index, "reload"));
  }
  for (const [input, { id }] of plan.inputs.entries()) {
    if (!anew.has(id) && before.inputIndex.has(id)) continue;
    world.dispatch({ type: "level-read", input, active: world.inputs[input] ?? false, at: world.now, why: "reload" });
  }
}
