import { parseTopic } from "./core/topics.ts";
import { patienceOf } from "./profile/owlcms/topics.ts";
import type { Current } from "./shell/current.ts";

/** Of a rule, or what a rule publishes. */
const usual = 10_000;

/** How long what is published on a topic may wait for the broker, in ms. */
export function eventTtl({ config, plan }: Pick<Current, "config" | "plan">, topic: string): number {
  const parsed = parseTopic(plan.topics, topic);
  const configured = parsed?.kind === "input-event" ? config.inputs[parsed.id]?.event_ttl : undefined;
  return patienceOf(topic) ?? configured ?? usual;
}
