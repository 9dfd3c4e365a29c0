import { completeItem } from "./complete.ts";
import { id as idFormat } from "./formats.ts";
import { isLeaf, isMapOf, type SchemaGroup } from "./leaf.ts";
import type { Problem } from "./problem.ts";
import type { Config, SensorConfig } from "./schema.ts";
import { sensorSchema } from "./sensors.ts";

/** The id of the sensor that a rule brings with it. */
const inlineId = (rule: string) => `${rule}-value`;

/**
 * Triggers with a value out of a message, `when: {topic, value, below: 55, stale_after: 3m}`, become what they are short for: a sensor of
 * the driver `topic`, and a trigger on its value. Nothing is done twice.
 */
export function expandInlineValues({ rules, sensors }: Pick<Config, "rules" | "sensors">): void {
  for (const [rule, { when }] of Object.entries(rules)) {
    for (const trigger of when) {
      const { topic, value, stale_after } = trigger;
      if (topic === null || value === null) continue;
      const own = { driver: "topic", topic, values: { value: completeValue(value) }, stale_after };
      sensors[inlineId(rule)] = completeItem(sensorSchema, own) as SensorConfig;
      Object.assign(trigger, { sensor: inlineId(rule), topic: null, value: null, stale_after: null });
    }
  }
}

/** One of the values of such a sensor, with its defaults. */
function completeValue(value: string): Record<string, unknown> {
  const { values }: SchemaGroup = sensorSchema;
  return values !== undefined && isMapOf(values) && !isLeaf(values.items) ? completeItem(values.items, { value }) : { value };
}

/** Why a rule cannot bring a sensor with it; null when it can. */
export function inlineProblem(rule: string, taken: ReadonlySet<string>): Pick<Problem, "message" | "fix"> | null {
  const id = inlineId(rule);
  if (taken.has(id)) return { message: `its value would be the sensor ${id}, which is there already`, fix: "give the rule another id" };
  if (idFormat.read(id).ok) return null;
  return { message: `its value would be the sensor ${id}, whose name is too long`, fix: "give the rule a shorter id" };
}
