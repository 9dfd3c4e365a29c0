import { isDeepStrictEqual } from "node:util";
import { servoMiddle } from "../gpio/line.ts";
import type { Found, Report } from "./check.ts";
import { duration, id } from "./formats.ts";
import { inFileOnly, leaf, listOf, required } from "./leaf.ts";
import { isOwnTopic, topicName } from "./peers.ts";
import { checkReference, named } from "./references.ts";
import type { Config, PwmConfig } from "./schema.ts";

const second = 1000;

const servosText = "The two continuous servos below `pwm:`; when it goes forward the second one turns forward, and the first one backward.";

/** A car with two wheels that one letter at a time drives: `agent/profile/carbot.ts`. */
export const carbotSchema = {
  topic: leaf(topicName, "carbot/move", "The topic with the letters: `f` forward, `b` backward, `s` stop, `+` faster, `-` slower."),
  servos: inFileOnly(listOf(required(id, servosText), servosText)),
  motors: inFileOnly(
    listOf(
      {
        forward: required(id, "The output that turns it forward."),
        backward: required(id, "The output that turns it backward, of the same interlock."),
      },
      "Instead of servos: motors that two outputs turn, at one speed.",
    ),
  ),
  silence: leaf(duration(100, 60 * second), 2 * second, "How long it goes on moving when no letter comes; then it stops."),
};

/** What ends the turning of a wheel, or begins it slowly, of a servo and of an output. */
const together = ["max_on", "fade", "silence", "on_broker_lost", "on_peer_offline"];

/** A car that stands whenever nobody drives it: at the start, at the stop, after a crash, and when its commands end. */
export function checkCarbot(config: Config, found: Found, report: Report): void {
  const { topic, servos, motors } = config.carbot;
  if (isOwnTopic(config, topic)) report("carbot.topic", "it is a topic of this node itself", "take another one");
  if (servos.length > 0 && motors.length > 0) report("carbot.motors", "it stands beside servos", "keep one of them");
  if (servos.length > 0 && servos.length !== 2)
    report("carbot.servos", `there are ${servos.length} of them`, "name two, like [left, right]");
  const taken = new Map<string, string>();
  const once = (path: string, wheel: string) => {
    const first = taken.get(wheel);
    if (first !== undefined) report(path, `${wheel} is ${first} already`, "name another one");
    taken.set(wheel, path);
  };
  for (const [index, servo] of servos.entries()) {
    const path = `carbot.servos[${index}]`;
    once(path, servo);
    if (checkReference(path, servo, "pwm", found, report)) checkServo(path, servo, config, report);
  }
  for (const [index, { forward, backward }] of motors.entries()) {
    const path = `carbot.motors[${index}]`;
    const ways = { forward, backward };
    const known = Object.entries(ways).filter(([way, output]) => {
      once(`${path}.${way}`, output);
      return checkReference(`${path}.${way}`, output, "output", found, report);
    });
    if (known.length === 2) checkMotor(path, ways, config, report);
  }
  if (servos.length === 2) checkTogether("pwm", servos, config, found, report);
  for (const way of ["forward", "backward"] as const) {
    const wheels = motors.map((motor) => motor[way]);
    checkTogether("outputs", wheels, config, found, report);
  }
}

/** Wheels that turn together are to stop together: else the car turns on the spot. */
function checkTogether(
  kind: "pwm" | "outputs",
  [first = "", ...others]: readonly string[],
  config: Config,
  { place }: Found,
  report: Report,
): void {
  const contractOf = (wheel: string): Readonly<Record<string, unknown>> | undefined => {
    if (kind === "outputs") return named(config.outputs, wheel);
    const servo = named(config.pwm, wheel);
    if (!servo) return undefined;
    // A wheel stands at its own middle, and when it gets no pulses.
    const stands = (end: PwmConfig["silence"]) => end && { ...end, do: end.do === servoMiddle(servo) ? 0 : end.do };
    return { ...servo, silence: stands(servo.silence), on_broker_lost: stands(servo.on_broker_lost) };
  };
  const contract = contractOf(first);
  for (const other of others) {
    const own = contractOf(other);
    if (!contract || !own) continue;
    for (const key of together) {
      if (isDeepStrictEqual(contract[key], own[key])) continue;
      // One of them may say nothing of it.
      const [wheel, partner] = place(`${kind}.${other}.${key}`).line > 0 ? [other, first] : [first, other];
      const what = `${partner} has another one: one wheel may turn while the other one stands`;
      report(`${kind}.${wheel}.${key}`, what, "write the same for both", "warning");
    }
  }
}

function checkServo(path: string, servo: string, config: Config, report: Report): void {
  const pwm = named(config.pwm, servo);
  if (!pwm) return;
  if (pwm.kind !== "servo") {
    report(path, `${servo} is a ${pwm.kind}`, "name a PWM with kind: servo");
    return;
  }
  const middle = servoMiddle(pwm);
  const { on_start, on_exit, on_crash, on_broker_lost, silence } = pwm;
  const levels = { on_start, on_exit, on_crash, on_broker_lost: on_broker_lost?.do, silence: silence?.do };
  for (const [key, level] of Object.entries(levels))
    if (level != null && level !== 0 && level !== middle)
      report(`pwm.${servo}.${key}`, "the car would not stand then", `write release, or ${middle}, which is its middle`);
}

/** Where one wheel may turn and the other be refused, the car turns on the spot until the next letter. */
const alone = "a wheel may be refused while the other one turns";

function checkMotor(path: string, ways: { forward: string; backward: string }, { outputs, interlocks }: Config, report: Report): void {
  const [forward, backward] = [named(outputs, ways.forward), named(outputs, ways.backward)];
  if (forward && backward && ways.forward !== ways.backward && (forward.interlock === null || forward.interlock !== backward.interlock))
    report(path, `${ways.forward} and ${ways.backward} may be on together`, "write the same interlock for both");
  const group = forward?.interlock ?? "";
  const [other] =
    Object.entries(outputs).find(([id, { interlock }]) => interlock === group && id !== ways.forward && id !== ways.backward) ?? [];
  if (other !== undefined)
    report(
      path,
      `${other} is of the interlock ${group} as well: one wheel may stop while the other one turns`,
      "write an interlock for each motor, of its two outputs alone",
    );
  if (named(interlocks, group)?.mode === "refuse") report(`interlocks.${group}.mode`, alone, "write switch");
  for (const [output, contract] of [
    [ways.forward, forward],
    [ways.backward, backward],
  ] as const) {
    if (!contract) continue;
    const { on_start, on_exit, on_crash, on_broker_lost, on_peer_offline, min_on, min_off } = contract;
    const ends = { on_start, on_exit, on_crash };
    const lost = { on_broker_lost: on_broker_lost?.do, on_peer_offline: on_peer_offline?.do };
    // What is kept then stands already.
    const moves = [
      ...Object.entries(ends).filter(([, state]) => state !== null && state !== "off"),
      ...Object.entries(lost).filter(([, state]) => state === "on"),
    ];
    for (const [key] of moves) report(`outputs.${output}.${key}`, "the car would not stand then", "write off");
    if (min_on > 0) report(`outputs.${output}.min_on`, "the car has to stop at once", "remove it");
    if (min_off > 0) report(`outputs.${output}.min_off`, alone, "remove it");
  }
}
