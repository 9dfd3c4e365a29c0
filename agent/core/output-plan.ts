import type { Config } from "../../config/schema.ts";
import { formatLineName, type LineName } from "../../gpio/line.ts";
import { type PlugPlan, plugPlanOf } from "../profile/tasmota/plug.ts";
import { type Interlock, interlockOf } from "./interlock-plan.ts";
import type { TimerKey } from "./model.ts";
import { patternKey } from "./pattern-end.ts";
import { type PeerPlan, peerOf } from "./peer-plan.ts";
import type { TimerOwner } from "./plan.ts";
import { type PwmPlan, pwmsOf } from "./pwm-plan.ts";
import type { Topics } from "./topics.ts";

export type ExitState = "off" | "on" | "keep";

export interface OutputPlan {
  id: string;
  /** Null for a plug. */
  line: LineName | null;
  /** Null for a line. */
  plug: PlugPlan | null;
  onStart: boolean;
  /** `keep` = the level that is found on the line, `last` = the last one that was written. */
  startFrom: "off" | "on" | "keep" | "last";
  /** It may blink to show which one it is. */
  identify: boolean;
  onExit: ExitState;
  onCrash: ExitState;
  /** The length of a PULSE that names none. */
  pulse: number;
  /** The longest pulse that a command may ask for. */
  pulseMax: number | null;
  maxOn: number | null;
  minOn: number;
  minOff: number;
  interlock: Interlock | null;
  onBrokerLost: { after: number; active: boolean } | null;
  onPeerOffline: { peer: number; after: number; active: boolean } | null;
  /** Null for a line that is only on or off. */
  pwm: PwmPlan | null;
  stateTopic: string;
  attrTopic: string;
  setTopic: string;
  resultTopic: string;
  pulseKey: TimerKey;
  maxOnKey: TimerKey;
  retryKey: TimerKey;
  interlockKey: TimerKey;
  brokerLostKey: TimerKey;
  peerOfflineKey: TimerKey;
  startKey: TimerKey;
}

const defaultPulse = 500;

/** The outputs of the configuration, then its PWM; their timers are added to `timers`. */
export function outputsOf(
  config: Config,
  topics: Topics,
  outputIndex: ReadonlyMap<string, number>,
  peers: readonly PeerPlan[],
  timers: Map<TimerKey, TimerOwner>,
): OutputPlan[] {
  const keysOf = (id: string, index: number) => {
    const pulseKey: TimerKey = `pulse:${id}`;
    const maxOnKey: TimerKey = `max-on:${id}`;
    const retryKey: TimerKey = `retry:${id}`;
    const interlockKey: TimerKey = `interlock:${id}`;
    const brokerLostKey: TimerKey = `broker-lost:${id}`;
    const peerOfflineKey: TimerKey = `peer-offline:${id}`;
    const startKey: TimerKey = `start:${id}`;
    timers
      .set(interlockKey, { kind: "interlock", output: index })
      .set(brokerLostKey, { kind: "broker-lost", output: index })
      .set(peerOfflineKey, { kind: "peer-offline", output: index })
      .set(startKey, { kind: "start", output: index })
      .set(patternKey(id), { kind: "pattern", output: index })
      .set(pulseKey, { kind: "pulse", output: index })
      .set(maxOnKey, { kind: "max-on", output: index })
      .set(retryKey, { kind: "retry", output: index });
    return { pulseKey, maxOnKey, retryKey, interlockKey, brokerLostKey, peerOfflineKey, startKey };
  };
  const switched = Object.entries(config.outputs).map(([id, output], index): OutputPlan => {
    const lost = output.on_broker_lost;
    const length = typeof output.pulse === "number" ? { default: output.pulse, max: null } : output.pulse;
    return {
      id,
      line: output.line,
      plug: output.plug && plugPlanOf(output.plug, output.max_on, length?.max ?? length?.default ?? null),
      onStart: output.on_start === "on",
      startFrom: output.on_start,
      identify: output.identify === "on",
      onExit: output.on_exit,
      onCrash: output.on_crash ?? output.on_exit,
      // A ceiling below the usual length is the length, too.
      pulse: length?.default ?? Math.min(defaultPulse, length?.max ?? defaultPulse),
      pulseMax: length?.max ?? null,
      maxOn: output.max_on,
      minOn: output.min_on,
      minOff: output.min_off,
      interlock: interlockOf(config, id, outputIndex),
      onBrokerLost: lost === null || lost.do === "keep" ? null : { after: lost.after, active: lost.do === "on" },
      onPeerOffline: peerOf(peers, output.on_peer_offline),
      pwm: null,
      stateTopic: topics.outputState(id),
      attrTopic: topics.outputAttr(id),
      setTopic: topics.outputSet(id),
      resultTopic: topics.outputResult(id),
      ...keysOf(id, index),
    };
  });
  return [...switched, ...pwmsOf(config, topics, switched.length, keysOf, timers)];
}

/** What an output is driven by, as a person names it. */
export function placeOf({ line, plug }: Pick<OutputPlan, "line" | "plug">): string {
  if (plug !== null) return `plug ${plug.topic}${plug.relay === null ? "" : ` relay ${plug.relay}`}`;
  return line === null ? "" : formatLineName(line);
}
