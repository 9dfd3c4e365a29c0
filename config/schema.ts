import { brokerSchema } from "./broker.ts";
import { carbotSchema } from "./carbot.ts";
import { decimal, timeZone } from "./clock-formats.ts";
import { controllerSchema } from "./controllers.ts";
import { deriveSchema } from "./derive.ts";
import { duration, oneOf, path, topicLevel, wholeNumber } from "./formats.ts";
import { coverSchema, homeassistantSchema } from "./homeassistant.ts";
import { homieSchema } from "./homie.ts";
import { inputSchema } from "./inputs.ts";
import { type ConfigOf, derived, inFileOnly, leaf, listOf, mapOf, optional, required, withNames } from "./leaf.ts";
import { mistbuddySchema } from "./mistbuddy.ts";
import { mqttSchema } from "./mqtt.ts";
import { mqttioSchema } from "./mqttio.ts";
import { interlockSchema, outputSchema } from "./outputs.ts";
import { owlcmsSchema } from "./owlcms-boxes.ts";
import { peerSchema } from "./peers.ts";
import { pwmSchema } from "./pwm.ts";
import { type actionSchema, type conditionSchema, type reactionSchema, ruleSchema, type triggerSchema } from "./rule-schema.ts";
import { sensorSchema } from "./sensors.ts";
import { service } from "./services.ts";
import { tasmotaSchema } from "./tasmota.ts";

const second = 1000;
const day = 24 * 3600 * second;

/** Every setting, once: file, environment, arguments, defaults, checks, types and documentation derive from here. */
export const schema = withNames({
  version: inFileOnly(
    leaf(
      wholeNumber(1, 999),
      1,
      "The form of the file. An older one is read too; `pinbus check --migrate` shows what it becomes in the newest form.",
    ),
  ),
  node: derived(
    topicLevel,
    "The name of this machine: the second level of its topics.",
    "the host name; a factory name gets 8 hex digits of the machine's identity",
  ),
  prefix: leaf(topicLevel, "pinbus", "The first level of every topic of this machine."),
  gpio: {
    driver: leaf(
      oneOf("auto", "chardev", "sysfs", "sim"),
      "auto",
      "How lines are reached; `auto` is chardev, else sysfs; `sim` is the simulated board.",
    ),
    board: leaf(oneOf("pi1", "pi4", "pi5"), "pi4", "Which board the simulated one looks like; real boards are recognised."),
  },
  state_dir: leaf(path, "/var/lib/pinbus", "Where the agent keeps what must survive a restart."),
  control: {
    socket: leaf(path, "/run/pinbus/control.sock", "The unix socket through which commands and the terminal UI operate the agent."),
    view: derived(path, "The unix socket that may only look.", "`view.sock` beside `control.socket`"),
  },
  mqtt: mqttSchema,
  outbox: {
    max_events: leaf(wholeNumber(1, 100_000), 10_000, "How many events may wait for the broker; then the oldest is dropped."),
    disk: leaf(oneOf("on", "off"), "on", "Whether events that wait are kept in `state_dir`, so that a restart does not lose them."),
    telemetry: leaf(
      oneOf("off", "memory", "disk"),
      "memory",
      "Where what was counted and measured while the broker was away waits to be sent as history; `off` = only the newest value counts.",
    ),
    max_telemetry: leaf(wholeNumber(1, 100_000), 10_000, "How many readings may wait for the broker; then the oldest is dropped."),
    telemetry_ttl: leaf(duration(second, 7 * day), day, "How long a reading may wait for the broker before it is dropped as too old."),
  },
  broker: brokerSchema,
  commands: listOf(
    required(oneOf("reload", "resync", "identify", "log-level", "diag"), "A command to the agent itself."),
    "The commands to the agent itself that are served over MQTT; see [remote.md](remote.md).",
    { value: ["resync"], shown: "`[resync]`" },
  ),
  sys_interval: leaf(duration(second, day), 10 * second, "How often the agent publishes its own statistics below `P/$SYS/`."),
  inputs: mapOf(inputSchema, "Buttons, switches and contacts, by id."),
  outputs: mapOf(outputSchema, "Relays, lamps and valves, by id."),
  pwm: mapOf(pwmSchema, "Fans, lamps that are dimmed and servos, by id; see [pwm.md](pwm.md)."),
  start_spacing: leaf(
    duration(0, 60 * second),
    0,
    "How long after an output that starts on the next one goes on, so that a circuit does not get all loads at once.",
  ),
  interlocks: mapOf(interlockSchema, "Groups of outputs that are never on together, by id; an output names its group in `interlock`."),
  covers: mapOf(
    coverSchema,
    "Gates, blinds and other things that two outputs of one interlock open and close, by id; see [home-assistant.md](home-assistant.md).",
  ),
  peers: mapOf(peerSchema, "Other devices whose liveness counts here, by id; an output names one in `on_peer_offline`, a rule in `peer`."),
  sensors: mapOf(sensorSchema, "What is measured, by id; see [sensors.md](sensors.md)."),
  derive: mapOf(deriveSchema, "Values that are computed out of what is measured, by id; see [sensors.md](sensors.md#derived-values)."),
  rules: mapOf(ruleSchema, "What is done when something happens, here and without the network, by id; see [rules.md](rules.md)."),
  tasmota: mapOf(tasmotaSchema, "Plugs and boxes of Tasmota that this machine plays, by id; see [tasmota.md](tasmota.md)."),
  mistbuddy: mapOf(mistbuddySchema, "MistBuddies that this machine plays, by id; see [growbuddy.md](growbuddy.md)."),
  mqttio: mqttioSchema,
  controllers: mapOf(
    controllerSchema,
    "What holds a value at a setpoint, here and without the network, by id; see [controllers.md](controllers.md).",
  ),
  owlcms: owlcmsSchema,
  carbot: carbotSchema,
  time_zone: optional(timeZone, "The time zone of the rules, such as Europe/Berlin.", "the one of this machine"),
  location: {
    latitude: optional(decimal(-90, 90), "Where this machine is, in degrees north, for sunrise and sunset."),
    longitude: optional(decimal(-180, 180), "Where this machine is, in degrees east."),
  },
  services: listOf(
    required(service, "A systemd unit, by its whole name."),
    "The systemd units whose state is published and whose journal is shown, beside the end of a `log_file`; `control` is what `pinbus tui` may do with one, see [terminal.md](terminal.md).",
  ),
  homeassistant: homeassistantSchema,
  homie: homieSchema,
  log: {
    level: leaf(oneOf("error", "warn", "info", "debug"), "info", "The least important entry that is written."),
    format: leaf(oneOf("auto", "text", "journal"), "auto", "`auto` writes to the journal under systemd and text everywhere else."),
    mqtt: leaf(
      oneOf("off", "error", "warn", "info"),
      "warn",
      "The least important entry that is published as well; what `log.level` leaves out is not.",
    ),
  },
});

export type Config = ConfigOf<typeof schema>;
export type InputConfig = ConfigOf<typeof inputSchema>;
export type OutputConfig = ConfigOf<typeof outputSchema>;
export type PwmConfig = ConfigOf<typeof pwmSchema>;
export type SensorConfig = ConfigOf<typeof sensorSchema>;
export type TasmotaConfig = ConfigOf<typeof tasmotaSchema>;
export type DeriveConfig = ConfigOf<typeof deriveSchema>;
export type RuleConfig = ConfigOf<typeof ruleSchema>;
export type TriggerConfig = ConfigOf<typeof triggerSchema>;
export type ConditionConfig = ConfigOf<typeof conditionSchema>;
export type ActionConfig = ConfigOf<typeof actionSchema>;
export type ReactionConfig = ConfigOf<typeof reactionSchema>;
export type ControllerConfig = ConfigOf<typeof controllerSchema>;
