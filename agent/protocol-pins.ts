// What the control protocol shows of pins, sensors and rules; `protocol.ts` hands it on.

export interface PinsView {
  /** ISO time of the snapshot; ages are counted from it. */
  at: string;
  driver: string;
  simulated: boolean;
  edges: number;
  pins: PinView[];
  rules: RuleView[];
  /** Absent from an older agent. */
  sensors?: SensorEntry[];
  controllers?: ControllerStatus[];
}

export type PinView = InputView | OutputView;
interface PinBase {
  id: string;
  /** As configured: `GPIO17`. */
  line: string;
  chip: string;
  offset: number;
  /** Header pin 1–40, when the line is on the header. */
  header: number | null;
  bias: string;
  active: "high" | "low";
  state: "ON" | "OFF" | "UNKNOWN";
  /** ISO time of the last change; null when the state is unknown. */
  since: string | null;
  /** A sentence when the line cannot be used now (busy, chip gone). */
  problem: string | null;
}
export interface InputView extends PinBase {
  kind: "input";
  /** What a counter has counted, or where an encoder stands; absent for every other input. */
  counter?: CounterView;
  gesture: string | null;
  /** How long after its edge that gesture acts; null or absent when nothing waits for it. */
  gesture_ms?: number | null;
  /** Edges that did not settle, and edges lost by the kernel. */
  glitches: number;
  lost: number;
  /** The longest time from the first to the last edge of one burst. */
  bounce_ms: number;
  /** What to change because of it: `bounces 40 ms, set debounce 50ms`. */
  advice: string | null;
}
export interface CounterView {
  /** Now; what is published may be up to a report older. */
  total: number;
  unit: string | null;
  /** Null for an encoder, and while the line cannot be used. */
  rate: number | null;
  rate_unit: string | null;
  pulses: number;
  /** Edges that were lost and could not be counted, since the total was last set. */
  lost: number;
}
export interface SensorView {
  /** Of the last good reading; empty before the first. */
  values: readonly { name: string; value: number | boolean | string; unit: string | null }[];
  /** `unknown` until the first read is done. */
  quality: "ok" | "stale" | "failed" | "unknown";
  /** Why the reading cannot be relied on. */
  reason: string | null;
  /** ISO time of the reading, and its age. */
  ts: string | null;
  age_ms: number | null;
}
/** A sensor among the others of the pins view. */
export interface SensorEntry extends SensorView {
  kind: "sensor";
  id: string;
  driver: string;
  /** For how long a reading holds; null = as long as what it is derived from. */
  stale_after_ms: number | null;
  /** What depends on it: `rule mist`. */
  used_by: readonly string[];
}
export interface OutputView extends PinBase {
  kind: "output";
  cause: string;
  /** When a running pulse or max-on ends it. */
  until: string | null;
  pulsing: boolean;
  locked: boolean;
  /** Why its interlock would refuse an ON now; absent when it would not. */
  interlocked?: string;
  /** Only of a PWM. */
  pwm?: PwmView;
}
export interface PwmView {
  kind: "fan" | "dimmer" | "servo";
  /** As written, in `unit`; 0 = off, or no pulses. Null while it is not known. */
  value: number | null;
  /** Where it fades to; null while it does not. */
  target: number | null;
  unit: "%" | "µs";
  /** The limits of what is on. */
  low: number;
  high: number;
}
export interface RuleView {
  id: string;
  text: string;
  fired: number;
  last: string | null;
  /** The three that follow are absent from an older agent. */
  enabled?: boolean;
  /** Until when it rests, and a sentence why; null while it does not. */
  rests_until?: string | null;
  problem?: string | null;
}

/** What the pins view leaves out of a pin, because only who looks at that pin wants it. */
export type PinDetail = InputDetail | OutputDetail;
export interface InputDetail {
  kind: "input";
  id: string;
  /** How long a level must hold, and whether the line itself sees to that. */
  debounce_ms: number;
  by_line: boolean;
  /** When each gesture acts that is bound to a rule or published. */
  gestures: GestureLatency[];
  edges: EdgeLogView;
}
export interface GestureLatency {
  gesture: string;
  /** The edge of the contact from which the time counts. */
  after: "closes" | "opens" | "turns";
  ms: number;
  why: string;
  every_ms: number | null;
}
export interface EdgeLogView {
  /** ISO time: edges are kept from the first time that somebody asks for them until nobody has for a while. */
  since: string;
  /** Newest first, bounded. */
  edges: EdgeView[];
}
export interface EdgeView {
  /** ISO time of the kernel. */
  at: string;
  /** How long after the edge before. */
  after_ms: number | null;
  /** Null for edges that were lost. */
  active: boolean | null;
  /** Null while it is not decided. */
  accepted: boolean | null;
  /** Why it was rejected, or what is special about it. */
  note: string | null;
}
export interface OutputDetail {
  kind: "output";
  id: string;
  /** The length of a pulse that names none. */
  pulse_ms: number;
  max_on_ms: number | null;
  min_on_ms: number;
  min_off_ms: number;
  on_broker_lost: { after_ms: number; do: "on" | "off" } | null;
  on_peer_offline: { peer: string; after_ms: number; do: "on" | "off" } | null;
  interlock: { group: string; partners: string[]; dead_time_ms: number; mode: "switch" | "refuse" } | null;
}

export interface RuleStatus extends Required<RuleView> {
  /** When the first of its times of day comes; null = none within the next days, the clock is not set, or the rule is disabled. */
  next: string | null;
}

export interface ControllerStatus {
  id: string;
  enabled: boolean;
  /** The value that it holds: `tent.humidity`; null while it is not known. */
  sensor: string;
  value: number | null;
  unit: string | null;
  /** Null while it is not known. */
  setpoint: number | null;
  output: number;
  /** Per cent or seconds of the cycle; of a PWM its level, of a servo microseconds. */
  output_unit: "%" | "s" | "µs";
  on: boolean;
  since: string | null;
  /** Why it does not control; null while it does. */
  held: string | null;
  /** Why it last switched. */
  why: string | null;
}

export interface SetResult {
  output: string;
  state: "ON" | "OFF";
  changed: boolean;
  /** Of a PWM: its level now, and where it fades to. */
  value?: number;
  target?: number;
}

export interface Change {
  at: string;
  /** What happened: the state that was written, or that a command was refused. */
  state: "ON" | "OFF" | "REFUSED" | "FAILED" | "LOCKED" | "UNLOCKED" | "SET";
  cause: string;
  detail: string | null;
  /** `rule`, `mqtt`, `cli`, `tui`, `plug`, `contract`, `start` or `failsafe`. */
  kind: string;
  /** Who or what it was. */
  source: string;
  /** The id of the command, as its sender chose it. */
  id: string | null;
  /** From the first step to the last. */
  chain: readonly Step[];
  /** The whole of it in words: `ON because porch was pressed and rule porch-lamp says toggle; ends by max_on`. */
  text: string;
  /** When it was to end by itself, as known at that moment. */
  until: string | null;
  /** From when on what was refused would have been served, when that was known. */
  allowed_at?: string;
}

/** One step of what led to a change. */
export interface Step {
  /** One of the kinds of a cause, or what set a rule going: `input`, `output`, `broker`, `peer` or `clock`. */
  kind: string;
  /** `porch click`, `rule porch-lamp`, `pulse ended`. */
  text: string;
  /** How long the gesture took, for one that is recognised after its press. */
  duration_ms?: number;
}

export interface ChipView {
  label: string;
  name: string;
  lines: { offset: number; name: string; header: number | null; holder: string; direction: "input" | "output"; id: string | null }[];
}
