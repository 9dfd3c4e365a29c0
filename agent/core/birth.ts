import type { Health } from "./health.ts";
import { stateOf as inputStateOf } from "./input.ts";
import { attrOf, stateOf as outputStateOf, type Retained } from "./output-told.ts";
import type { Plan } from "./plan.ts";
import { ruleStateOf } from "./rule.ts";
import { sensorOnBus } from "./sensor.ts";
import type { State } from "./state.ts";

/** Everything retained that the core owns, as it is now: what the broker is told anew after each connect. */
export function birthOf(plan: Plan, state: State): Retained[] {
  const publications: Retained[] = [];
  plan.inputs.forEach((inputPlan, index) => {
    const input = state.inputs[index];
    if (input) publications.push(inputStateOf(inputPlan, input));
  });
  plan.outputs.forEach((outputPlan, index) => {
    const output = state.outputs[index];
    if (output) publications.push(outputStateOf(outputPlan, output), attrOf(state, outputPlan, output));
  });
  plan.rules.forEach(({ stateTopic }, index) => {
    const rule = state.rules[index];
    if (rule) publications.push(ruleStateOf(stateTopic, rule));
  });
  plan.controllers.forEach((controllerPlan, index) => {
    const controller = state.controllers[index];
    if (controller?.told != null)
      publications.push({ kind: "state", topic: controllerPlan.stateTopic, payload: controller.told, qos: 0, retain: true });
  });
  plan.sensors.forEach((sensorPlan, index) => {
    const sensor = state.sensors[index];
    if (sensor) publications.push(...sensorOnBus(state, sensorPlan, sensor));
  });
  return publications;
}

export function healthPublication(plan: Plan, health: Health): Retained {
  return { kind: "state", topic: plan.topics.health, payload: JSON.stringify(health), qos: 1, retain: true };
}
