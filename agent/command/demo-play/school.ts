import type { Action, Expected, Play } from "./play.ts";

const log = (words: string): Expected => ["$SYS/broker/log/N", words];
const robots = ["ev3-1", "ev3-2", "ev3-3"];
const ev3 = { username: "ev3", password: "formosa" };

/** Of document 003. */
export const classroom: Play = {
  users: { ev3: ev3.password, test: "formosa" },
  steps: [
    {
      text: "Three robots come with the password of the class, and the log on the bus says who.",
      does: robots.map((name): Action => ({ comes: name, as: ev3, hears: "hello/world" })),
      sees: robots.map((name) => log(` as ${name} (`)),
    },
    {
      text: "A visitor comes without a user, and may come in; with a wrong password nobody does.",
      does: [{ comes: "visitor" }, { stranger: { username: "ev3", password: "wrong" } }],
      sees: [log(" as visitor (")],
    },
    {
      text: "The teacher says hello to hello/world, and each robot hears it.",
      does: [
        { comes: "teacher", as: { username: "test", password: "formosa" } },
        { guest: "teacher", says: ["hello/world", "hello"] },
      ],
      sees: robots.map((name) => [`${name}: hello/world`, "hello"]),
    },
    {
      text: "The battery of a robot is empty: the log tells it.",
      does: [{ cut: "ev3-3" }],
      sees: [log("Client ev3-3 closed its connection.")],
    },
    {
      text: "What is said with retain is there for who comes late.",
      does: [
        { guest: "teacher", says: ["class/task", "follow the line"], retain: true },
        { comes: "ev3-4", as: ev3, hears: "class/#" },
      ],
      sees: [["ev3-4: class/task", "follow the line"]],
    },
    { text: "The lesson is over.", does: [{ leaves: "teacher" }], sees: [log("Client teacher disconnected.")] },
  ],
};

/** Of document 004. */
export const course: Play = {
  steps: [
    {
      text: "A student's page comes over WebSocket, and hears mqtt_test/#. The broker counts one more.",
      does: [{ comes: "page", over: "ws", hears: "mqtt_test/#", will: ["mqtt_test/page", "gone"] }],
      sees: [["$SYS/broker/clients/connected", "3"]],
    },
    {
      text: "The publisher of the course comes, says its sentence, and goes.",
      does: [{ comes: "test1" }, { guest: "test1", says: ["mqtt_test", "The broker is working properly"] }, { leaves: "test1" }],
      sees: [["page: mqtt_test", "The broker is working properly"]],
    },
    {
      text: "What a part would say that is not there yet is said for it: `pinbus pub mqtt_test/door open`.",
      does: [{ say: "mqtt_test/door", payload: "open" }],
      sees: [["page: mqtt_test/door", "open"]],
    },
    {
      text: "Another student hears $SYS/#, and what the broker tells of itself.",
      does: [{ comes: "observer", hears: "$SYS/#" }],
      sees: [
        ["observer: $SYS/broker/version", "pinbus"],
        ["observer: $SYS/broker/uptime", "seconds"],
      ],
    },
    {
      text: "The page crashes: the broker says its will.",
      does: [{ cut: "page" }],
      sees: [["mqtt_test/page", "gone"]],
    },
  ],
};
