import type { ActiveLevel, Bias } from "../gpio/line.ts";
import { bridgeSchema } from "./bridge.ts";
import { carbotSchema } from "./carbot.ts";
import { decimal, timeZone } from "./clock-formats.ts";
import { brokerLost, pulseOf } from "./compound.ts";
import { controllerSchema } from "./controllers.ts";
import { debounceOf, measure, ratio } from "./counting.ts";
import { deriveSchema } from "./derive.ts";
import { address, anyText, duration, id, line, oneOf, path, port, topicLevel, userName, wholeNumber } from "./formats.ts";
import { coverSchema, homeassistantSchema, inputAppearance, label, outputAppearance } from "./homeassistant.ts";
import { homieSchema } from "./homie.ts";
import { inputDevice, key } from "./keys.ts";
import {
  type ConfigOf,
  derived,
  type Format,
  inFileOnly,
  leaf,
  listOf,
  mapOf,
  optional,
  passwordOrHash,
  required,
  secret,
  withNames,
} from "./leaf.ts";
import { origin, shortListener } from "./listeners.ts";
import { mistbuddySchema } from "./mistbuddy.ts";
import { mqttSchema } from "./mqtt.ts";
import { mqttioSchema } from "./mqttio.ts";
import { owlcmsSchema } from "./owlcms-boxes.ts";
import { peerOffline, peerSchema } from "./peers.ts";
import { plug } from "./plugs.ts";
import { pwmSchema } from "./pwm.ts";
import { type actionSchema, type conditionSchema, type reactionSchema, ruleSchema, type triggerSchema } from "./rule-schema.ts";
import { sensorSchema } from "./sensors.ts";
import { service } from "./services.ts";
import { tasmotaSchema } from "./tasmota.ts";

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;

const bias: Format<Bias> = oneOf("as-is", "disabled", "pull-up", "pull-down");
const active: Format<ActiveLevel> = oneOf("high", "low");
const pulse = duration(1, day);

export const inputSchema = {
  line: optional(line, "The line that is read.", "required, unless it is an `evdev`"),
  evdev: optional(
    inputDevice,
    "An input device of the kernel instead of a line: a keyboard, a foot pedal, a remote control, by its path or its name; see [inputs.md](inputs.md#keys).",
  ),
  key: optional(key, "Which key or switch of the input device.", "required with `evdev`"),
  grab: leaf(
    oneOf("off", "on"),
    "off",
    "Whether nobody else gets what the input device tells, so that a pedal does not type on the console. It holds for the whole device.",
  ),
  bias: leaf(bias, "as-is", "The pull resistor of the line; `as-is` leaves what the firmware or another program has set."),
  active: leaf(active, "high", "The level on the wire that counts as active; `low` for a button from the line to ground."),
  debounce: leaf(
    debounceOf(duration(0, 10 * second), duration(1, 10 * second), 20),
    20,
    "How long a level must hold before it counts; `0ms` takes every edge, and is the default of a counter, an encoder and a key. `{kernel: 5ms}` leaves it to the line, for an input that is noisy and slow: an edge then has the time at which it had held.",
  ),
  hold: leaf(duration(50, 60 * second), 600, "How long a press must be held to be a hold instead of a click."),
  window: leaf(
    duration(50, 5 * second),
    300,
    "How soon after a click the next one must begin to be counted with it; only a button with a bound double click, or more, waits for it.",
  ),
  repeat: leaf(
    duration(50, 60 * second),
    200,
    "How often a hold is repeated while the button stays down, for rules with `gesture: repeat`.",
  ),
  kind: leaf(
    oneOf("button", "switch", "doorbell", "counter", "encoder"),
    "button",
    "`button` has gestures; `switch` has a level only, and `press` and `release` for rules; `doorbell` rings once at each press; `counter` counts the pulses of a meter; `encoder` is a knob with two lines.",
  ),
  events: listOf(
    required(oneOf("press_start", "multi_press"), "An event that is published only if it is listed."),
    "What a button publishes besides `press_end`, `long_press_start` and `long_press_end`: `press_start` at each press; `multi_press` counts up to 5 clicks, which `press_end` then has to wait for.",
  ),
  edge: leaf(
    oneOf("rising", "falling", "both"),
    "rising",
    "What a counter counts: `rising` = the line becomes active, `falling` = it stops being active.",
  ),
  per_unit: leaf(ratio, 1, "How many pulses of a counter make one unit: 1000 for a meter with 1000 pulses per kWh."),
  unit: optional(measure, "What a counter counts, as it is published: `kWh`, `m³`, `mm`."),
  rate: leaf(oneOf("second", "minute", "hour"), "hour", "The rate of a counter is published in units per so long."),
  report: leaf(
    duration(100, day),
    second,
    "A counter or encoder that has moved is written to disk and published this often at most; the default of an encoder is `200ms`.",
  ),
  line_b: optional(line, "The second line of an encoder. If it turns the wrong way, exchange the two."),
  steps_per_detent: leaf(wholeNumber(1, 16), 4, "How many steps of an encoder are one click that can be felt."),
  event_ttl: leaf(duration(second, 7 * day), 10 * second, "How long an event may wait for the broker before it is dropped as too old."),
  name: optional(label, "What it is called in Home Assistant.", "its id"),
  homeassistant: optional(
    inputAppearance,
    "What a switch or a counter is, for Home Assistant; see [home-assistant.md](home-assistant.md).",
  ),
};

export const outputSchema = {
  line: optional(line, "The line that is driven.", "required, unless it is a `plug`"),
  plug: optional(
    plug,
    "A real plug of Tasmota instead of a line, by what stands between `cmnd/` and `/POWER`; see [plugs.md](plugs.md). `failsafe` is how long it stays on when this machine has died.",
    "none; `failsafe` is `max_on`, else the longest `pulse`",
  ),
  active: leaf(active, "high", "The level on the wire that switches the load on; `low` for most relay boards."),
  on_start: leaf(
    oneOf("off", "on", "keep", "last"),
    "off",
    "The state that the output gets when the agent starts; `keep` = as found on the line, `last` = as last switched.",
  ),
  on_exit: leaf(oneOf("off", "on", "keep"), "off", "The state that the output gets when the agent is stopped; `keep` leaves it."),
  on_crash: optional(oneOf("off", "on", "keep"), "The state that the output gets after the agent has crashed.", "as `on_exit`"),
  pulse: optional(
    pulseOf(pulse),
    "The length of a pulse when the command or the rule names none, and the longest that may be asked for.",
    "500ms",
  ),
  max_on: optional(duration(10, 30 * day), "The longest time that the output may stay on; then it is switched off.", "no limit"),
  min_on: leaf(duration(0, day), 0, "The shortest time that the output stays on; what would end it sooner is refused."),
  min_off: leaf(duration(0, day), 0, "The shortest time that the output stays off; what would end it sooner is refused."),
  interlock: optional(id, "The group of outputs, below `interlocks`, of which only one may be on."),
  on_broker_lost: optional(brokerLost, "What the output does when the broker was away for so long.", "nothing"),
  on_peer_offline: optional(peerOffline, "What the output does when another device was offline for so long.", "nothing"),
  identify: leaf(oneOf("off", "on"), "off", "Whether the output may blink to show which one it is; see [remote.md](remote.md#identify)."),
  name: optional(label, "What it is called in Home Assistant.", "its id"),
  homeassistant: optional(
    outputAppearance,
    "As what it appears in Home Assistant; see [home-assistant.md](home-assistant.md).",
    "`{as: button}` with a `pulse`, else `{as: switch}`",
  ),
};

export const interlockSchema = {
  dead_time: leaf(duration(0, 30 * second), 300, "How long all outputs of the group are off before another one goes on."),
  mode: leaf(
    oneOf("switch", "refuse"),
    "switch",
    "What ON does while another output of the group is on: `switch` that one off first, or `refuse`.",
  ),
};

export const listenerSchema = {
  protocol: optional(
    oneOf("mqtt", "mqtts", "ws", "wss"),
    "What is spoken on the port: MQTT over TCP, TLS, WebSocket, or WebSocket over TLS.",
    "`mqtt`; `mqtts` when the port starts with 8",
  ),
  address: optional(address, "The address to listen on; `0.0.0.0` and `::` are all of this machine's.", "127.0.0.1 and ::1"),
  port: leaf(port, 1883, "The port to listen on; 0 takes a free one."),
};

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
  broker: {
    listeners: {
      ...listOf(listenerSchema, "Where the built-in broker listens.", {
        value: [{ protocol: "mqtt", address: null, port: 1883 }],
        shown: "`[{protocol: mqtt, port: 1883}]`",
      }),
      short: shortListener,
    },
    username: optional(anyText, "A user of the built-in broker besides those of `broker.password_file`."),
    password: secret(anyText, "The password of that user: `{file: PATH}`, `{env: NAME}`, `{credential: NAME}` or text."),
    users: mapOf(
      passwordOrHash(
        anyText,
        "The hash of that user's password, as it stands behind the colon in a line of `pinbus passwd`, or the password: `{file: PATH}`, `{env: NAME}`, `{credential: NAME}` or text.",
      ),
      "Users of the built-in broker besides those of `broker.password_file`, by name.",
      userName,
    ),
    password_file: optional(
      path,
      "The users of the built-in broker, as `pinbus passwd` and `mosquitto_passwd` write them; read again by a reload.",
      "no users",
    ),
    anonymous: optional(
      oneOf("true", "false"),
      "Whether clients without a user may connect; without users this means everybody, with any user and password.",
      "`true` without users, `false` with them",
    ),
    cert: optional(path, "A PEM file with the certificate chain of the listeners with TLS, their own first."),
    key: optional(path, "A PEM file with the private key of `broker.cert`, without a passphrase."),
    ca: optional(path, "A PEM file with the authority of the clients' certificates.", "no client needs one"),
    require_certificate: leaf(oneOf("true", "false"), "false", "Whether clients need a certificate of `broker.ca` on listeners with TLS."),
    tls_min: leaf(oneOf("1.2", "1.3"), "1.2", "The oldest version of TLS that is spoken."),
    origins: listOf(
      required(origin, "The scheme and the host of a page."),
      "Pages of other hosts that may connect from a browser without a user, as `https://host` or `https://host:port`; `*` = all.",
    ),
    sys_interval: leaf(
      duration(0, day),
      10 * second,
      "How often the built-in broker publishes what has changed below `$SYS/broker/`; `0s` = not at all.",
    ),
    log: {
      connections: leaf(oneOf("off", "on"), "off", "Whether the log tells who connects to the built-in broker and who leaves it."),
      subscribes: leaf(oneOf("off", "on"), "off", "Whether the log tells who subscribes to what at the built-in broker."),
      topics: leaf(
        oneOf("off", "on"),
        "off",
        "Whether what the built-in broker logs is also published below `$SYS/broker/log/`, as mosquitto does it.",
      ),
    },
    acl_file: optional(
      path,
      "Who may publish and read what, in the syntax of mosquitto's `acl_file`; read again by a reload. See [built-in-broker.md](built-in-broker.md#who-may-do-what).",
      "everybody may everything",
    ),
    max_connections: leaf(
      wholeNumber(2, 10_000),
      100,
      "How many connections the built-in broker has at most; a tenth of them, at most 10, is for this machine alone.",
    ),
    max_packet: leaf(
      wholeNumber(1024, 16_777_216),
      262_144,
      "The largest packet that a client may send, in bytes; a larger one ends its connection.",
    ),
    connect_timeout: leaf(duration(second, 60 * second), 10 * second, "How soon after its connection a client must send its CONNECT."),
    keepalive_max: optional(
      duration(10 * second, 65_535 * second),
      "The longest keep alive that a client may ask for; who asks for a longer one or none is refused.",
      "no limit",
    ),
    max_queued_bytes: leaf(
      wholeNumber(16_384, 67_108_864),
      1_048_576,
      "How many bytes may wait for a client that is connected and reads slowly; with more than that for 5 s it is disconnected.",
    ),
    max_inflight: leaf(
      wholeNumber(0, 65_535),
      20,
      "How many QoS 1 and 2 messages may be under way to one client that it has not acknowledged; further ones wait. 0 = no limit.",
    ),
    max_connects: leaf(wholeNumber(10, 1_000_000), 3000, "How often in a minute one other machine may connect."),
    max_failed_logins: leaf(
      wholeNumber(5, 100_000),
      60,
      "How many wrong passwords from one address are looked at in a minute; an IPv6 network of 64 bits counts as one address.",
    ),
    persistence: leaf(
      oneOf("on", "off"),
      "on",
      "Whether retained messages and the sessions of clients are kept in `state_dir`, so that a restart does not lose them.",
    ),
    max_queued: leaf(wholeNumber(1, 65_534), 1000, "How many messages may wait for one client that is away; further ones are dropped."),
    bridge: bridgeSchema,
    session_expiry: leaf(duration(second, 365 * day), 60 * day, "How long a session waits for its client before it is ended."),
  },
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
