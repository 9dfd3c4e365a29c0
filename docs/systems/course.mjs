import { bus, dialogues, school } from "./tests.mjs";

/** Document 004, a course. */
export const course = [
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
];
