import { expect, it } from "vitest";
import { planOf } from "../../agent/core/plan.ts";
import { eventTtl } from "../../agent/event-ttl.ts";
import { configOf } from "./core/fixture.ts";

const config = configOf({ inputs: { porch: { event_ttl: 60_000 } } });

it.each([
  ["an event of an input, as configured", "pinbus/garage/in/porch/event", 60_000],
  ["an event of a rule", "pinbus/garage/rule/porch-lamp/event", 10_000],
  ["what a rule says to others", "hall/call", 10_000],
  ["what any rule says to owlcms, for which it would count in the next attempt", "owlcms/refbox/decision/A", 1000],
])("waits for the broker: %s", (_, topic, ms) => {
  expect(eventTtl({ config, plan: planOf(config) }, topic)).toBe(ms);
});
