import fc from "fast-check";
import type { Gesture } from "../../../agent/core/model.ts";
import { complete } from "../../../config/complete.ts";
import {
  type ActionConfig,
  type ConditionConfig,
  type Config,
  type InputConfig,
  type OutputConfig,
  type PwmConfig,
  type RuleConfig,
  type SensorConfig,
  schema,
  type TriggerConfig,
} from "../../../config/schema.ts";

const usual = complete(schema, {}) as Config;

/** A checked configuration, as small as a test needs it. Lines are numbered by themselves. */
export function configOf(parts: {
  inputs?: Record<string, Partial<InputConfig>>;
  outputs?: Record<string, Partial<OutputConfig>>;
  rules?: Record<string, RuleConfig>;
  interlocks?: Config["interlocks"];
  peers?: Record<string, Partial<Config["peers"][string]> & { topic: string }>;
  sensors?: Record<string, Partial<SensorConfig>>;
  pwm?: Record<string, Partial<PwmConfig>>;
  start_spacing?: number;
  commands?: Config["commands"];
}): Config {
  const inputs = Object.entries(parts.inputs ?? {}).map(([id, input], index): [string, InputConfig] => [
    id,
    {
      line: { kind: "gpio", gpio: 2 + index },
      bias: "as-is",
      active: "high",
      debounce: 20,
      hold: 600,
      window: 300,
      repeat: 200,
      kind: "button",
      events: [],
      edge: "rising",
      per_unit: 1,
      unit: null,
      rate: "hour",
      report: 1000,
      line_b: null,
      steps_per_detent: 4,
      event_ttl: 10_000,
      ...input,
    },
  ]);
  const outputs = Object.entries(parts.outputs ?? {}).map(([id, output], index): [string, OutputConfig] => [
    id,
    {
      line: { kind: "gpio", gpio: 16 + index },
      active: "high",
      on_start: "off",
      on_exit: "off",
      on_crash: null,
      pulse: null,
      max_on: null,
      min_on: 0,
      min_off: 0,
      interlock: null,
      on_broker_lost: null,
      on_peer_offline: null,
      identify: "off",
      ...output,
    },
  ]);
  const sensors = Object.entries(parts.sensors ?? {}).map(([id, sensor]): [string, SensorConfig] => [
    id,
    {
      driver: "file",
      id: null,
      zone: null,
      path: `/${id}`,
      name: "value",
      unit: null,
      scale: 1,
      offset: 0,
      every: 60_000,
      stale_after: null,
      ...sensor,
    },
  ]);
  const pwm = Object.entries(parts.pwm ?? {}).map(([id, own]): [string, PwmConfig] => [
    id,
    {
      line: { kind: "gpio", gpio: 18 },
      chip: null,
      channel: null,
      kind: "dimmer",
      frequency: null,
      active: "high",
      min: 0,
      gamma: 1,
      pulse: [1000, 2000],
      neutral: null,
      fade: 0,
      on_start: 0,
      on_exit: 0,
      on_crash: null,
      max_on: null,
      on_broker_lost: null,
      silence: null,
      curve: null,
      ...own,
    },
  ]);
  return {
    version: 1,
    node: "garage",
    prefix: "pinbus",
    gpio: { driver: "sim", board: "pi4" },
    state_dir: "/nowhere",
    control: { socket: "/nowhere/control.sock", view: "/nowhere/view.sock" },
    mqtt: {
      server: [],
      port: 1883,
      tls: "auto",
      ca: null,
      cert: null,
      key: null,
      servername: null,
      tls_min: "1.2",
      tls_verify: "on",
      username: null,
      password: null,
      protocol: "auto",
      keepalive: 60_000,
      client_id: null,
      env: "off",
      command_ttl: 10_000,
    },
    outbox: { max_events: 10_000, disk: "on", telemetry: "memory", max_telemetry: 10_000, telemetry_ttl: 86_400_000 },
    broker: { ...usual.broker, listeners: [] },
    sys_interval: 10_000,
    inputs: Object.fromEntries(inputs),
    outputs: Object.fromEntries(outputs),
    sensors: Object.fromEntries(sensors),
    pwm: Object.fromEntries(pwm),
    rules: parts.rules ?? {},
    time_zone: null,
    location: { latitude: null, longitude: null },
    interlocks: parts.interlocks ?? {},
    start_spacing: parts.start_spacing ?? 0,
    peers: Object.fromEntries(
      Object.entries(parts.peers ?? {}).map(([id, peer]) => [
        id,
        { online: "Online", offline: "Offline", stale_after: null, heard: null, ...peer },
      ]),
    ),
    services: [],
    commands: parts.commands ?? ["resync"],
    log: { level: "info", format: "auto", mqtt: "warn" },
  };
}

/** `when("porch press", ["lamp", "toggle"], ["gate", "pulse", 300])`, `when("porch 4 clicks", …)` */
export function when(trigger: `${string} ${Gesture}`, ...steps: [string, ActionConfig["set"], number?][]): RuleConfig {
  const [input = "", gesture = "", more] = trigger.split(" ");
  const started = more === "clicks" ? { gesture: null, clicks: Number(gesture) } : { gesture, clicks: null };
  return {
    ...rule([{ input, ...started } as Partial<TriggerConfig>], []),
    do: steps.map(([output, set, forMs]) => action({ output, set, for: forMs ?? null })),
  };
}

/** `rule([{ output: "lamp", is: "on" }], [{ output: "fan", set: "on" }], { and: [{ broker: "lost" }] })` */
export function rule(
  when: Partial<TriggerConfig>[],
  actions: ActionParts[],
  more: { and?: Partial<ConditionConfig>[]; unless?: Partial<ConditionConfig>[]; on_start?: RuleConfig["on_start"] } = {},
): RuleConfig {
  const days = { days: [] };
  const nothing = { peer: null, input: null, output: null, broker: null, is: null, rule: null, ...days };
  const message = { topic: null, payload: null };
  const clock = { time: null, sun: null, offset: null, start: null };
  const condition = (item: Partial<ConditionConfig>): ConditionConfig => ({ ...nothing, between: [], ...item });
  return {
    when: when.map((item) => ({ ...nothing, ...clock, ...message, gesture: null, clicks: null, for: null, ...item })),
    and: (more.and ?? []).map(condition),
    unless: (more.unless ?? []).map(condition),
    do: actions.map(action),
    on_start: more.on_start ?? "last",
  };
}

type Until = ActionConfig["until"][number];
/** Of an action, and of what ends it, only what matters. */
export type ActionParts = Partial<Omit<ActionConfig, "until">> & { until?: Partial<Until>[] };

function action({ until = [], ...parts }: ActionParts): ActionConfig {
  return {
    output: null,
    pwm: null,
    value: null,
    fade: null,
    set: null,
    for: null,
    flash: null,
    beep: null,
    tone: null,
    pattern: [],
    repeat: 1,
    publish: null,
    payload: null,
    qos: 1,
    retain: "false",
    enable: null,
    disable: null,
    after: null,
    ...parts,
    until: until.map((end) => ({ input: null, gesture: null, clicks: null, topic: null, payload: null, ...end })),
  };
}

/** Any UTF-16 text, lone surrogates and control characters included; fast-check's own takes seconds to build. */
export const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xa0 }), fc.integer({ min: 0, max: 0xffff })), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes));
