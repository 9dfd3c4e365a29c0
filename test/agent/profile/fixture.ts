import { planOf } from "../../../agent/core/plan.ts";
import type { Profile, ProfileEffect, ProfileEvent, World } from "../../../agent/profile/profile.ts";
import type { Config } from "../../../config/schema.ts";
import { World as Core } from "../core/world.ts";

/** A profile on a core in virtual time, and what it wanted so far. */
export function profileWorld(make: () => Profile, config: Config) {
  let core = new Core(config);
  let profile = make();
  let world: World = { config, plan: core.plan, state: core.state };
  const step = (event: ProfileEvent) => profile.step(world, event);
  return {
    core: () => core,
    step,
    topics: () => profile.topics(world),
    watches: () => profile.watches(world),
    heard: (topic: string, payload: string, more: { retain?: boolean; at?: number } = {}) =>
      step({
        type: "heard",
        message: { topic, payload, retain: more.retain ?? false, responseTopic: null, correlationData: null },
        at: more.at ?? 0,
      }),
    /** Another configuration, as after a reload. */
    reconfigure(after: Config) {
      core = new Core(after);
      world = { config: after, plan: planOf(after), state: core.state };
      return step({ type: "changed", at: 0 });
    },
    /** Another run of the agent. */
    restart() {
      profile = make();
    },
  };
}

export function publications(effects: readonly ProfileEffect[]) {
  return effects.flatMap((effect) => (effect.type === "publish" ? effect.publication : []));
}
