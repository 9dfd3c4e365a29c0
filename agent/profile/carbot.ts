import type { Config } from "../../config/schema.ts";
import { spoken } from "../core/length.ts";
import type { Instant } from "../core/model.ts";
import type { Heard, Profile, ProfileEffect, World } from "./profile.ts";

type Car = Config["carbot"];
type Way = "forward" | "backward" | "stop";

const ways: Readonly<Record<string, Way>> = { f: "forward", b: "backward", s: "stop" };
const steps: Readonly<Record<string, number>> = { "+": 1, "-": -1 };
const timer = "silence";
/** When it is looked at whether it stands. */
const standing = "standing";
const stopTime = 200;

/**
 * A car that is driven by letters on one topic: `f`, `b`, `s`, `+`, `-`. The throttle goes from 0.1 to 1.0 and is kept while it stands. It stops by
 * itself when no letter comes, and when the connection ends; a retained letter would drive it at every connect and is ignored.
 */
export function createCarbot(): Profile {
  let way: Way = "stop";
  /** Tenths: 0.1 three times is not 0.3. */
  let throttle = 1;
  let ignored = 0;
  let introduced = false;
  /** The one that was driven last. */
  let driven: Car | undefined;

  const introduce = (): ProfileEffect[] => {
    if (introduced) return [];
    introduced = true;
    return [told("starting up!")];
  };

  const ignore = (topic: string, why: string): ProfileEffect[] => {
    ignored++;
    // The 1st, 2nd, 4th, 8th … time.
    if (!Number.isInteger(Math.log2(ignored))) return [];
    const count = ignored === 1 ? "a message" : `${ignored} messages`;
    return [{ type: "log", level: "warn", message: `carbot: ${count} on ${topic} ignored, the last one because ${why}` }];
  };

  const heard = (world: World, { topic, payload, retain }: Heard, at: number): ProfileEffect[] => {
    if (retain) return ignore(topic, "it was retained: publish it without retain");
    const [step, asked] = [own(steps, payload), own(ways, payload)];
    if (step === undefined && asked === undefined) return ignore(topic, "it is none of f, b, s, + and -");
    if (step !== undefined) throttle = Math.min(10, Math.max(1, throttle + step));
    if (asked !== undefined) way = asked;
    const cause = step === undefined ? way : `${step > 0 ? "faster" : "slower"}, ${throttle / 10}`;
    driven = world.config.carbot;
    if (way === "stop") return asked === undefined ? [] : halt(world, driven, cause, at);
    return [...drive(world, driven, way, throttle, cause), { type: "startTimer", key: timer, at: at + driven.silence }];
  };

  const stop = (world: World, cause: string, at: Instant): ProfileEffect[] => {
    if (way === "stop" || driven === undefined) return [];
    way = "stop";
    return halt(world, driven, cause, at);
  };

  return {
    topics: ({ config }) => (isCar(config) ? [{ topic: config.carbot.topic, retained: false, commands: true, qos: 0 }] : []),
    watches: () => [],
    step(world, event) {
      switch (event.type) {
        case "started":
          return isCar(world.config) ? introduce() : [];
        case "listening":
          return event.step === "refused" ? [] : [...introduce(), told(event.step === "asked" ? "subscribing" : "subscribed")];
        case "heard":
          return heard(world, event.message, event.at);
        case "timer-due":
          if (event.key === standing) return way === "stop" && driven !== undefined ? endWheels(world, driven) : [];
          return stop(world, `no letter for ${spoken(driven?.silence ?? 0)}`, event.at);
        case "offline":
          return stop(world, "the connection ended", event.at);
        case "changed":
          // Who drives it sends the next letter to what it is now.
          if (JSON.stringify(driven) === JSON.stringify(world.config.carbot)) return [];
          return stop(world, "its configuration has changed", event.at);
        case "birth":
        case "told":
        case "delivered":
          return [];
      }
    },
  };
}

function isCar({ carbot }: Config): boolean {
  return carbot.servos.length + carbot.motors.length > 0;
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function told(message: string): ProfileEffect {
  return { type: "log", level: "info", message: `carbot: ${message}` };
}

function halt(world: World, car: Car, cause: string, at: Instant): ProfileEffect[] {
  return [
    ...drive(world, car, "stop", 0, cause),
    { type: "stopTimer", key: timer },
    { type: "startTimer", key: standing, at: at + stopTime },
  ];
}

/**
 * A wheel that has not taken the command to stand, since it is locked or its line refused, is switched off: that holds against a lock, and
 * is tried until it is so.
 */
function endWheels(world: World, { servos, motors }: Car): ProfileEffect[] {
  const { plan, state } = world;
  const wheels = [...servos, ...motors.flatMap(({ forward, backward }) => [forward, backward])];
  const turning = wheels.filter((id) => {
    const { written, level } = state.outputs[plan.outputIndex.get(id) ?? -1] ?? {};
    return written === true && (level == null || level !== pulseOf(world, id, 0));
  });
  return turning.map((output) => ({ type: "end", output, cause: "carbot: it did not stand" }));
}

/** What its wheels are told; a servo gets its pulse, also to stand. */
function drive(world: World, { servos, motors }: Car, way: Way, throttle: number, cause: string): ProfileEffect[] {
  const sign = { forward: 1, backward: -1, stop: 0 }[way];
  const command = (output: string, body: object): ProfileEffect => ({
    type: "command",
    output,
    message: {
      payload: JSON.stringify({ ...body, cause: `carbot: ${cause}` }),
      retain: false,
      responseTopic: null,
      correlationData: null,
    },
  });
  return [
    // They face each other.
    ...servos.map((id, index) =>
      command(id, { pulse_us: pulseOf(world, id, (sign * throttle * (index === 0 ? -1 : 1)) / 10), fade_ms: 0 }),
    ),
    ...motors.flatMap(({ forward, backward }) => {
      const off = [...(sign > 0 ? [] : [forward]), ...(sign < 0 ? [] : [backward])].map((id) => command(id, { state: "OFF" }));
      return sign === 0 ? off : [...off, command(sign > 0 ? forward : backward, { state: "ON" })];
    }),
  ];
}

/** The pulse of a speed between -1 and 1, in microseconds. */
function pulseOf({ plan }: World, id: string, speed: number): number {
  const pwm = plan.outputs[plan.outputIndex.get(id) ?? -1]?.pwm;
  if (!pwm) return 0;
  const { low, usual, high } = pwm;
  return Math.round(usual + speed * (speed > 0 ? high - usual : usual - low));
}
