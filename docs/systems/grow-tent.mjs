import { bus, dialogues, install, units } from "./tests.mjs";

const plug = "agent/command/tasmota.test.ts";
const device = "agent/profile/tasmota/device.test.ts";
const car = "agent/command/carbot.test.ts";

/** Document 002, a grow tent. */
export const growTent = [
  [
    "SnifferBuddy publishes a message like the one that is printed",
    "`sensors: { driver: topic }`, examples growbuddy-mister and growbuddy-vpd",
    ["agent/command/topic-values.test.ts", "is published like that of any sensor, and so is what is derived from it"],
  ],
  [
    "the printed message itself, which is malformed",
    "counted, and no news of the value",
    ["agent/command/topic-values.test.ts", "does not become fresh by the malformed JSON that is printed in document 002"],
  ],
  [
    "vpdBuddy listens for messages from SnifferBuddy",
    "example growbuddy-vpd",
    ["agent/command/growbuddy.test.ts", "growbuddy 6c and 6e and 6f: mists while the air is too dry and there is light"],
  ],
  [
    "the broker runs on a Raspberry Pi",
    "the built-in broker, or mosquitto",
    [dialogues, "a reading travels as it is, and `cmnd/plug_fillerup/POWER` switches"],
  ],
  [
    "`cmnd/plug_fillerup/POWER` with `on`, `off` or `toggle` switches the relay",
    "example growbuddy-plug",
    [plug, "tasmota 2: two quick toggles: two replies, RESULT then POWER, in order, after the pin"],
  ],
  [
    "MQTT Explorer shows which messages switch a relay",
    "the tab Topics, `pinbus sub`",
    ["tui/tour.test.ts", "presses every key that there is, and the UI goes on"],
    [bus, "observe the agent, inject a command as whoever is not there yet would"],
  ],
  [
    "the same message switches a real plug",
    "`outputs: { plug: … }`",
    ["agent/command/plug.test.ts", "tasmota 7: arms PulseTime, then switches, retains nothing, and believes what the plug says"],
  ],
  ["the package starts the server on boot", "the unit", [install, "from nothing to an agent that is online at its own broker within 10 s"]],
  [
    "`listener 9000`, `protocol websockets`: a page in a browser connects",
    "`broker.listeners`",
    [dialogues, "over WebSocket at /mqtt and at /, as the pages of documents 002 and 004"],
  ],
  [
    "without `allow_anonymous true` a terminal cannot publish",
    "`broker.anonymous`",
    [dialogues, "who is not listed stays outside, also without a user"],
  ],
  [
    "carbot handles `carbot/move`: forward, backward, stop, faster, slower",
    "example carbot",
    [car, "growbuddy 5 and 6i and 6j: drives by the letters of its remote"],
  ],
  [
    "a systemd service starts and stops carbot",
    "the unit of pinbus, which runs the profile",
    ["machine/service.ts", "systemctl start returns when the lines are served, without waiting for a broker"],
  ],
  [
    "`systemctl status carbot` shows whether it is active, and its last lines",
    "the tab Services, `systemctl status pinbus`",
    [units, "units that run, failed, wait, are masked or not there say so"],
    ["machine/service.ts", "systemctl start returns when the lines are served, without waiting for a broker"],
  ],
  [
    "the journal has `starting up!`, `subscribing`, `subscribed`, in this order",
    "example carbot",
    [car, "growbuddy 5 and 6i and 6j: drives by the letters of its remote"],
    ["agent/profile/carbot.test.ts", "growbuddy 6j: it says that it starts, subscribes and has subscribed, when that is so"],
  ],
  [
    "`journalctl _PID=…` shows the log of a service",
    "journald's fields, the tab Services",
    ["machine/journal.ts", "10. what happened to the pump"],
    [units, "the journal of a unit arrives line by line, from inside the sandbox"],
  ],
  [
    "there are more lines when commands are received",
    "each change of an output has its entry with its cause",
    ["machine/journal.ts", "2. who switched the pump"],
  ],
  [
    "`/var/log/mosquitto/mosquitto.log` tells how mosquitto is",
    "`services: [{ unit, log_file }]`",
    ["agent/service-logs.test.ts", "a log file is followed from its end on, with mosquitto's times"],
  ],
  [
    "by the LWT one knows that a device has gone bad",
    "`peers:`, the tab Fleet, rules and outputs that follow it",
    [dialogues, "a device that is killed is Offline for everybody, now and later"],
    ["agent/core/peer.test.ts", "switches so long after the device went offline"],
  ],
  [
    "a Tasmota device says `Online` at its start, and `Offline` by its will",
    "example growbuddy-plug",
    [plug, "tasmota 6: a retained command is ignored; Offline is said at an orderly stop, and by the will at a kill"],
  ],
  [
    "the broker publishes the will after an I/O error or a network failure",
    "the built-in broker",
    ["agent/embedded/clauses-connect.ts", "publishes the will of a client that is cut off"],
  ],
  [
    "… when the client is silent for longer than its keep alive",
    "the built-in broker",
    ["agent/embedded/clauses-connect.ts", "ends a connection that is silent for longer than the keep alive"],
  ],
  [
    "… when the client closes without DISCONNECT, and not otherwise",
    "the built-in broker",
    ["agent/embedded/clauses-connect.ts", "forgets the will at a DISCONNECT"],
  ],
  [
    "… when the broker closes because of a protocol error",
    "the built-in broker",
    ["agent/embedded/clauses-connect.ts", "takes no flags with a DISCONNECT, and publishes the will"],
  ],
  [
    "OFFLINE came when the device was restarted, or unplugged for longer than the keep alive",
    "a plug as an output is unknown then, and put off when it is back",
    ["agent/command/plug.test.ts", "tasmota 7: knows nothing of a plug that is offline, says so, and switches it off when it is back"],
  ],
  [
    "`status 6` tells the MQTT settings of a Tasmota device, with a keep alive of 30 s",
    "example growbuddy-plug",
    [device, "tasmota 3: STATUS 6 is the customer's sample, letter for letter"],
  ],
];
