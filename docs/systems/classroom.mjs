import { dialogues, install, school } from "./tests.mjs";

/** Document 003, a class with robots. */
export const classroom = [
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
];
