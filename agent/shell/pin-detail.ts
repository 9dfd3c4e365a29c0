import { latenciesOf } from "../core/gesture-latency.ts";
import type { InputPlan } from "../core/input-plan.ts";
import { isoTime } from "../core/iso-time.ts";
import type { OutputPlan } from "../core/output-plan.ts";
import type { Plan } from "../core/plan.ts";
import type { State } from "../core/state.ts";
import type { EdgeView, InputDetail, OutputDetail, PinDetail } from "../protocol.ts";
import type { EdgeLog, KeptEdge } from "./edge-log.ts";

/** One input or output for whoever looks at it; undefined when there is none of that id. */
export function pinDetail(plan: Plan, state: Readonly<State>, edges: EdgeLog, id: string): PinDetail | undefined {
  const output = plan.outputs[plan.outputIndex.get(id) ?? -1];
  if (output) return outputDetail(plan, output);
  const input = plan.inputs[plan.inputIndex.get(id) ?? -1];
  return input && inputDetail(input, state, edges);
}

/** How long after its edge a gesture acts; null when nothing is bound to it and it is not published. */
export function latencyOf(input: InputPlan, gesture: string): number | null {
  let known = latencies.get(input);
  if (known === undefined) {
    known = new Map(latenciesOf(input).map(({ gesture, ms }) => [gesture, ms]));
    latencies.set(input, known);
  }
  return known.get(gesture) ?? null;
}

/** It follows from the plan alone, and the view of the pins is made ten times a second. */
const latencies = new WeakMap<InputPlan, Map<string, number>>();

function inputDetail(input: InputPlan, state: Readonly<State>, log: EdgeLog): InputDetail {
  const { since, edges } = log.read(input.id);
  return {
    kind: "input",
    id: input.id,
    debounce_ms: input.debounce + input.lineDebounce,
    by_line: input.lineDebounce > 0,
    gestures: latenciesOf(input).map(({ every, ...latency }) => ({ ...latency, every_ms: every })),
    edges: { since: isoTime(state, since), edges: edges.map((edge) => edgeView(edge, state)).reverse() },
  };
}

function edgeView({ at, after, active, accepted, note }: KeptEdge, state: Readonly<State>): EdgeView {
  const microseconds = after === null ? null : Math.round(after * 1000) / 1000;
  return { at: isoTime(state, at), after_ms: microseconds, active, accepted, note };
}

function outputDetail(plan: Plan, output: OutputPlan): OutputDetail {
  const { id, pulse, maxOn, minOn, minOff, onBrokerLost: broker, onPeerOffline: peer, interlock } = output;
  const word = (active: boolean) => (active ? "on" : "off");
  const nameOf = (items: readonly { id: string }[], index: number) => items[index]?.id ?? "?";
  return {
    kind: "output",
    id,
    pulse_ms: pulse,
    max_on_ms: maxOn,
    min_on_ms: minOn,
    min_off_ms: minOff,
    on_broker_lost: broker && { after_ms: broker.after, do: word(broker.active) },
    on_peer_offline: peer && { peer: nameOf(plan.peers, peer.peer), after_ms: peer.after, do: word(peer.active) },
    interlock: interlock && {
      group: interlock.group,
      partners: interlock.partners.map((partner) => nameOf(plan.outputs, partner)),
      dead_time_ms: interlock.deadTime,
      mode: interlock.mode,
    },
  };
}
