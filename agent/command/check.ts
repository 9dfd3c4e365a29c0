import { isBridged } from "../../config/bridge.ts";
import { derivationText } from "../../config/derive.ts";
import { readHost } from "../../config/host.ts";
import { gpioOf } from "../../config/lines.ts";
import { configFile, defaultConfigFile } from "../../config/load.ts";
import { formatProblem } from "../../config/problem.ts";
import type { Config, InputConfig, OutputConfig } from "../../config/schema.ts";
import { formatLineName } from "../../gpio/line.ts";
import { loadOnoff } from "../../gpio/onoff.ts";
import { pwmOverlay } from "../../gpio/pwm-overlay.ts";
import { createAccess } from "../broker-access.ts";
import { readBrokerTls, readTls, SettingError } from "../certificate.ts";
import { type Latency, latenciesOf } from "../core/gesture-latency.ts";
import { type OutputPlan, placeOf } from "../core/output-plan.ts";
import { planOf } from "../core/plan.ts";
import { levelText } from "../core/pwm.ts";
import { missingLines, type Named, textOf, unitLines } from "../doctor/drop-in.ts";
import { readUnitTexts } from "../doctor/gather/unit-files.ts";
import { exit } from "../exit.ts";
import { ownDoubts } from "../own-rights.ts";
import { type Command, CommandError, columns, complain, countOf, load, print, readArgs, settings, usageError } from "./command.ts";
import { migrateFile } from "./migrate.ts";

/** `pinbus check`: every problem at once, without touching a line; then the pin map and the gestures. */
export const check: Command = {
  usage: "[--config FILE] [--<setting> VALUE …] | --migrate [--write] [--config FILE]",
  summary:
    "check the configuration without touching a line; print the pin map and when each gesture acts; --migrate shows what an older file becomes",
  async run(args) {
    const options = { ...settings, migrate: { type: "boolean" }, write: { type: "boolean" } } as const;
    const { values } = readArgs(args, options, { min: 0, max: 0 });
    if (values.migrate) return migrateFile(configFile(process.env, values), values.write === true);
    if (values.write) throw usageError("--write is for --migrate: a check changes nothing");
    const result = load(values, "read");
    const problems = result.ok ? [...result.warnings, ...result.notes] : result.problems;
    for (const problem of problems) complain(formatProblem(problem));
    if (!result.ok) {
      complain(`${result.file}: ${countOf(result.problems)}`);
      return exit.config;
    }
    if (result.config.gpio.driver === "sysfs") {
      try {
        await loadOnoff();
      } catch (error) {
        throw new CommandError(exit.config, (error as Error).message);
      }
    }
    const problem = fileProblem(result.config, complain);
    if (problem) {
      complain(`${result.sourceOf(problem.path)}: ${problem.message}`);
      return exit.config;
    }
    print(`${result.file} is fine.`);
    if (result.file === defaultConfigFile) for (const text of unitGaps(result)) complain(text);
    for (const [setting, name] of result.given) print(`  ${setting} is given by ${name}`);
    for (const line of [
      ...pinMap(result.config),
      ...pwmTable(result.config),
      ...sensorTable(result.config),
      ...gestureTable(result.config),
    ])
      print(line);
    return exit.ok;
  },
};

/** What the installed unit does not give this configuration. `root`: where the unit is looked for. */
export function unitGaps(named: Named, root = "/"): string[] {
  const texts = readUnitTexts(root);
  const missing = texts.length === 0 ? [] : missingLines(unitLines(named), texts);
  return missing.length === 0
    ? []
    : [`warning: pinbus.service lacks ${missing.map(textOf).join(", ")}: \`pinbus service drop-in\` prints the file that adds it`];
}

/** What is wrong with the files of the link, or of the built-in broker, on this machine; `warn` is told what is only doubtful. */
export function fileProblem(config: Config, warn: (text: string) => void): SettingError | undefined {
  try {
    if (config.mqtt.server.length === 0)
      for (const doubt of ownDoubts(config, readHost(), createAccess(config.broker, { warn }))) warn(`warning: ${doubt}`);
    const { expired } = readTls(config, Date.now());
    if (expired !== null) return new SettingError("mqtt.cert", expired);
    const bridge = isBridged(config) ? readTls(config, Date.now(), "bridge") : undefined;
    if (bridge?.expired) return new SettingError("broker.bridge.cert", bridge.expired);
    const own = config.mqtt.server.length === 0 ? readBrokerTls(config, Date.now()) : undefined;
    if (own?.expiring) warn(`warning: ${own.expiring}`);
    return own?.expired ? new SettingError("broker.cert", own.expired) : undefined;
  } catch (error) {
    if (error instanceof SettingError) return error;
    throw error;
  }
}

/** What the contract says besides, where it says anything. */
function moreOf({ min_on, min_off, interlock, on_broker_lost: lost }: OutputConfig): string[] {
  return [
    ...(min_on === 0 ? [] : [`min_on ${time(min_on)}`]),
    ...(min_off === 0 ? [] : [`min_off ${time(min_off)}`]),
    ...(interlock === null ? [] : [`interlock ${interlock}`]),
    ...(lost === null ? [] : [`broker lost for ${time(lost.after)} ${lost.do}`]),
  ];
}

function kindOf({ kind, per_unit, unit, edge, line_b }: InputConfig): string {
  if (kind === "encoder" && line_b !== null) return `encoder with ${formatLineName(line_b)}`;
  return kind === "counter" ? `counter, ${edge === "both" ? "both edges" : `${edge} edges`}, ${per_unit} per ${unit ?? "unit"}` : kind;
}

/** One line per input and output. */
function pinMap(config: Config): string[] {
  const rows: string[][] = [];
  for (const [id, input] of Object.entries(config.inputs)) {
    rows.push([
      id,
      "input",
      input.line === null ? `${input.key} of ${input.evdev}` : formatLineName(input.line),
      `active ${input.active}`,
      input.line === null ? `grab ${input.grab}` : `bias ${input.bias}`,
      `${kindOf(input)}, debounce ${typeof input.debounce === "number" ? time(input.debounce) : `${time(input.debounce.kernel)} by the line`}`,
    ]);
  }
  const { outputs, outputIndex } = planOf(config);
  for (const [id, output] of Object.entries(config.outputs)) {
    const plan = outputs[outputIndex.get(id) ?? -1];
    const limit = output.max_on === null ? "no max_on" : `max_on ${time(output.max_on)}`;
    const crash = output.on_crash ?? output.on_exit;
    rows.push([
      id,
      "output",
      plan ? placeOf(plan) : "",
      plan?.plug ? failsafeOf(plan.plug) : `active ${output.active}`,
      limit,
      [`start ${output.on_start}, exit ${output.on_exit}${plan?.plug ? "" : `, crash ${crash}`}`, ...moreOf(output)].join(", "),
    ]);
  }
  if (rows.length === 0) return ["  no pin is configured"];
  // The missing pull is an error already; a later time of an edge is only worth knowing.
  const note =
    config.gpio.driver === "sysfs" ? ["  the driver sysfs has no kernel times: an edge carries the time at which it was read"] : [];
  return [...indented(rows), ...note];
}

/** What happens to a plug when this machine dies. */
function failsafeOf({ failsafe }: NonNullable<OutputPlan["plug"]>): string {
  return failsafe === null ? "no failsafe" : `failsafe ${time(failsafe)}`;
}

/** One line per PWM, and what its lines need of the firmware. */
function pwmTable(config: Config): string[] {
  const rows = planOf(config).outputs.flatMap(({ id, pwm, maxOn, onBrokerLost }): string[][] => {
    if (pwm === null) return [];
    const { kind, place, periodNs, onStart, onExit, onCrash, silence } = pwm;
    const level = (value: number | null) => (value === null ? "keep" : levelText(pwm, value));
    const contract = [
      `start ${level(onStart)}, exit ${level(onExit)}, crash ${level(onCrash)}`,
      ...(maxOn === null ? [] : [`max_on ${time(maxOn)}`]),
      ...(onBrokerLost === null ? [] : [`broker lost for ${time(onBrokerLost.after)} ${level(pwm.brokerLost)}`]),
      ...(silence === null ? [] : [`silence for ${time(silence.after)} ${level(silence.level)}`]),
    ];
    const where = "line" in place ? formatLineName(place.line) : `${place.chip} channel ${place.channel}`;
    return [[id, "pwm", where, kind, `${Math.round(1e9 / periodNs)} Hz`, contract.join(", ")]];
  });
  const gpios = Object.values(config.pwm).flatMap(({ line }) => (line === null ? [] : (gpioOf(line) ?? [])));
  const overlay = pwmOverlay(gpios);
  return [...indented(rows), ...(overlay === undefined ? [] : [`  /boot/firmware/config.txt needs ${overlay}`])];
}

/** One line per sensor, and below one that is told several values each of them; then the derived values. */
function sensorTable(config: Config): string[] {
  const rows = planOf(config).sensors.flatMap(({ id, every, staleAfter, topic }): string[][] => {
    const derive = config.derive[id];
    if (derive) return [[id, "derived", derivationText(derive)]];
    const { driver, id: address, zone, device, command, path, values = {} } = config.sensors[id] ?? {};
    const stale = `stale after ${time(staleAfter)}`;
    if (topic === null)
      return [
        [
          id,
          "sensor",
          `${driver} ${address ?? zone ?? device ?? command?.[0] ?? path}`,
          ...(every === null ? [] : [`every ${time(every)}`]),
          stale,
        ],
      ];
    const lines = Object.entries(values).map(([name, { value, unit, unit_from }]) => {
      const units = unit_from === null ? (unit ?? "") : `${unit}, from the unit in ${unit_from}`;
      return [`${id}.${name}`, "value", `${value} on ${topic.filter}`, units];
    });
    return [[id, "sensor", `topic ${topic.filter}`, stale], ...lines];
  });
  return indented(rows);
}

/** For each input how long each of its gestures takes, and why. */
function gestureTable(config: Config): string[] {
  const rows = planOf(config).inputs.flatMap((input) => latenciesOf(input).map((row) => [input.id, row.gesture, after(row), row.why]));
  return rows.length === 0
    ? []
    : ["When each gesture acts, counted from the edge of the contact (the last one, if it bounces):", ...indented(rows)];
}

function after({ after: edge, ms, every }: Latency): string {
  return `${ms === 0 ? "when" : `${time(ms)} after`} it ${edge}${every === null ? "" : `, then every ${time(every)}`}`;
}

function indented(rows: readonly (readonly string[])[]): string[] {
  return columns(rows).map((line) => `  ${line}`);
}

function time(ms: number): string {
  for (const [unit, length] of [
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const)
    if (ms >= length && ms % length === 0) return `${ms / length}${unit}`;
  return `${ms}ms`;
}
