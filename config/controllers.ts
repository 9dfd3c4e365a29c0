import type { Found, Report } from "./check.ts";
import { anyNumber, decimal, timeOfDay } from "./clock-formats.ts";
import { isMap, mapFormat } from "./compound.ts";
import { checkLevels } from "./controller-levels.ts";
import { checkSensorRef } from "./derive.ts";
import { anyText, bad, duration, formatDuration, id, ok, oneOf, wholeNumber } from "./formats.ts";
import { type Format, leaf, listOf, oneOrMore, optional, required } from "./leaf.ts";
import { isOwnTopic, topicName } from "./peers.ts";
import { level } from "./pwm-formats.ts";
import { checkReference } from "./references.ts";
import { checkConditions } from "./rule-check.ts";
import { conditionSchema } from "./rule-schema.ts";
import type { Config, ControllerConfig } from "./schema.ts";
import { sensorRef } from "./sensor-ref.ts";
import { isOverBroker } from "./value-check.ts";

const second = 1000;
const day = 86_400_000;
const gain = decimal(0, 999_999);

export interface Gains {
  kp: number;
  ki: number;
  kd: number;
}

const gainsFix = "write {kp: 10, ki: 0.1, kd: 0}";
const gains: Format<Gains> = mapFormat({
  name: "gains of a PID controller",
  shape: "`{kp: 43, ki: 0.1, kd: 0.1}`; what is left out is 0",
  fix: gainsFix,
  fields: { kp: gain, ki: gain, kd: gain },
  value: ({ kp = 0, ki = 0, kd = 0 }) => (kp === 0 && ki === 0 ? bad("kp and ki are 0", gainsFix) : ok({ kp, ki, kd })),
  write: ({ kp, ki, kd }) => `{kp: ${gain.write(kp)}, ki: ${gain.write(ki)}, kd: ${gain.write(kd)}}`,
});

export interface ControllerLost<T = "off" | "keep"> {
  after: number;
  do: T;
}

function lostFormat<T>(name: string, word: Format<T>): Format<ControllerLost<T>> {
  const map: Format<ControllerLost<T>> = mapFormat({
    name,
    shape: `${word.shape}, or \`{after: 30s, do: off}\``,
    fix: "write {after: 30s, do: off}",
    fields: { after: duration(0, 7 * day), do: word },
    needs: ["do"],
    value: ({ after = 0, do: what }) => ok({ after, do: what }),
    write: ({ after, do: what }) => `{after: ${formatDuration(after)}, do: ${word.write(what)}}`,
  });
  return {
    ...map,
    read(value, source) {
      if (isMap(value)) return map.read(value);
      const said = word.read(value, source);
      return said.ok ? ok({ after: 0, do: said.value }) : said;
    },
  };
}

const offOrKeep = oneOf("off", "keep");
export const controllerLost = lostFormat("broker lost for a controller", offOrKeep);

/** What a controller does that must not control: a number is a level of its PWM. */
const offOrLevel: Format<"off" | "keep" | number> = {
  name: "off, keep or a level",
  shape: "`off`, `keep`, or a level of a PWM",
  read(value, source) {
    const word = offOrKeep.read(value, source);
    if (word.ok) return word;
    const reading = level.read(value, source);
    return reading.ok ? reading : { ...reading, fix: "write off, keep, or a level of a PWM like 40" };
  },
  write: String,
};

const publicationSchema = {
  publish: required(topicName, "The topic to which something is published; never retained."),
  payload: optional(anyText, "What is published.", "empty"),
  qos: leaf(wholeNumber(0, 1), 1, "With which QoS."),
};

export const controllerSchema = {
  sensor: required(sensorRef, "The value that is held: `tent.humidity`, or `tent` of a sensor with one value."),
  setpoint: optional(anyNumber, "The value that is wanted."),
  schedule: listOf(
    { time: required(timeOfDay, "From this time of day on."), setpoint: required(anyNumber, "The value that is wanted then.") },
    "The value that is wanted by the time of day; while the clock is not set, `setpoint` counts.",
  ),
  setpoint_from: optional(sensorRef, "Instead: another sensor says which value is wanted."),
  setpoint_min: optional(anyNumber, "The lowest setpoint that a command may ask for.", "no limit"),
  setpoint_max: optional(anyNumber, "The highest one.", "no limit"),
  effect: required(
    oneOf("raise", "lower"),
    "What the output does to the value while it is on: a heater raises the temperature, a mister lowers the VPD.",
  ),
  hysteresis: optional(
    decimal(0.000001, 999_999),
    "An on/off controller: how wide the band around the setpoint is in which nothing is switched.",
  ),
  pid: optional(gains, "A PID controller: `kp`, `ki` per second, `kd` in seconds, in the unit of the output for each unit of the value."),
  cycle: optional(duration(second, day), "With `pid`: the output is on for a part of each such time, as its per cent or seconds say."),
  output_in: leaf(
    oneOf("percent", "seconds"),
    "percent",
    "With `pid`: whether the output counts in per cent of the cycle, or in seconds of it.",
  ),
  output_min: leaf(decimal(0, 999_999), 0, "With `pid`: the least output."),
  output_max: optional(decimal(0, 999_999), "With `pid`: the greatest output.", "the whole cycle"),
  output: optional(id, "The output that is switched; its contract holds."),
  pwm: optional(id, "Instead of `output`: the PWM that is driven; its contract holds. With `pid` its level is the output."),
  level_on: optional(level, "With `pwm` and `hysteresis`: its level while it is on.", "100, of a servo `neutral`"),
  level_off: optional(level, "With `pwm`: its level while it is off, or off because the controller is held.", "0"),
  on: listOf(publicationSchema, "Instead of `output`: what is published, in this order, to switch on something elsewhere."),
  off: listOf(publicationSchema, "The same to switch it off."),
  min_on: leaf(duration(0, day), 0, "The shortest time that it is on; what ends it for safety comes at once."),
  min_off: leaf(duration(0, day), 0, "The shortest time that it is off, from the start on."),
  repeat: optional(
    duration(second, day),
    "With `hysteresis` and `on`: while it is on, `on` is published this often, for plugs that go off by themselves.",
    "once",
  ),
  and: oneOrMore(conditionSchema, "What must be so, all of it; else it is off.", 0),
  unless: oneOrMore(conditionSchema, "What must not be so, none of it; else it is off.", 0),
  on_stale: required(
    offOrLevel,
    "What happens while one of its values is stale: `keep` goes on with the last output; a number is a level of its PWM.",
  ),
  on_broker_lost: optional(
    lostFormat("broker lost for a controller with levels", offOrLevel),
    "What happens while the broker is away. Required when a value or `on` and `off` go over the broker.",
    "nothing",
  ),
  on_start: leaf(oneOf("last", "enabled", "disabled"), "last", "Whether it is enabled when the agent starts; `last` as it was."),
};

/** Controllers: each has a value, a setpoint, one way to control and one thing to switch. */
export function checkControllers(config: Config, found: Found, report: Report): void {
  const drivers = new Map<string, string>();
  for (const [name, controller] of Object.entries(config.controllers)) {
    const path = `controllers.${name}`;
    checkSensorRef(`${path}.sensor`, controller.sensor, config, found, report);
    if (controller.setpoint_from !== null) checkSensorRef(`${path}.setpoint_from`, controller.setpoint_from, config, found, report);
    checkSetpoint(path, controller, found, report);
    checkControl(path, controller, found, report);
    checkDrive(path, controller, config, found, report);
    checkLevels(path, controller, config, found, report);
    checkConditions(path, controller, config, found, report);
    const { output, pwm, on, off } = controller;
    const [key, does, another] = output === null ? (["pwm", "drives", "PWM"] as const) : (["output", "switches", "output"] as const);
    const driven = output ?? pwm;
    const first = driven === null ? undefined : drivers.get(driven);
    if (first !== undefined) report(`${path}.${key}`, `the controller ${first} ${does} ${driven} already`, `name another ${another}`);
    else if (driven !== null) drivers.set(driven, name);
    const refs = [controller.sensor, controller.setpoint_from, ...[...controller.and, ...controller.unless].map(({ sensor }) => sensor)];
    const overBroker = [...on, ...off].length > 0 || refs.some((ref) => ref !== null && isOverBroker(config, ref));
    if (overBroker && controller.on_broker_lost === null && !found.unread.has(`${path}.on_broker_lost`))
      report(
        path,
        "its value or what it switches goes over the broker, and it does not say what happens when that is lost",
        "add `on_broker_lost:` with off or keep",
      );
  }
}

function checkSetpoint(
  path: string,
  { setpoint, schedule, setpoint_from: from, setpoint_min: min, setpoint_max: max }: ControllerConfig,
  { unread }: Found,
  report: Report,
): void {
  if (from !== null && (setpoint !== null || schedule.length > 0))
    report(`${path}.setpoint_from`, "it stands beside another setpoint", "write one of them");
  if (
    from === null &&
    setpoint === null &&
    schedule.length === 0 &&
    !unread.has(`${path}.setpoint`) &&
    !unread.has(`${path}.setpoint_from`)
  )
    report(path, "it has no setpoint", "add `setpoint:`, `schedule:` or `setpoint_from:`");
  const twice = schedule.findIndex(({ time }, index) => schedule.some((other, at) => at < index && other.time === time));
  if (twice >= 0) report(`${path}.schedule[${twice}].time`, "this time stands in the list already", "remove one of them");
  if (min !== null && max !== null && min > max) report(`${path}.setpoint_min`, "it is higher than setpoint_max", "write a lower one");
}

function checkControl(path: string, controller: ControllerConfig, { unread, place }: Found, report: Report): void {
  const { hysteresis, pid, cycle, output_in, output_min, output_max, min_on, min_off, repeat } = controller;
  const spoiled = unread.has(`${path}.pid`) || unread.has(`${path}.hysteresis`);
  if (pid !== null && hysteresis !== null) report(`${path}.hysteresis`, "it stands beside pid", "write one of them");
  else if (pid === null && hysteresis === null && !spoiled) report(path, "it does not say how it controls", "add `hysteresis:` or `pid:`");
  else if (pid === null && !spoiled) {
    const extra = (["cycle", "output_in", "output_min", "output_max"] as const).find((key) => place(`${path}.${key}`).line > 0);
    if (extra !== undefined) report(`${path}.${extra}`, "it goes with pid", "remove it");
    return;
  }
  if (pid === null) return;
  if (repeat !== null) report(`${path}.repeat`, "with pid each cycle switches anew", "remove it");
  if (controller.pwm !== null) return;
  if (cycle === null) {
    if (!unread.has(`${path}.cycle`)) report(path, "it has a pid and no cycle", "add `cycle: 20s`: a relay is on for a part of it");
    return;
  }
  const full = output_in === "seconds" ? cycle / 1000 : 100;
  if (output_max !== null && output_max > full)
    report(`${path}.output_max`, `it is more than the whole cycle (${full})`, "write less, or a longer cycle");
  else if (output_min >= (output_max ?? full)) report(`${path}.output_min`, "it is not less than output_max", "write less");
  if (min_on + min_off > cycle) report(`${path}.cycle`, "it is shorter than min_on and min_off together", "write a longer time");
}

function checkDrive(path: string, { output, pwm, on, off, repeat }: ControllerConfig, config: Config, found: Found, report: Report): void {
  for (const [key, list] of Object.entries({ on, off }))
    for (const [index, { publish }] of list.entries())
      if (isOwnTopic(config, publish))
        report(`${path}.${key}[${index}].publish`, "this is a topic of this node itself", "name the output in `output:`");
  const driven = output !== null ? "output" : pwm !== null ? "pwm" : null;
  if (driven !== null) {
    checkReference(`${path}.${driven}`, output ?? pwm ?? "", driven, found, report);
    const extra = output !== null && pwm !== null ? "pwm" : on.length > 0 ? "on" : off.length > 0 ? "off" : undefined;
    if (extra !== undefined) report(`${path}.${extra}`, `it stands beside ${driven}`, "write one of them");
    if (repeat !== null) report(`${path}.repeat`, "it goes with on and off", "remove it");
    return;
  }
  const missing = on.length === 0 ? "on" : off.length === 0 ? "off" : undefined;
  const spoiled = ["output", "pwm", "on", "off"].some((key) => found.unread.has(`${path}.${key}`));
  if (missing !== undefined && !spoiled)
    report(
      path,
      on.length + off.length === 0 ? "it switches nothing" : `it has no ${missing}`,
      on.length + off.length === 0 ? "add `output:`, `pwm:`, or `on:` and `off:`" : `add \`${missing}:\``,
    );
}
