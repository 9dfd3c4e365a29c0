import type { Plan } from "../core/plan.ts";
import { qualityOf, reasonOf } from "../core/sensor.ts";
import { isoTime, type State } from "../core/state.ts";
import type { SensorView } from "../protocol.ts";

/** A sensor as control clients see it; undefined for one that is not configured. */
export function sensorView(plan: Plan, state: Readonly<State>, id: string, now: number): SensorView | undefined {
  const index = plan.sensorIndex.get(id) ?? -1;
  const [sensorPlan, sensor] = [plan.sensors[index], state.sensors[index]];
  if (!sensorPlan || !sensor) return undefined;
  const { values, at } = sensor;
  return {
    values: values ?? [],
    quality: qualityOf(sensor),
    reason: reasonOf(sensorPlan, sensor),
    ts: values === null ? null : isoTime(state, at),
    age_ms: values === null ? null : Math.round(now - at),
  };
}

export function sensorViews(plan: Plan, state: Readonly<State>, now: number): Record<string, SensorView> {
  return Object.fromEntries(
    plan.sensors.flatMap(({ id }) => {
      const view = sensorView(plan, state, id, now);
      return view ? [[id, view]] : [];
    }),
  );
}
