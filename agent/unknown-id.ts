import type { ServiceEntry, ServiceSettings } from "../config/services.ts";
import { serviceOf } from "../config/services.ts";
import type { Plan } from "./core/plan.ts";
import { Refused } from "./shell/control.ts";

/** Refuses an id, and says which there are. `what` = `output`, `input or output`. */
export function unknownId(what: string, id: unknown, there: readonly { id: string }[], where = ""): Refused {
  const ids = there.map((item) => item.id).join(", ") || "none";
  return new Refused("unknown-id", `there is no ${what} ${quoted(id)}${where}; there are ${ids}`);
}

/** An id from a client, safe to show again. */
export function quoted(id: unknown): string {
  return JSON.stringify(String(id).slice(0, 40));
}

/** The place of an output in the plan; refuses an id that none has. */
export function outputIndexOf(plan: Plan, id: string): number {
  const index = plan.outputIndex.get(id);
  if (index === undefined) throw unknownId("output", id, plan.outputs);
  return index;
}

/** What the configuration says of a unit; refuses one that it does not list. */
export function listedService(services: readonly ServiceEntry[], unit: unknown): ServiceSettings {
  const listed = services.map(serviceOf);
  const settings = listed.find((service) => service.unit === unit);
  if (settings !== undefined) return settings;
  const ids = listed.map((service) => ({ id: service.unit }));
  throw unknownId("unit", unit, ids, " in `services`");
}
