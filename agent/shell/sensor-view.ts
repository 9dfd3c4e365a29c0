import type { Config } from "../../config/schema.ts";
import { isoTime } from "../core/iso-time.ts";
import type { Plan } from "../core/plan.ts";
import { qualityOf, reasonOf } from "../core/sensor.ts";
import type { State } from "../core/state.ts";
import type { Methods, SensorEntry, SensorView } from "../protocol.ts";
import { quoted } from "../unknown-id.ts";
import { Refused } from "./control.ts";
import { sensorUses } from "./sensor-uses.ts";

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

/** The same as a list, with what a person wants to know who looks at all of them. */
export function sensorEntries(plan: Plan, config: Config, state: Readonly<State>, now: number): SensorEntry[] {
  const uses = sensorUses(config);
  return plan.sensors.flatMap(({ id, staleAfter }): SensorEntry[] => {
    const view = sensorView(plan, state, id, now);
    // Of a vapour pressure deficit it counts by which formula it came about.
    const driver = config.sensors[id]?.driver ?? config.derive[id]?.vpd?.formula ?? "derived";
    const holds = Number.isFinite(staleAfter) ? staleAfter : null;
    return view ? [{ kind: "sensor", id, driver, stale_after_ms: holds, used_by: uses.get(id) ?? [], ...view }] : [];
  });
}

/** What `get` answers: all of a sensor, or with `tent.humidity` one of its values; undefined when there is no such sensor. */
export function sensorAnswer(
  plan: Plan,
  state: Readonly<State>,
  reference: string,
  now: number,
): (Methods["get"]["result"] & { kind: "sensor" }) | undefined {
  // From a client it may be anything.
  const [id = "", ...rest] = String(reference).split(".");
  const name = rest.length === 0 ? undefined : rest.join(".");
  const view = sensorView(plan, state, id, now);
  if (!view) return undefined;
  const values = name === undefined ? view.values : view.values.filter((value) => value.name === name);
  if (values.length === 0 && view.values.length > 0)
    throw new Refused("unknown-id", `${id} measures no ${quoted(name)}; it measures ${view.values.map(({ name }) => name).join(", ")}`);
  const known = view.quality === "ok" ? values.map(({ value }) => value).join(", ") : "UNKNOWN";
  return { id: reference, kind: "sensor", state: known, ...view, values };
}
