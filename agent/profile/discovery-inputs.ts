import type { Config } from "../../config/schema.ts";
import type { InputPlan } from "../core/input-plan.ts";
import type { Plan } from "../core/plan.ts";
import { type Add, availableWith, known, nameOf } from "./component.ts";
import { rateMeasureOf, totalMeasureOf } from "./quantities.ts";

/** Gestures of a button as Home Assistant's device triggers have always called them; the number of clicks stands behind the event. */
const triggers: readonly (readonly [event: string, type: string])[] = [
  ["press_end", "button_short_press"],
  ["multi_press_end2", "button_double_press"],
  ["multi_press_end3", "button_triple_press"],
  ["multi_press_end4", "button_quadruple_press"],
  ["multi_press_end5", "button_quintuple_press"],
  ["long_press_start", "button_long_press"],
  ["long_press_end", "button_long_release"],
];

/** Inputs: gestures as events, levels as binary sensors, counters as meters. */
export function addInputs(plan: Plan, config: Config, add: Add): void {
  for (const inputPlan of plan.inputs) {
    const input = config.inputs[inputPlan.id];
    if (!input) continue;
    const { id, stateTopic, eventTopic } = inputPlan;
    const name = nameOf(id, input.name);
    const deviceClass = input.homeassistant?.device_class ?? null;
    switch (input.kind) {
      case "switch":
        add(`in_${id}_state`, {
          platform: "binary_sensor",
          name,
          ...(deviceClass !== null && { device_class: deviceClass }),
          state_topic: stateTopic,
          payload_on: "ON",
          payload_off: "OFF",
          ...availableWith(plan, known(stateTopic)),
        });
        break;
      case "button":
      case "doorbell":
        add(`in_${id}`, { platform: "event", name, device_class: input.kind, event_types: eventTypes(inputPlan), state_topic: eventTopic });
        if (input.kind === "button" && config.homeassistant.device_triggers === "true") addTriggers(inputPlan, add);
        break;
      case "counter":
        addMeter(plan, inputPlan, name, deviceClass, add);
        break;
      case "encoder":
        add(`in_${id}`, { platform: "event", name, event_types: eventTypes(inputPlan), state_topic: eventTopic });
        add(`in_${id}_position`, {
          platform: "sensor",
          name: `${name} position`,
          state_class: "measurement",
          state_topic: stateTopic,
          value_template: "{{ value_json.position }}",
          ...availableWith(plan),
        });
        break;
    }
  }
}

/** Those that can come as it is configured. */
export function eventTypes({ gestures: { eventTypes: types, most } }: InputPlan): string[] {
  const several = new Set([types.ongoing, types.double]);
  const possible = Object.values(types).filter((type) => type !== null && (most > 1 || !several.has(type)));
  return [...new Set(possible as string[])];
}

function addTriggers({ id, eventTopic, gestures: { most } }: InputPlan, add: Add): void {
  for (const [payload, type] of triggers) {
    if (Number(/\d$/.exec(payload)?.[0] ?? 1) > most) continue;
    add(`in_${id}_${type}`, {
      platform: "device_automation",
      automation_type: "trigger",
      type,
      subtype: id,
      topic: eventTopic,
      payload,
      value_template: "{{ value_json.event_type }}{{ value_json.multi_press_count | default('') }}",
    });
  }
}

function addMeter(plan: Plan, { id, stateTopic, counter }: InputPlan, name: string, deviceClass: string | null, add: Add): void {
  if (counter === null) return;
  add(`in_${id}_total`, {
    platform: "sensor",
    name,
    ...totalMeasureOf(counter.unit, deviceClass),
    state_class: "total_increasing",
    state_topic: stateTopic,
    value_template: "{{ value_json.total }}",
    ...availableWith(plan),
  });
  add(`in_${id}_rate`, {
    platform: "sensor",
    name: `${name} rate`,
    ...rateMeasureOf(counter.rateUnit),
    state_class: "measurement",
    state_topic: stateTopic,
    value_template: "{{ value_json.rate }}",
    ...availableWith(plan),
  });
}
