import type { Config, PwmConfig } from "../../config/schema.ts";
import { type LineName, servoMiddle } from "../../gpio/line.ts";
import type { TimerKey } from "./model.ts";
import type { OutputPlan } from "./output-plan.ts";
import type { TimerOwner } from "./plan.ts";
import type { Topics } from "./topics.ts";

/** What an output has besides on and off when it is a PWM. Levels are per cent, of a servo microseconds; 0 is off, or no pulses. */
export interface PwmPlan {
  kind: PwmConfig["kind"];
  place: PwmPlace;
  periodNs: number;
  inverted: boolean;
  /** The lowest and the highest level besides 0. */
  low: number;
  high: number;
  /** What lies below is 0; of a servo it is refused. */
  min: number;
  gamma: number;
  /** The level of ON before another one was asked for. */
  usual: number;
  /** How long it takes from one level to the next, unless a command says so. */
  fade: number;
  onStart: number;
  /** Null = as it is. */
  onExit: number | null;
  onCrash: number | null;
  brokerLost: number;
  silence: { after: number; level: number } | null;
  curve: Curve | null;
  fadeKey: TimerKey;
  silenceKey: TimerKey;
}

export type PwmPlace = { line: LineName } | { chip: string; channel: number };

export interface Curve {
  /** As configured: an id, or `id.quantity`. */
  sensor: string;
  points: readonly (readonly [number, number])[];
  hysteresis: number;
  onStale: number;
}

const frequencies = { fan: 25_000, dimmer: 1000, servo: 50 };

/** The PWM of the configuration as further outputs, from index `first` on; timers of their own are added to `timers`. */
export function pwmsOf(
  config: Config,
  topics: Topics,
  first: number,
  keys: (id: string, output: number) => Pick<OutputPlan, OutputKeys>,
  timers: Map<TimerKey, TimerOwner>,
): OutputPlan[] {
  return Object.entries(config.pwm).map(([id, pwm], offset): OutputPlan => {
    const output = first + offset;
    const plan = pwmPlanOf(id, pwm);
    timers.set(plan.fadeKey, { kind: "fade", output }).set(plan.silenceKey, { kind: "silence", output });
    const lost = pwm.on_broker_lost;
    return {
      id,
      // Of a channel that is named by its chip nothing else is known.
      plug: null,
      line: pwm.line ?? { kind: "offset", chip: pwm.chip ?? "", offset: pwm.channel ?? 0 },
      onStart: plan.onStart > 0,
      startFrom: plan.onStart > 0 ? "on" : "off",
      identify: false,
      onExit: exitState(plan.onExit),
      onCrash: exitState(plan.onCrash),
      pulse: 500,
      pulseMax: null,
      maxOn: pwm.max_on,
      minOn: 0,
      minOff: 0,
      interlock: null,
      onBrokerLost: lost === null ? null : { after: lost.after, active: plan.brokerLost > 0 },
      onPeerOffline: null,
      pwm: plan,
      stateTopic: topics.pwmState(id),
      attrTopic: topics.pwmAttr(id),
      setTopic: topics.pwmSet(id),
      resultTopic: topics.pwmResult(id),
      ...keys(id, output),
    };
  });
}

type OutputKeys = "pulseKey" | "maxOnKey" | "retryKey" | "interlockKey" | "brokerLostKey" | "peerOfflineKey" | "startKey";

/** The PWM of a configuration by itself. */
export function pwmPlanOf(id: string, pwm: PwmConfig): PwmPlan {
  const { kind, line, chip, channel, curve, silence, pulse } = pwm;
  const servo = kind === "servo";
  const min = servo ? 0 : pwm.min;
  // A level that is off is off in the contract as well.
  const level = (wanted: number) => (wanted < min ? 0 : wanted);
  const exit = (wanted: number | "keep") => (wanted === "keep" ? null : level(wanted));
  const [low, high] = servo ? pulse : [0, 100];
  return {
    kind,
    place: line === null ? { chip: chip ?? "", channel: channel ?? 0 } : { line },
    periodNs: Math.round(1e9 / (pwm.frequency ?? frequencies[kind])),
    inverted: pwm.active === "low",
    low,
    high,
    min,
    gamma: kind === "dimmer" ? pwm.gamma : 1,
    usual: servo ? servoMiddle(pwm) : 100,
    fade: pwm.fade,
    onStart: level(pwm.on_start),
    onExit: exit(pwm.on_exit),
    onCrash: exit(pwm.on_crash ?? pwm.on_exit),
    brokerLost: level(pwm.on_broker_lost?.do ?? 0),
    silence: silence && { after: silence.after, level: level(silence.do) },
    curve: curve && { sensor: curve.sensor, points: curve.points, hysteresis: curve.hysteresis, onStale: curve.on_stale },
    fadeKey: `fade:${id}`,
    silenceKey: `silence:${id}`,
  };
}

function exitState(level: number | null): OutputPlan["onExit"] {
  return level === null ? "keep" : level > 0 ? "on" : "off";
}
