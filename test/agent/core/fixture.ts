import fc from "fast-check";
import type { Gesture } from "../../../agent/core/model.ts";
import { complete, completeItem } from "../../../config/complete.ts";
import { deriveSchema } from "../../../config/derive.ts";
import { mqttioSchema } from "../../../config/mqttio.ts";
import {
  type ActionConfig,
  type ConditionConfig,
  type Config,
  type ControllerConfig,
  type DeriveConfig,
  type InputConfig,
  type OutputConfig,
  type PwmConfig,
  type RuleConfig,
  type SensorConfig,
  schema,
  type TriggerConfig,
} from "../../../config/schema.ts";

const usual = complete(schema, {}) as Config;
type Mqttio = Config["mqttio"];
type Item<K extends "inputs" | "outputs" | "sensors"> = Partial<Mqttio[K][number]>;
/** Of an item, what is not as it is by default. */
type MqttioParts = Partial<Pick<Mqttio, "prefix" | "status">> & {
  inputs?: Item<"inputs">[];
  outputs?: Item<"outputs">[];
  sensors?: Item<"sensors">[];
};

function mqttioItems({ inputs = [], outputs = [], sensors = [] }: MqttioParts) {
  const { items: input } = mqttioSchema.inputs;
  const { items: output } = mqttioSchema.outputs;
  const { items: sensor } = mqttioSchema.sensors;
  return {
    inputs: inputs.map((item) => completeItem(input, item) as Mqttio["inputs"][number]),
    outputs: outputs.map((item) => completeItem(output, item) as Mqttio["outputs"][number]),
    sensors: sensors.map((item) => completeItem(sensor, item) as Mqttio["sensors"][number]),
  };
}

/** A checked configuration, as small as a test needs it. Lines are numbered by themselves. */
export function configOf(parts: {
  inputs?: Record<string, Partial<InputConfig>>;
  outputs?: Record<string, Partial<OutputConfig>>;
  rules?: Record<string, RuleConfig>;
  controllers?: Record<string, ControllerConfig>;
  interlocks?: Config["interlocks"];
  peers?: Record<string, Partial<Config["peers"][string]> & { topic: string }>;
  sensors?: Record<string, Partial<SensorConfig>>;
  derive?: Record<string, Partial<DeriveConfig>>;
  pwm?: Record<string, Partial<PwmConfig>>;
  start_spacing?: number;
  commands?: Config["commands"];
  covers?: Record<string, Partial<Config["covers"][string]> & { open: string; close: string }>;
  homeassistant?: Partial<Config["homeassistant"]>;
  mistbuddy?: Record<string, Partial<Config["mistbuddy"][string]> & { topic: string; light: string; outputs: string[] }>;
  carbot?: Partial<Config["carbot"]>;
  services?: Config["services"];
  mqttio?: MqttioParts;
}): Config {
  const inputs = Object.entries(parts.inputs ?? {}).map(([id, input], index): [string, InputConfig] => [
    id,
    {
      line: { kind: "gpio", gpio: 2 + index },
      evdev: null,
      key: null,
      grab: "off",
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
      name: null,
      homeassistant: null,
      ...input,
    },
  ]);
  const outputs = Object.entries(parts.outputs ?? {}).map(([id, output], index): [string, OutputConfig] => [
    id,
    {
      line: { kind: "gpio", gpio: 16 + index },
      plug: null,
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
      name: null,
      homeassistant: null,
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
      device: null,
      only: [],
      command: [],
      json: null,
      timeout: 5000,
      scale: 1,
      offset: 0,
      range: [],
      max_change: null,
      filter: null,
      report: null,
      quantities: {},
      every: 60_000,
      stale_after: null,
      homeassistant: null,
      topic: null,
      values: {},
      availability: null,
      time: null,
      retained: null,
      max_payload: 16_384,
      publish: "true",
      ...sensor,
    },
  ]);
  const derived = Object.entries(parts.derive ?? {}).map(([id, derive]): [string, DeriveConfig] => [
    id,
    { ...(completeItem(deriveSchema, {}) as DeriveConfig), ...derive },
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
    derive: Object.fromEntries(derived),
    pwm: Object.fromEntries(pwm),
    rules: parts.rules ?? {},
    tasmota: {},
    mistbuddy: Object.fromEntries(
      Object.entries(parts.mistbuddy ?? {}).map(([id, buddy]) => [
        id,
        { silence: 86_400_000, on_broker_lost: { after: 120_000, do: "off" }, ...buddy },
      ]),
    ),
    mqttio: {
      ...usual.mqttio,
      ...parts.mqttio,
      ...mqttioItems(parts.mqttio ?? {}),
    },
    controllers: parts.controllers ?? {},
    owlcms: usual.owlcms,
    carbot: { ...usual.carbot, ...parts.carbot },
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
    services: parts.services ?? [],
    covers: Object.fromEntries(Object.entries(parts.covers ?? {}).map(([id, cover]) => [id, { name: null, device_class: null, ...cover }])),
    homeassistant: { ...usual.homeassistant, discovery: "false", ...parts.homeassistant },
    homie: { ...usual.homie, discovery: "false" },
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
  more: {
    and?: Partial<ConditionConfig>[];
    unless?: Partial<ConditionConfig>[];
    else?: ActionParts[];
    on_stale?: Reaction;
    on_broker_lost?: Reaction;
  } & Partial<Pick<RuleConfig, "on_start" | "min_on" | "min_off" | "repeat">> = {},
): RuleConfig {
  const days = { days: [] };
  const nothing = { peer: null, input: null, output: null, broker: null, is: null, rule: null, ...days };
  const message = { topic: null, payload: null, value: null, stale_after: null, first_word: null, changed_since: [], agree: null };
  const compared = { sensor: null, below: null, above: null, equals: null, hysteresis: 0 };
  const clock = { time: null, sun: null, offset: null, start: null };
  const condition = (item: Partial<ConditionConfig>): ConditionConfig => ({
    ...nothing,
    ...compared,
    fired_within: null,
    between: [],
    ...item,
  });
  return {
    when: when.map((item) => ({ ...nothing, ...clock, ...message, ...compared, gesture: null, clicks: null, for: null, ...item })),
    and: (more.and ?? []).map(condition),
    unless: (more.unless ?? []).map(condition),
    do: actions.map(action),
    else: (more.else ?? []).map(action),
    on_stale: reaction(more.on_stale),
    on_broker_lost: reaction(more.on_broker_lost),
    min_on: more.min_on ?? 0,
    min_off: more.min_off ?? 0,
    repeat: more.repeat ?? null,
    on_start: more.on_start ?? "last",
  };
}

/** `"else"`, or actions, of which one may be `{ do: "else", after: 5000 }`. */
type Reaction = "else" | "none" | (ActionParts & { do?: "else" | "none" })[];

function reaction(what: Reaction = []): RuleConfig["on_stale"] {
  const steps = typeof what === "string" ? [{ do: what }] : what;
  return steps.map(({ do: word = null, ...parts }) => ({ do: word, ...action(parts) }));
}

/** A controller of `output`, or of what `on` and `off` say. */
export function controller(
  parts: Partial<Omit<ControllerConfig, "and" | "unless" | "on" | "off">> &
    Pick<ControllerConfig, "sensor" | "effect"> & {
      and?: Partial<ConditionConfig>[];
      unless?: Partial<ConditionConfig>[];
      on?: [topic: string, payload: string][];
      off?: [topic: string, payload: string][];
    },
): ControllerConfig {
  const { and, unless } = rule([], [], { and: parts.and ?? [], unless: parts.unless ?? [] });
  const publications = (list: [string, string][] = []) => list.map(([publish, payload]) => ({ publish, payload, qos: 1 }));
  return {
    setpoint: null,
    schedule: [],
    setpoint_from: null,
    setpoint_min: null,
    setpoint_max: null,
    hysteresis: null,
    pid: null,
    cycle: null,
    output_in: "percent",
    output_min: 0,
    output_max: null,
    output: null,
    pwm: null,
    level_on: null,
    level_off: null,
    min_on: 0,
    min_off: 0,
    repeat: null,
    on_stale: "off",
    on_broker_lost: null,
    on_start: "last",
    ...parts,
    and,
    unless,
    on: publications(parts.on),
    off: publications(parts.off),
  };
}

type Until = ActionConfig["until"][number];
/** Of an action, and of what ends it, only what matters. */
export type ActionParts = Partial<Omit<ActionConfig, "until" | "unless">> & { until?: Partial<Until>[]; unless?: Partial<Until>[] };

function action({ until = [], unless = [], ...parts }: ActionParts): ActionConfig {
  const end = (given: Partial<Until>): Until => ({ input: null, gesture: null, clicks: null, topic: null, payload: null, ...given });
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
    until: until.map(end),
    unless: unless.map(end),
  };
}

/** Any UTF-16 text, lone surrogates and control characters included; fast-check's own takes seconds to build. */
export const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xa0 }), fc.integer({ min: 0, max: 0xffff })), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes));
