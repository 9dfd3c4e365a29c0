import type { Report } from "./check.ts";
import { anyNumber, decimal } from "./clock-formats.ts";
import { mapFormat } from "./compound.ts";
import { bad, duration, formatDuration, ok, wholeNumber } from "./formats.ts";
import { type ConfigOf, type Format, leaf, listOf, optional, required } from "./leaf.ts";

// What is done with a reading before it counts. Each setting stands at the sensor, or below `quantities` for one of several.

const second = 1000;
const day = 86_400_000;
const positive = decimal(0.000001, 999_999);

export interface MaxChange {
  by: number;
  per: number;
}

const maxChange: Format<MaxChange> = mapFormat({
  name: "largest change",
  shape: "`{by: 5, per: 1m}`",
  fix: "write {by: 5, per: 1m}",
  fields: { by: positive, per: duration(second, day) },
  needs: ["by", "per"],
  value: ok,
  write: ({ by, per }) => `{by: ${positive.write(by)}, per: ${formatDuration(per)}}`,
});

export interface Filter {
  kind: "median" | "mean";
  /** Over how many readings. */
  of: number;
}

const oneFilter = "write {median: 5} or {mean: 5}";
const window = wholeNumber(2, 60);
const filter: Format<Filter> = mapFormat({
  name: "filter",
  shape: "`{median: 5}` or `{mean: 5}`, over 2 to 60 readings",
  fix: oneFilter,
  fields: { median: window, mean: window },
  value({ median, mean }) {
    if ((median === undefined) === (mean === undefined)) return bad("it is not one filter", oneFilter);
    return ok(median === undefined ? { kind: "mean", of: mean ?? 2 } : { kind: "median", of: median });
  },
  write: ({ kind, of }) => `{${kind}: ${of}}`,
});

export interface ReportWhen {
  /** Null: only when the time has come. */
  delta: number | null;
  every: number;
}

const reportWhen: Format<ReportWhen> = mapFormat({
  name: "report",
  shape: "`{delta: 0.2, every: 10m}`, or `{every: 10m}`",
  fix: "write {delta: 0.2, every: 10m}",
  fields: { delta: positive, every: duration(second, day) },
  needs: ["every"],
  value: ({ delta = null, every }) => ok({ delta, every }),
  write: ({ delta, every }) => `{${delta === null ? "" : `delta: ${positive.write(delta)}, `}every: ${formatDuration(every)}}`,
});

const docs = {
  scale: "What is read is multiplied by this.",
  offset: "This is then added to it.",
  range: "The smallest and the largest value that is believed, `[0, 100]`; a read outside of it has failed.",
  max_change: "How far a value may be from the one before; a read that says more has failed.",
  filter: "What counts is the median or the mean of the last readings; it begins anew after a time without any.",
  report:
    "A reading is published only when it has moved by `delta` since the last one that was, or when `every` has passed. Rules see each reading.",
} as const;

const range = listOf(required(anyNumber, "A bound of the range."), docs.range);
const shared = { max_change: optional(maxChange, docs.max_change), filter: optional(filter, docs.filter) };

export const pipelineSettings = {
  scale: leaf(anyNumber, 1, docs.scale),
  offset: leaf(anyNumber, 0, docs.offset),
  range,
  ...shared,
  report: optional(reportWhen, docs.report, "each reading is published"),
};

const asSensor = "as the sensor's";
export const quantitySchema = {
  scale: optional(anyNumber, docs.scale, asSensor),
  offset: optional(anyNumber, docs.offset, asSensor),
  range: { ...range, shown: asSensor },
  max_change: { ...shared.max_change, shown: asSensor },
  filter: { ...shared.filter, shown: asSensor },
  report: optional(reportWhen, docs.report, asSensor),
};

type Settings = ConfigOf<typeof quantitySchema>;

/** Settings at `path` that cannot be meant. */
export function checkPipeline(path: string, settings: Settings, report: Report): void {
  const { scale, range: bounds } = settings;
  if (scale === 0) report(`${path}.scale`, "every reading would be the same", "write another number");
  const [min, max] = bounds;
  if (bounds.length === 0 || (bounds.length === 2 && min !== undefined && max !== undefined && min < max)) return;
  report(`${path}.range`, "it is not a smaller number and a larger one", "write it like [0, 100]");
}
