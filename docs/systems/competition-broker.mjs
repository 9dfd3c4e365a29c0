import { dialogues, variables } from "./tests.mjs";

/** Document 001, a competition where the program is the broker. */
export const competitionBroker = [
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
];
