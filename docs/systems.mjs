// What the customer's documents say that something does, sentence by sentence: what of pinbus does it, and which tests show it.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const dialogues = "agent/command/dialogues.test.ts";
const owlcms = "agent/profile/owlcms.test.ts";
const boxes = "agent/command/owlcms-examples.test.ts";
const school = "agent/command/school-examples.test.ts";
const bus = "agent/command/bus.test.ts";
const variables = "config/owlcms.test.ts";
const plug = "agent/command/tasmota.test.ts";
const device = "agent/profile/tasmota/device.test.ts";
const car = "agent/command/carbot.test.ts";
const install = "machine/package.ts";
const units = "machine/services.ts";

/** One row: the sentence; the example or the part of pinbus; tests as `[file below test/, words of its name]`, or why there is none. */
export const systems = {
  "000, a competition with a broker of its own": [
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
  ],
  "001, a competition where the program is the broker": [
    [
      "the program includes an MQTT server",
      "without `mqtt.server` the agent is the broker",
      ["agent/command/examples.test.ts", "serves owlcms, ten boxes and a page, and nobody who has not the password"],
    ],
    [
      "by default the server is anonymous: any process connects on port 1883 with any user and password",
      "`anonymous: true` with an address, said twice on purpose; without it this machine only",
      [dialogues, "any user and any password, where nobody is listed"],
      ["agent/command/owlcms.test.ts", "rules 1 and 6: the ports are on this machine only"],
    ],
    [
      "a user name and a password are suggested",
      "example owlcms-broker",
      [dialogues, "who is not listed stays outside, also without a user"],
    ],
    [
      "the values are those that the devices use",
      "`mqtt.username` and `mqtt.password` of a box",
      ["config/owlcms.test.ts", "are what the built-in broker wants to hear"],
    ],
    [
      "these fields no longer control an external server",
      "`broker.username` and `mqtt.username` are two settings",
      ["agent/command/owlcms.test.ts", "rule 4: where a server is named the built-in broker is not started"],
    ],
    [
      "the settings may come as OWLCMS_MQTTUSERNAME, OWLCMS_MQTTPASSWORD and OWLCMS_MQTTPORT",
      "`mqtt: { env: owlcms }`",
      [variables, "are read when a variable asks for it"],
      [variables, "name the port of the built-in broker, which stays plain"],
    ],
    [
      "with OWLCMS_MQTTSERVER the built-in server is not used",
      "`mqtt: { env: owlcms }`",
      [variables, "name an external broker"],
      ["agent/command/owlcms.test.ts", "rule 4: where a server is named the built-in broker is not started"],
    ],
    [
      "TLS is used if the port starts with 8",
      "`mqtt.tls: auto`",
      [variables, "mean TLS when the port starts with 8"],
      ["config/check.test.ts", "takes a port that starts with 8 for TLS unless its protocol is written"],
    ],
    [
      "a local program connects to a remote server",
      "`mqtt.server`",
      ["agent/command/servers.test.ts", "that knows several brokers uses the first that answers"],
    ],
    ["the settings in a database, in an `.ini` file or as Java properties", "does not apply: pinbus has one file, arguments and variables"],
    ["Heroku and Fly.io cannot provide a server", "does not apply: pinbus runs beside its pins; a broker in the cloud is `mqtt.server`"],
  ],
  "002, a grow tent": [
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
    [
      "the package starts the server on boot",
      "the unit",
      [install, "from nothing to an agent that is online at its own broker within 10 s"],
    ],
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
  ],
  "003, a class with robots": [
    [
      "`mosquitto_passwd pwfile ev3` and `… test` make two clients",
      "example classroom-broker, `pinbus passwd`",
      [school, "reads the pwfile of the class"],
      ["agent/embedded/password-file.test.ts", "written by mosquitto_passwd lets in here"],
    ],
    [
      "the folder of the server belongs to its user",
      "the package makes user and folders",
      [install, "from nothing to an agent that is online at its own broker within 10 s"],
    ],
    ["files in `conf.d` are read as well", "does not apply: pinbus has one file"],
    ["`listener 1883 *`: on every address", "example classroom-broker", [school, "lets a class in as document 003 prints it"]],
    [
      "`log_dest syslog` and `stdout`, `log_timestamp true`",
      "the journal, and the output of `pinbus run`",
      ["machine/documents.ts", "the broker of the class says who comes and goes, each line with its time"],
      [school, "lets a class in as document 003 prints it"],
    ],
    ["`persistence true`: what is retained survives", "example classroom-broker", [school, "keeps what was retained over a SIGKILL"]],
    [
      "`log_dest topic`: the log is on the bus",
      "`broker.log.topics`, example classroom-broker",
      [school, "who is there, in its log and below $SYS"],
    ],
    [
      "`allow_anonymous true` beside a password file: both come in, and a wrong password does not",
      "example classroom-broker",
      [dialogues, "without a user where users are listed and `anonymous` is true"],
      [dialogues, "with a wrong password"],
    ],
    [
      "the service is restarted and starts with the machine",
      "the unit",
      ["machine/service.ts", "systemctl start returns when the lines are served, without waiting for a broker"],
    ],
    [
      "the server says its version and on which ports it listens",
      "the log of the agent",
      ["agent/command/listeners.test.ts", "is at home on every kind of listener, and names each with its port"],
    ],
    [
      "`Warning: Address family not supported by protocol`: without IPv6 it works as well",
      "a listener that cannot bind says so and never ends the agent",
      ["agent/embedded/broker.test.ts", "is a problem that names the holder, not an end, and goes away by itself"],
    ],
    [
      "`mosquitto_sub -t hello/world -d`: CONNECT, CONNACK, SUBSCRIBE, SUBACK",
      "the built-in broker",
      [dialogues, "without a user: `mosquitto_sub -t hello/world -d`"],
    ],
    [
      "`mosquitto_pub -d -t hello/world -m hello`: CONNECT, CONNACK, PUBLISH, DISCONNECT; the subscriber prints it",
      "the built-in broker",
      [dialogues, "without a user: `mosquitto_sub -t hello/world -d`"],
    ],
    [
      "the server logs `New connection from …` and `New client connected from … as … (c1, k60)`",
      "`broker.log.connections`",
      ["agent/embedded/dialogue-log.test.ts", "is the same, sentence for sentence, for the same dialogues"],
    ],
    [
      "the same with `-u ev3 -P formosa` and `-u test -P formosa`",
      "example classroom-broker",
      [dialogues, "with `-u ev3 -P formosa` and `-u test -P formosa`"],
      [school, "lets a class in as document 003 prints it"],
    ],
    [
      "`Error: Connection refused`: the broker is not started",
      "the same words",
      [dialogues, "with nobody at the port"],
      ["agent/command/lifecycle.test.ts", "a client without an agent ends with 3, names the socket and says what to do"],
    ],
    ["python clients use paho", "the built-in broker", [dialogues, "document 004's publisher and subscriber"]],
  ],
  "004, a course": [
    [
      "the broker of the university has an address in the internet",
      "nothing goes there by itself: no default and no example names a public broker",
      ["config/examples.test.ts", "go to no broker of the internet by themselves"],
    ],
    [
      "MQTT connects all components of a system",
      "example course",
      [school, "serves the publisher and the subscriber of document 004, on both doors"],
    ],
    [
      "`mosquitto_sub -d -t example_topic` and `mosquitto_pub -d -t example_topic -m …` test the broker",
      "the built-in broker",
      [dialogues, "without a user: `mosquitto_sub -t hello/world -d`"],
    ],
    [
      "`listener 1884`, `protocol websockets`",
      "example course",
      [school, "serves the publisher and the subscriber of document 004, on both doors"],
      [dialogues, "over WebSocket at /mqtt and at /"],
    ],
    [
      "the publisher connects, publishes, tells `data published` and ends",
      "example course",
      [school, "loses no message of publishers that end at once: 200 of 200"],
    ],
    [
      "the subscriber hears `mqtt_test/#` and prints topic and message",
      "example course",
      [dialogues, "document 004's publisher and subscriber"],
    ],
    [
      "an error in `on_message` goes unseen: print that it was called",
      "`pinbus sub`, `pinbus trace`: whether a message came is seen outside of the program",
      [bus, "lose nothing as JSON"],
      ["agent/command/talk.test.ts", "trace shows the packets of both sides, without payloads"],
    ],
    [
      '`client.subscribe("$SYS/#")` hears of the broker itself',
      "`broker.sys_interval`",
      [dialogues, "`$SYS/#` tells of the broker"],
      ["agent/embedded/sys.test.ts", "has the same topics with the same formats"],
    ],
    [
      "a debugger connects, subscribes and shows which messages are sent",
      "`pinbus sub`, the tab Topics",
      [school, "is observed and injected into as with MQTT.FX"],
    ],
    [
      "it injects messages into any topic, as the component that is not there yet would",
      "`pinbus pub`, publishing in the tab Topics",
      [bus, "observe the agent, inject a command as whoever is not there yet would"],
    ],
    [
      "it observes without disturbing the communication",
      "a client of its own, clean, without a will",
      [bus, "leave nothing behind: no session, no will"],
    ],
  ],
};

/** Rows whose test is not there, or that have neither a test nor a reason. */
export function unshown(folder) {
  const text = (file) => (existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8") : "");
  return Object.values(systems)
    .flat()
    .flatMap(([sentence, by, ...tests]) => {
      if (tests.length === 0) return by.startsWith("does not apply: ") ? [] : [`${sentence}: no test`];
      return tests.flatMap(([file, name]) =>
        name !== "" && text(file).includes(name) ? [] : [`${sentence}: test/${file} has no ${name}`],
      );
    });
}
