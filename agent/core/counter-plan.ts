import type { InputConfig } from "../../config/schema.ts";
import type { TimerKey } from "./model.ts";
import type { Topics } from "./topics.ts";

/** What an input counts, and how that is told. */
export interface CounterPlan {
  kind: "counter" | "encoder";
  edge: InputConfig["edge"];
  /** Pulses for one unit; an encoder counts whole detents. */
  perUnit: number;
  unit: string | null;
  /** Milliseconds of the time in which the rate counts. */
  ratePer: number;
  rateUnit: string;
  /** It is kept and published this often at most. */
  report: number;
  /** Decimals of the total that mean something. */
  decimals: number;
  reportKey: TimerKey;
  /** What the broker did not get goes there. */
  historyTopic: string;
  setTopic: string;
  resultTopic: string;
}

const lengths = { second: 1000, minute: 60_000, hour: 3_600_000 };
const symbols = { second: "s", minute: "min", hour: "h" };

/** Null for what does not count. */
export function counterPlanOf(id: string, input: InputConfig, topics: Topics): CounterPlan | null {
  const { kind, edge, unit, rate, report } = input;
  if (kind !== "counter" && kind !== "encoder") return null;
  const perUnit = kind === "counter" ? input.per_unit : 1;
  return {
    kind,
    edge,
    perUnit,
    unit: kind === "counter" ? unit : null,
    ratePer: lengths[rate],
    rateUnit: `${unit ?? "1"}/${symbols[rate]}`,
    report,
    decimals: perUnit === 1 ? 0 : Math.max(3, Math.ceil(Math.log10(perUnit)) + 1),
    reportKey: `report:${id}`,
    historyTopic: topics.counterHistory(id),
    setTopic: topics.counterSet(id),
    resultTopic: topics.counterResult(id),
  };
}
