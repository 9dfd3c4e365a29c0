import type { Config, SensorConfig } from "../../config/schema.ts";
import type { Plan } from "../core/plan.ts";
import { type Add, availableWith, nameOf } from "./component.ts";
import { isNumeric, measureOf, type Named } from "./quantities.ts";

/** Classes of what only grows, or is no amount at all: Home Assistant draws no mean of them. */
const stateClasses = new Map<string | undefined, string | null>([
  ["energy", "total"],
  ["gas", "total"],
  ["volume", "total"],
  ["water", "total"],
  ["wind_direction", null],
]);

/** Sensors, with one entity for each of their values. `quantities` are what the driver of a sensor says it measures. */
export function addSensors(plan: Plan, config: Config, quantities: (sensor: string) => readonly Named[], add: Add): void {
  for (const { id, staleAfter, stateTopic, availabilityTopic, published } of plan.sensors) {
    if (!published) continue;
    const { homeassistant: appears = null } = config.sensors[id] ?? {};
    const said = slowest(config.sensors[id]);
    const values = quantities(id);
    for (const quantity of values) {
      const [name, alone] = [nameOf(id, appears?.name), values.length === 1];
      // A class that was chosen is that of the one value.
      const measure = measureOf(quantity, alone ? (appears?.device_class ?? null) : null);
      const stateClass = stateClasses.get(measure.device_class);
      add(`s_${id}_${quantity.name}`, {
        platform: "sensor",
        name: alone ? name : `${name} ${quantity.name.replaceAll("_", " ")}`,
        ...measure,
        ...(isNumeric(quantity) && stateClass !== null && { state_class: stateClass ?? "measurement" }),
        state_topic: stateTopic,
        value_template: `{{ value_json.${quantity.name} }}`,
        // A derived value has no time of its own: its availability says when it is over.
        ...(Number.isFinite(staleAfter) && { expire_after: Math.ceil(Math.max(staleAfter, said) / 1000) }),
        ...availableWith(plan, { topic: availabilityTopic }),
      });
    }
  }
}

/** How long a value that holds may not be told again, because it has not moved. */
function slowest(sensor: SensorConfig | undefined): number {
  if (sensor === undefined) return 0;
  const reports = [sensor.report, ...Object.values(sensor.quantities).map(({ report }) => report)];
  return sensor.every + Math.max(0, ...reports.map((report) => report?.every ?? 0));
}
