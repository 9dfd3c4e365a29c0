import type { Host } from "../config/host.ts";
import type { Config } from "../config/schema.ts";
import { planOf } from "./core/plan.ts";
import { newState } from "./core/state.ts";
import { homieFilters } from "./homie.ts";
import { listenedTopics } from "./incoming.ts";
import { nodeFilters } from "./link-options.ts";
import { mqttioFilters } from "./mqttio.ts";
import { birthTopics } from "./profile/homeassistant.ts";
import { commandingProfiles } from "./profile-list.ts";
import { tasmotaFilters } from "./tasmota-topics.ts";

/** Every filter that an agent with this configuration asks its broker for, on each of its connections. */
export function subscriptionsOf(config: Config, host: Host): string[] {
  const plan = planOf(config);
  const world = { config, plan, state: newState(plan, () => 1) };
  const profiles = Object.values(commandingProfiles());
  const listened = listenedTopics(plan, [...profiles.flatMap((profile) => profile.topics(world)), ...birthTopics(world)]);
  const all = [
    ...nodeFilters(plan.topics),
    plan.topics.status,
    ...listened.map(({ topic }) => topic),
    ...tasmotaFilters(config, host),
    ...mqttioFilters(config),
    ...homieFilters(config, host),
  ];
  return [...new Set(all)];
}
