import type { Config } from "../../config/schema.ts";
import type { Plan } from "../core/plan.ts";
import type { State } from "../core/state.ts";

/**
 * What the agent runs by now. A reload replaces all three at once, between two events (`Dispatch.replace`); everybody else asks
 * here for each event, and keeps no index from one event to the next.
 */
export interface Current {
  readonly config: Config;
  readonly plan: Plan;
  readonly state: State;
}
