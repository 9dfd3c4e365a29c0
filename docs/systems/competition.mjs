import { bus, dialogues, install, units, variables } from "./tests.mjs";

const owlcms = "agent/profile/owlcms.test.ts";
const boxes = "agent/command/owlcms-examples.test.ts";

/** Document 000, a competition with a broker of its own. */
export const competition = [
  [
    "MQTT is used for communication between refereeing, jury and timekeeper devices",
    "examples owlcms-referee, owlcms-hub, owlcms-jury, owlcms-timekeeper",
    ["agent/command/owlcms-box.test.ts", "owlcms 12: play a whole attempt"],
    [boxes, "owlcms-hub: three referees on one box, and the signal to put the bar down"],
    [boxes, "owlcms-timekeeper: four buttons for the clock, and its warnings"],
    [boxes, "owlcms-jury: votes are hidden until all have voted"],
  ],
  [
    "an indicator LED and a buzzer remind a referee to enter a decision",
    "example owlcms-referee",
    [owlcms, "owlcms 4: the reminder comes 1.5 s after the second decision"],
    [boxes, "owlcms-referee: flashes, is reminded of a decision that is missing, and shows that it was taken"],
  ],
  [
    "the communication goes through an MQTT server on the local network",
    "example owlcms-broker",
    ["agent/command/examples.test.ts", "serves owlcms, ten boxes and a page, and nobody who has not the password"],
  ],
  [
    "… or in the cloud",
    "`mqtt.server`, TLS by port",
    ["agent/command/servers.test.ts", "that knows several brokers uses the first that answers"],
    [variables, "mean TLS when the port starts with 8"],
  ],
  [
    "the installer works silently and creates a background service",
    "`apt install ./pinbus.deb`",
    [install, "from nothing to an agent that is online at its own broker within 10 s"],
  ],
  [
    "for testing the server is not a service, it is started by hand",
    "`pinbus run`, `pinbus demo`",
    ["agent/command/lifecycle.test.ts", "plays its scenario as an independent subscriber sees it"],
  ],
  [
    "a copy of mosquitto.conf in a folder of its own",
    "`pinbus init --config FILE`, `pinbus run --config FILE`",
    ["agent/command/examples.test.ts", "never overwrites a file"],
  ],
  [
    "`listener 1883`, `allow_anonymous true`: everybody may come",
    "`anonymous: true`",
    [dialogues, "without a user: `mosquitto_sub -t hello/world -d`"],
  ],
  [
    "`connection_messages true`: the server says who connects",
    "`broker.log.connections`",
    ["agent/command/broker-log.test.ts", "a running agent logs who connects to its broker"],
  ],
  [
    "`log_timestamp_format %Y-%m-%dT%H:%M:%S`",
    "each line has its time: journald's, in ISO 8601 with `journalctl -o short-iso`; in a terminal the time of day",
    ["machine/documents.ts", "the broker of the class says who comes and goes, each line with its time"],
  ],
  ["owlcms without passwords sends empty ones", "the built-in broker", [dialogues, "any user and any password, where nobody is listed"]],
  [
    "whoever subscribes to all topics of owlcms sees everything",
    "`pinbus sub`, the tab Topics",
    [dialogues, "a decision of a referee reaches every box, in its order"],
    [bus, "observe the agent, inject a command as whoever is not there yet would"],
  ],
  [
    "all messages of devices and of owlcms can be simulated",
    "`pinbus pub`, publishing in the tab Topics",
    [bus, "observe the agent, inject a command as whoever is not there yet would"],
    ["tui/publish.test.ts", "the format is chosen in the dialog and goes out with the publication"],
  ],
  [
    "MQTTX connects to the local server",
    "`pinbus tui --broker URL`, `pinbus sub --broker URL`",
    ["tui/tour.test.ts", "presses every key that there is, and the UI goes on"],
    [bus, "observe the agent, inject a command as whoever is not there yet would"],
  ],
  [
    "the service starts automatically, and is stopped, started and restarted",
    "the unit, the tab Services",
    [units, "polkit lets the agent restart what its rule names"],
    ["machine/service.ts", "a stop says offline on the bus and is a success for systemd"],
  ],
  ["a cloud server requires a login and a password", "`mqtt.username`, `mqtt.password`", [variables, "log in at an external broker"]],
  [
    "`mosquitto_passwd -c pwfile owlcms` asks twice for a password",
    "`pinbus passwd FILE USER`",
    ["agent/command/passwd.test.ts", "asks twice in a terminal, and shows nothing of the password"],
  ],
  [
    "the file contains an undecipherable encoding of the password",
    "`$7$` of mosquitto",
    ["agent/embedded/password-file.test.ts", "written by mosquitto_passwd lets in here"],
    ["agent/embedded/password-file.test.ts", "written here lets in there"],
  ],
  [
    "without `-c` a password is changed or a user added; with it the file is erased",
    "`pinbus passwd` never erases one",
    ["agent/command/passwd.test.ts", "adds, replaces and removes a user, and leaves the rest of the file and its rights as they are"],
  ],
  [
    "`allow_anonymous false` and a `password_file`: only who is listed comes in",
    "example owlcms-broker",
    [dialogues, "who is not listed stays outside, also without a user"],
  ],
  [
    "`log_type error`, `warning`, `notice`, `information`",
    "`$SYS/broker/log/{E,W,N,I}`",
    ["agent/embedded/dialogue-log.test.ts", "is the same, sentence for sentence, for the same dialogues"],
  ],
  [
    "the configuration of owlcms has the same user and password",
    "example owlcms-broker",
    ["agent/command/examples.test.ts", "answers the commands of the documents"],
  ],
  ["the Windows menus, folders and mosquitto's own files", "does not apply: pinbus runs on Linux and has one file of its own"],
  ["the name of the password file has no blanks and no quotes", "does not apply: a path in YAML may have both"],
];
