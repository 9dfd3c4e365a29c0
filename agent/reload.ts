import { resolve } from "node:path";
import { isBridged } from "../config/bridge.ts";
import { diffConfig, type SettingChange } from "../config/diff.ts";
import type { LoadResult } from "../config/load.ts";
import { formatProblem } from "../config/problem.ts";
import type { Config } from "../config/schema.ts";
import { type KeptSource, ruleSeqId, seqBlock } from "./core/kept.ts";
import { planOf, rulesOf } from "./core/plan.ts";
import { carryOver, type LineChanges, lineChanges } from "./core/reload.ts";
import type { ReloadResult } from "./protocol.ts";
import type { Clock } from "./shell/clock.ts";
import type { CounterStore } from "./shell/counter-store.ts";
import type { Dispatch } from "./shell/dispatch.ts";
import type { Lines } from "./shell/lines.ts";
import type { Log } from "./shell/log.ts";
import type { Sensors } from "./shell/sensors.ts";
import type { SeqStore } from "./shell/seq-store.ts";

export interface ReloaderOptions {
  /** Reads the configuration anew, from where the running one came. */
  load(): LoadResult;
  /** What the file cannot say: why it could not be served now. */
  problemsOf(config: Config): string[];
  dispatch: Dispatch;
  lines: Lines;
  sensors: Sensors;
  seq: SeqStore;
  outputs: KeptSource;
  counters: CounterStore;
  clock: Clock;
  log: Log;
  /** Before a reload looks at the file, and when it is done or refused: what the service manager is told. */
  began(): void;
  ended(status: string): void;
  /** The new configuration holds: what is not a line takes it from here. `cleared` are retained topics that nobody owns any more. */
  applied(before: Config, after: Config, cleared: readonly string[]): void;
}

export interface Reloader {
  /** Applies the changed configuration, or leaves everything as it is and says why. `from` is for the log. */
  reload(from: string): Promise<ReloadResult>;
  /** What `reload` would do; nothing moves. */
  diff(): ReloadResult;
}

/** Everything else is decided once, at the start: where the broker is, which chips there are, how this node is called. */
const inPlace = [
  "inputs",
  "outputs",
  "start_spacing",
  "interlocks",
  "covers",
  "homeassistant",
  "homie",
  "mqttio",
  "tasmota",
  "carbot",
  "peers",
  "sensors",
  "derive",
  "pwm",
  "rules",
  "controllers",
  "mistbuddy",
  "owlcms",
  "time_zone",
  "location",
  "services",
  "commands",
  "sys_interval",
  "log.level",
  "log.mqtt",
  "mqtt.command_ttl",
  "broker.password_file",
  "broker.username",
  "broker.password",
  "broker.users",
  "broker.anonymous",
  "broker.cert",
  "broker.key",
  "broker.ca",
  "broker.require_certificate",
  "broker.tls_min",
  "broker.origins",
  "broker.sys_interval",
  "broker.log",
  "broker.acl_file",
];
/**
 * Of an input or output that stays: a press is under way as another kind, two outputs may be on that now exclude each other, and a plug may
 * be on that nobody would know any more.
 */
const atStart = /^(inputs\.[^.]+\.kind|outputs\.[^.]+\.(interlock|plug))$/;
/** The bridge is told once which topics carry commands. */
const commandedFromAfar = /^(homie|mqttio|tasmota)\./;

export function createReloader(options: ReloaderOptions): Reloader {
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<ReloadResult> | undefined;
  return {
    // Who asks while one runs gets the next one, and all who ask meanwhile the same: each sees the file as it is after the question.
    reload(from) {
      waiting ??= running.then(() => {
        waiting = undefined;
        const own = reload(options, from);
        running = own.catch(() => undefined);
        return own;
      });
      return waiting;
    },
    diff: () => look(options).result,
  };
}

interface Look {
  result: ReloadResult;
  after?: Config;
  changes?: LineChanges;
}

function look({ load, problemsOf, dispatch, lines }: ReloaderOptions): Look {
  const loaded = load();
  const nothing = { file: resolve(loaded.file), applied: false, problems: [], restart: [], changes: [] };
  if (!loaded.ok) return { result: { ...nothing, problems: loaded.problems.map(formatProblem) } };
  const before = dispatch.current.config;
  const after = loaded.config;
  const problems = problemsOf(after);
  if (problems.length > 0) return { result: { ...nothing, problems } };
  const differences = diffConfig(before, after);
  const changes = lineChanges(before, after, (a, b) => lines.same(a, b));
  const inPlaceHere = ({ path }: SettingChange) => appliesInPlace(path) && !(isBridged(before) && commandedFromAfar.test(path));
  const restart = differences.filter((change) => !inPlaceHere(change));
  const others = differences.filter(inPlaceHere);
  return {
    result: { ...nothing, restart: restart.map(sentence), changes: others.map((change) => describe(change, before, after, changes)) },
    after,
    changes,
  };
}

function appliesInPlace(path: string): boolean {
  return !atStart.test(path) && inPlace.some((setting) => path === setting || path.startsWith(`${setting}.`));
}

async function reload(options: ReloaderOptions, from: string): Promise<ReloadResult> {
  const { dispatch, seq, log, began, ended } = options;
  began();
  let status = "a reload failed; the configuration before it goes on";
  try {
    const found = look(options);
    const { result, after, changes } = found;
    const refused = refusal(result) ?? (dispatch.state.stopping ? "the agent is stopping" : undefined);
    if (refused !== undefined || !after || !changes) {
      for (const line of [...result.problems, ...result.restart.map((change) => `${change}: restart the agent to apply it`)])
        log.warn(line, { event: "configuration-refused" });
      status = `a reload (${from}) was refused: ${refused}; the configuration before it goes on`;
      log.warn(status, { event: "configuration-refused" });
      return dispatch.state.stopping ? stopped(result) : result;
    }
    // Event numbers are on disk before the first of them is used.
    const { inputIndex, ruleIndex } = dispatch.current.plan;
    const added = [
      ...Object.keys(after.inputs).filter((id) => !inputIndex.has(id)),
      ...Object.keys(rulesOf(after)).flatMap((id) => (ruleIndex.has(id) ? [] : [ruleSeqId(id)])),
    ];
    const firstSeq = new Map(added.map((id) => [id, seq.first(id)]));
    for (const [id, first] of firstSeq) seq.reserve(id, first + seqBlock);
    await seq.flushed();
    if (dispatch.state.stopping) return stopped(result);
    apply(options, after, changes, firstSeq);
    for (const change of result.changes) log.info(`reload: ${change}`);
    const news = result.changes.length === 0 ? "no setting has changed" : counted(result.changes.length, "change");
    log.info(`reloaded (${from}): ${news}`, { event: "configuration-reloaded" });
    status = `lines are served; reloaded (${from}): ${news}`;
    return { ...result, applied: true };
  } finally {
    ended(status);
  }
}

function stopped(result: ReloadResult): ReloadResult {
  return { ...result, problems: ["the agent is stopping"] };
}

/** From here to the end nothing waits, so no event comes in between. */
function apply(options: ReloaderOptions, after: Config, { leaving, anew }: LineChanges, firstSeq: ReadonlyMap<string, number>): void {
  const { dispatch, lines, sensors, outputs: kept, counters: totals, clock, applied } = options;
  const { config: before, plan: old } = dispatch.current;
  const outputs = [...leaving].flatMap((id) => old.outputIndex.get(id) ?? []);
  const released = old.outputs.flatMap(({ id }, index) => (leaving.has(id) || anew.has(id) ? index : []));
  const at = clock.now();
  if (released.length > 0) dispatch.dispatch({ type: "outputs-leaving", outputs, released, at });
  dispatch.dispatch({ type: "totals-wanted", at });
  const next = planOf(after);
  const { state } = dispatch.current;
  const carried = carryOver({ old, state, next, anew, firstSeq: (id) => firstSeq.get(id) ?? 1, kept, totals, at });
  lines.apply(next, after, anew);
  sensors.apply(next, after);
  dispatch.replace({ config: after, plan: next, state: carried.state }, carried.effects, { anew, firstSeq, kept, totals, at });
  lines.start();
  applied(before, after, carried.cleared);
}

/** Why a reload would be refused; undefined when it would not. */
export function refusal({ problems, restart, file }: ReloadResult): string | undefined {
  if (problems.length > 0) return `${file} has ${counted(problems.length, "problem")}`;
  if (restart.length > 0)
    return `${restart.map((change) => change.split(":")[0]).join(", ")} ${restart.length > 1 ? "need" : "needs"} a restart`;
  return undefined;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function sentence({ path, before, after }: SettingChange): string {
  if (before === null) return `${path}: new, ${after}`;
  if (after === null) return `${path}: removed`;
  return before === after ? `${path}: changed` : `${path}: ${before} -> ${after}`;
}

/** What that does to the line of a PWM. */
function pwmWords({ path, after }: SettingChange, before: Config, anew: ReadonlySet<string>): string {
  const [, id = "", setting] = path.split(".");
  const old = before.pwm[id];
  if (setting === undefined && after === null && old)
    return `; its line ${old.on_exit === "keep" ? "is released as it is" : `goes ${old.on_exit}${old.kind === "servo" ? " µs" : " %"} and is released`}`;
  return setting !== undefined && anew.has(id) ? "; it begins anew, at on_start" : "";
}

/** What changes, and what that does to a line. */
function describe(change: SettingChange, before: Config, after: Config, { anew }: LineChanges): string {
  const text = sentence(change);
  const [group, id = "", setting] = change.path.split(".");
  if (group === "pwm") return `${text}${pwmWords(change, before, anew)}`;
  const output = group === "outputs";
  if (!output && group !== "inputs") return text;
  const old = before.outputs[id];
  const now = after.outputs[id];
  const exit = old?.on_exit === "keep" ? "its line is released as it is" : `its line goes ${old?.on_exit} and is released`;
  const source = output || (before.inputs[id]?.evdev ?? null) === null ? "line" : "key";
  if (setting === undefined && change.after === null) return output ? `${text}; ${exit}` : `${text}; its ${source} is released`;
  const start = now === undefined ? "" : { off: "off", on: "on", keep: "as its line is", last: "as last switched" }[now.on_start];
  if (setting === undefined) return output ? `${text}; it starts ${start}` : text;
  if (!["line", "line_b", "evdev", "key", "grab", "active", "bias", "debounce", "edge"].includes(setting)) return text;
  if (!anew.has(id)) return setting === "line" || setting === "line_b" ? `${text}; the same line, nothing is released` : text;
  const moved = output && setting === "line";
  const released = moved ? exit : `its ${source} is released`;
  return `${text}; ${released}, and ${setting === "line" ? "the new one" : "it"} is requested${output ? `, starting ${start}` : ""}`;
}
