import type { HostView, SensorView } from "../agent/protocol.ts";
import { everything, type Filter } from "./filter.ts";
import { age, size } from "./format.ts";
import type { Scroll } from "./layout.ts";
import type { ListState } from "./model.ts";
import { agentNow, type Shown, type Snapshot } from "./snapshot.ts";
import type { Style } from "./view/canvas.ts";

/** What the agent said of its machine, and what became of it since the time before. */
export interface HostFigures {
  view: HostView;
  /** Growth a second of what only grows, by its name; absent until two snapshots tell it. */
  rates: ReadonlyMap<string, number>;
  /** Percent, and degrees; NaN where nobody knows. */
  cpu: readonly number[];
  temperature: readonly number[];
}

export interface HostTab extends Shown<HostFigures> {
  list: ListState;
  filter: Filter;
  /** 0 the machine, 1 the agent. */
  pane: number;
  checks: Scroll;
}

/** At a snapshot every two seconds, two minutes. */
export const hostSlots = 60;

export function createHostTab(): HostTab {
  return { data: null, newer: null, list: { selected: null, top: 0 }, filter: everything, pane: 0, checks: { top: 0 } };
}

/** A snapshot with what two of them tell; snapshots that come too fast to tell it keep what was known. */
export function hostFigures(view: HostView, before: Snapshot<HostFigures> | null, at: number): HostFigures {
  const { values } = view;
  const passed = before === null ? 0 : at - before.at;
  if (before !== null && passed >= 0 && passed < 900) return { ...before.data, view };
  const growth = (name: string) => Number(values[name]) - Number(before?.data.view.values[name]);
  const rates = new Map<string, number>();
  const counters = Object.keys(values).filter((name) => /^host\/(network\/.*\/(received|sent)|disk\/written)$/.test(name));
  for (const name of counters) {
    const grown = growth(name);
    if (passed > 0 && grown >= 0) rates.set(name, (grown * 1000) / passed);
  }
  const total = growth("host/cpu/total");
  const cpu = total > 0 ? Math.min(100, Math.max(0, (growth("host/cpu/busy") * 100) / total)) : Number.NaN;
  if (!Number.isNaN(cpu)) rates.set("host/cpu", cpu);
  const more = (trend: readonly number[] | undefined, value: number) => [...(trend ?? []), value].slice(-hostSlots);
  return {
    view,
    rates,
    cpu: more(before?.data.cpu, cpu),
    temperature: more(before?.data.temperature, Number(values["host/temperature"])),
  };
}

export interface HostRow {
  id: string;
  label: string;
  /** What comes before the bars, and behind them. */
  text: string;
  more: string;
  style: Style;
  bars: "cpu" | "temperature" | null;
}

/** The rows of the machine. What it does not have reads `missing`, never 0. */
export function hostRows({ data, filter }: HostTab): HostRow[] {
  if (data === null) return [];
  const { values } = data.data.view;
  const { rates } = data.data;
  const number = (name: string) => Number(values[name] ?? Number.NaN);
  const known = (name: string, write: (value: number) => string) => (Number.isNaN(number(name)) ? "missing" : write(number(name)));
  const pace = (name: string) => {
    const rate = rates.get(name);
    return rate === undefined ? "-" : `${size(Math.round(rate))}/s`;
  };
  const of = (used: string, total: string) => `${known(used, size)} of ${known(total, size)}`;
  const row = (id: string, label: string, text: string, more: Partial<HostRow> = {}): HostRow => ({
    ...{ id, label, text, more: "", style: "text", bars: null },
    ...more,
  });
  const cpu = rates.get("host/cpu");
  const load = ["1min", "5min", "15min"].map((span) => values[`host/load/${span}`] ?? "missing").join(" ");
  const share = number("host/disk/used") / (number("host/disk/used") + number("host/disk/free"));
  const disk = Number.isNaN(share) ? "missing" : `${Math.round(share * 100)} %`;
  const writes = values["host/disk/written"] === undefined ? "missing" : pace("host/disk/written");
  const tight = share > 0.95 ? "bad" : share > 0.85 ? "warn" : "text";
  const rows = [
    row("cpu", "CPU", cpu === undefined ? (values["host/cpu/total"] === undefined ? "missing" : "-") : `${Math.round(cpu)} %`, {
      more: `load ${load}`,
      bars: "cpu",
    }),
    row(
      "temperature",
      "Temp",
      known("host/temperature", (value) => `${value.toFixed(1)} C`),
      {
        bars: "temperature",
        style: number("host/temperature") >= 80 ? "bad" : number("host/temperature") >= 70 ? "warn" : "text",
      },
    ),
    row("memory", "Mem", of("host/memory/used", "host/memory/total"), {
      more: `swap ${of("host/swap/used", "host/swap/total")}   pinbus ${known("memory/used", size)}`,
    }),
    row("disk", "Disk", disk, {
      more: `${known("host/disk/free", size)} free where pinbus keeps its files   writes ${writes}`,
      style: tight,
    }),
    ...wearRows(values, row),
    ...networkRows(values, pace, row),
    powerRow(values, row),
  ];
  return rows.filter(({ label, id, text, more }) => filter.test(`${label} ${id}`, () => `${text} ${more}`));
}

type MakeRow = (id: string, label: string, text: string, more?: Partial<HostRow>) => HostRow;

/** Of disks that tell it. */
function wearRows(values: Record<string, string>, row: MakeRow): HostRow[] {
  const disks = new Set(Object.keys(values).flatMap((name) => /^host\/wear\/(.*)\/(?:used|reserve)$/.exec(name)?.[1] ?? []));
  return [...disks].map((disk) => {
    const used = Number(values[`host/wear/${disk}/used`] ?? Number.NaN);
    const reserve = values[`host/wear/${disk}/reserve`];
    const life = used > 100 ? "more than its life is used" : `${used - 10} to ${used} % of its life is used`;
    const words = [...(Number.isNaN(used) ? [] : [life]), ...(reserve === undefined ? [] : [`reserve ${reserve}`])];
    const style = used > 90 || reserve === "urgent" ? "bad" : used > 80 || reserve === "warning" ? "warn" : "text";
    return row(`wear/${disk}`, "Wear", disk, { more: words.join("   "), style });
  });
}

function networkRows(values: Record<string, string>, pace: (name: string) => string, row: MakeRow): HostRow[] {
  const names = Object.keys(values).flatMap((name) => /^host\/network\/(.*)\/received$/.exec(name)?.[1] ?? []);
  // A machine has interfaces that nobody uses.
  const used = names.filter(
    (name) => values[`host/network/${name}/address`] !== undefined || values[`host/network/${name}/received`] !== "0",
  );
  return used.map((name) => {
    const signal = values[`host/wifi/${name}/signal`];
    const weak = signal !== undefined && Number(signal) <= -75;
    const words = [
      ...(signal === undefined ? [] : [`${signal} dBm${weak ? " ! weak" : ""}`]),
      `rx ${pace(`host/network/${name}/received`)}`,
      `tx ${pace(`host/network/${name}/sent`)}`,
      values[`host/network/${name}/address`] ?? "no address",
    ];
    return row(`network/${name}`, "Net", name, { more: words.join("   "), style: weak ? "warn" : "text" });
  });
}

/** The supply, as the firmware of a Pi tells it. */
function powerRow(values: Record<string, string>, row: MakeRow): HostRow {
  const [lowNow, lowOnce] = [values["host/under_voltage/now"], values["host/under_voltage/since_boot"]];
  if (lowNow === undefined) return row("power", "Pwr", "missing", { more: "no firmware here tells of the supply" });
  const yes = (word: string | undefined) => (word === "ON" ? "YES" : "no");
  const low = `under-voltage: now ${yes(lowNow)}, since boot ${yes(lowOnce)}`;
  const [slowNow, slowOnce] = [values["host/throttled/now"], values["host/throttled/since_boot"]];
  const more = `throttled: now ${yes(slowNow)}, since boot ${yes(slowOnce)}`;
  const bad = lowNow === "ON" || slowNow === "ON";
  return row("power", "Pwr", low, { more, style: bad ? "bad" : lowOnce === "ON" || slowOnce === "ON" ? "warn" : "text" });
}

type Facts = [facts: string[], style: Style];

/** What is not well with the agent, one sentence each. */
export function agentProblems({ data }: Snapshot<HostFigures>): { text: string; style: Style }[] {
  const { checks, problems } = data.view;
  const failed = checks.flatMap(({ name, problem }) =>
    problem === null ? [] : [{ text: `! ${name}: ${problem}`, style: "bad" as const }],
  );
  return [...failed, ...problems.map((problem) => ({ text: `! ${problem}`, style: "warn" as const }))];
}

/** What the agent says of itself: facts, as many in a line as fit. `now` is our clock. */
export function agentFacts(snapshot: Snapshot<HostFigures>, now: number): Facts[] {
  const { checks, values, sensors, watchdog_ms: fed } = snapshot.data.view;
  const passed = agentNow(snapshot, now) - snapshot.at;
  const well = checks.filter(({ problem }) => problem === null);
  const waiting = (below: string, name: string): string[] => {
    const [depth, dropped, waited] = ["depth", "dropped", "age"].map((each) => values[`${below}/${each}`]);
    if (depth === undefined) return [];
    return [`${name} ${depth}${depth === "0" ? "" : ` (oldest ${waited ?? "missing"})`}`, `dropped ${dropped ?? "missing"}`];
  };
  const outbox = [...waiting("outbox", "events"), ...waiting("outbox/telemetry", "readings")];
  const lost = [values["outbox/dropped"], values["outbox/telemetry/dropped"]].some((count) => count !== undefined && count !== "0");
  const sensorFacts = Object.entries(sensors).map(([id, sensor]) => sensorWord(id, sensor, passed));
  const dishonest = Object.values(sensors).some(({ quality }) => quality !== "ok");
  const watched = fed === null ? "none: systemd watches nothing here" : `fed ${age(fed + passed)} ago, all parts made progress`;
  return [
    [["Checks", ...well.map(({ name, detail }) => `${name} ok${detail === null ? "" : ` ${detail}`}`)], "text"],
    [["Outbox", ...(outbox.length === 0 ? ["missing"] : outbox)], lost ? "warn" : "text"],
    [["Sensors", ...(sensorFacts.length === 0 ? ["none configured"] : sensorFacts)], dishonest ? "warn" : "text"],
    [["Watchdog", watched], "text"],
  ];
}

function sensorWord(id: string, { values, quality, reason, age_ms }: SensorView, passed: number): string {
  const value = values.map(({ value, unit }) => ` ${value}${unit ?? ""}`).join("");
  const read = age_ms === null ? "" : ` ${age(age_ms + passed)}`;
  return quality === "ok" ? `${id}${value} ok${read}` : `! ${id} ${quality}${read}${reason === null ? "" : ` (${reason})`}`;
}
