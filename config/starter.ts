import { formatDuration } from "./formats.ts";

/** What a person was asked for a first configuration. */
export interface Answers {
  /** `sim` = a machine without pins. */
  board: "pi1" | "pi4" | "pi5" | "sim";
  /** Header pins. */
  button: number | null;
  relay: number | null;
  relayActive: "high" | "low";
  /** In ms. */
  maxOn: number | null;
  /** As `mqtt.server` has it; null = the built-in broker. */
  broker: string | null;
  user: string | null;
  passwordFile: string | null;
}

/** A commented configuration with what was answered, and what comes next in comments. */
export function starterConfig(answers: Answers): string {
  const sections = [head, gpio(answers), link(answers), inputs(answers), outputs(answers), rules(answers)];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

const head = [
  "# Puts the pins of this Raspberry Pi on the MQTT bus. `pinbus init` made it from your answers; from now on it is yours.",
  "#",
  "# `pinbus check` says what is wrong in it, `pinbus pins` shows the lines of this board, docs/configuration.md has every setting.",
  "# Times are written 20ms, 5s, 2h. Lines are header pins (pin11), GPIO numbers (17) or names (GPIO17).",
  "",
  "# The form of this file; `pinbus check --migrate` brings an older one to the newest form.",
  "version: 1",
  "",
  "# The name of this machine on the bus; without it the host name. Topics start with pinbus/<node>.",
  "# node: garage",
];

function gpio({ board }: Answers): string[] {
  const sim = board === "sim";
  return [
    "gpio:",
    sim ? "  driver: sim           # a simulated board: nothing is switched" : "  driver: auto          # the lines of this board",
    `  board: ${(sim ? "pi4" : board).padEnd(15)}# what the simulated board looks like${sim ? "" : ", if you set driver: sim"}`,
  ];
}

function link({ broker, user, passwordFile }: Answers): string[] {
  if (broker === null)
    return [
      "# Without a server pinbus starts a broker of its own, on this machine only (port 1883).",
      "mqtt:",
      "  # server: 192.168.1.10",
      "  # username: pinbus",
      "  # password: { file: mqtt.password }   # a file beside this one, mode 640",
    ];
  const login =
    user === null || passwordFile === null
      ? ["  # username: pinbus", "  # password: { file: mqtt.password }   # a file beside this one, mode 640"]
      : [`  username: ${quoted(user)}`, `  password: { file: ${quoted(passwordFile)} }   # relative to this file`];
  return [
    "# Your MQTT broker. Without a server pinbus starts one of its own, on this machine only.",
    "mqtt:",
    `  server: ${quoted(broker)}`,
    ...login,
  ];
}

function inputs({ button }: Answers): string[] {
  const own = (mark: string, pin: number) => [
    `  ${mark}button:`,
    `  ${mark}  line: pin${pin}`,
    `  ${mark}  bias: pull-up       # the button connects the line to ground ...`,
    `  ${mark}  active: low         # ... so a pressed button reads low`,
    `  ${mark}  debounce: 20ms`,
  ];
  return [
    "# Buttons, switches and contacts. Each gets pinbus/<node>/in/<id>/state and .../event.",
    "inputs:",
    ...(button === null ? own("# ", 11) : own("", button)),
  ];
}

function outputs({ relay, relayActive, maxOn }: Answers): string[] {
  const own = (mark: string, pin: number) => [
    `  ${mark}relay:`,
    `  ${mark}  line: pin${pin}         # to the input of a relay module, never to a relay itself`,
    `  ${mark}  active: ${relayActive.padEnd(12)}# the level that switches the relay on`,
    `  ${mark}  on_start: off       # what it does when the agent starts (off, on, keep, last) ...`,
    `  ${mark}  on_exit: off        # ... and when the agent is stopped or has crashed (off, on, keep)`,
    `${maxOn === null && mark === "" ? "    # " : `  ${mark}  `}max_on: ${formatDuration(maxOn ?? 7_200_000).padEnd(12)}# switched off after this time, whatever switched it on`,
  ];
  return [
    "# Relays, lamps and valves. Each listens to pinbus/<node>/out/<id>/set (ON, OFF, TOGGLE, PULSE).",
    "outputs:",
    ...(relay === null ? own("# ", 13) : own("", relay)),
  ];
}

function rules({ button, relay }: Answers): string[] {
  const mark = button === null || relay === null ? "# " : "";
  return [
    "# What an input does here, without the network.",
    "rules:",
    `  ${mark}button-relay:`,
    `  ${mark}  when: { input: button, gesture: press }     # release, click, double, hold, ...`,
    `  ${mark}  do: [{ output: relay, set: toggle }]        # on, off, toggle, pulse; for: 5s with on and pulse`,
  ];
}

/** A text of a person as YAML, whatever is in it: JSON is YAML. */
function quoted(text: string): string {
  return /^[\w][\w./-]*$/.test(text) && Number.isNaN(Number(text)) && !/^(true|false|null)$/i.test(text) ? text : JSON.stringify(text);
}
