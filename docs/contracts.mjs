// What pinbus must do next to other systems, clause by clause, and which tests say so in their names.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const contracts = {
  owlcms: {
    about: "Weightlifting competitions: see [owlcms.md](owlcms.md). Of clause 1 the second number is the fact.",
    clauses: [
      ["1.1", "asks for the configuration after every connect, takes what is not known for off, and never counts on what is retained"],
      ["1.2", "asks again when the flash of the start says `off`"],
      ["1.3", "lets outputs follow the echo, and gives a sign when there is none"],
      ["1.4", "takes an echo that is repeated for no news"],
      ["1.5", "falls back to MQTT 3.1.1 by itself, at a refusal and at a close without an answer"],
      ["1.6", "always has a client id, which stays the same"],
      ["1.7", "sends a user and a password or neither; only one of them is an error of the configuration"],
      ["1.8", "retains its own status and states with QoS 1, and sends them again after each connect"],
      ["1.9", "heeds an empty message like any other"],
      ["1.10", "sends one space where nothing is to be said, and goes on when a message cannot be published"],
      ["1.11", "retains nothing towards owlcms, and does not take itself for the only box of its official"],
      ["1.12", "listens to whole topics, letter for letter"],
      ["2", "publishes with retain 0, and has a client id that the device list of owlcms shows"],
      ["3", "listens to its platform and to `fop/config`"],
      ["4", "keeps the times of owlcms"],
      ["5", "takes two empty credentials for nobody, as owlcms sends them to other brokers"],
      ["6", "says each refusal in its own words; its own broker lets in nobody with a wrong password"],
      ["7", "speaks the old topics on demand, and never both forms of one message"],
      ["8", "is each of the boxes: referee, hub, solo, down signal, timekeeper, clock warnings, jury"],
      ["11", "speaks TLS as the port says, or as it is told, and checks certificates"],
      ["12", "plays an attempt as it was recorded"],
    ],
  },
  tasmota: {
    about:
      "This machine as a plug that others command, see [tasmota.md](tasmota.md), and real plugs that it commands, see [plugs.md](plugs.md).",
    clauses: [
      [
        "2",
        "understands POWER in its words, digits and letter cases, asks and answers in order, knows STATE, TelePeriod, Mem and Backlog, and says what it does not know",
      ],
      ["3", "answers STATUS with what readers look for"],
      ["4", "ends what is switched on by PulseTime, tells what is left of it, and sets it at once"],
      ["5", "announces itself with every key that Home Assistant's reader takes, and is harmless to its questions"],
      [
        "6",
        "says `Offline` itself at a stop, and by its will at a kill; tells what the pin did, also by hand; ignores retained commands; hears its group",
      ],
      [
        "7",
        "arms PulseTime before ON, retains nothing, believes what the plug answers, knows nothing of one that is offline, and leaves none on when it dies",
      ],
    ],
  },
  growbuddy: {
    about:
      "A grow tent and its car: see [growbuddy.md](growbuddy.md) and [examples.md](examples.md#carbot). Of clauses 2, 4 and 7 the second number is the row.",
    clauses: [
      ["2.1", "logs and counts JSON that is malformed, and keeps the last value, which grows older"],
      ["2.2", "does the same when a value is missing or is no number"],
      ["2.3", "takes the unit from the message, and never assumes one"],
      ["2.4", "reads a configured path, whatever the sensor is called"],
      ["3", "computes the vapour pressure deficit by the formula and with the leaf that the configuration names"],
      ["4", "takes a whole number of seconds; stops at 0 and less, refuses 60 and more, ignores the rest"],
      ["4.1", "switches everything off before it begins"],
      ["4.2", "asks whether there is light before each round"],
      ["4.3", "mists only if the light says so within half a second; answers at once when it is the light"],
      ["4.4", "switches on as soon as it may; as a plug, with the end that was set before"],
      ["4.5", "goes off by the end that the plug has itself"],
      ["4.6", "does it again each minute until it is stopped"],
      ["5", "drives a car by five letters, with a throttle that is kept while it stands, and by no others"],
      ["6a", "reads a path of the JSON of any topic"],
      ["6b", "converts °F and °C as the message says"],
      ["6c", "computes the vapour pressure deficit by a configured formula and leaf"],
      ["6d", "holds a value with hysteresis, or is on for some seconds, with a shortest time off"],
      ["6e", "mists only while there is light"],
      ["6f", "is off when no reading comes, or when its device is gone"],
      ["6g", "sets the end that a plug has itself before it says ON"],
      ["6h", "ends what a relay of its own does by the longest time that it may be on"],
      [
        "6i",
        "lets the car stand when no letter comes, when the connection ends, at a stop and after a crash, and ignores retained letters",
      ],
      ["6j", "says in the journal that it starts, subscribes and has subscribed, in this order"],
      ["7.1", "ignores retained commands, and retains none"],
      ["7.2", "takes an empty message for no command"],
      ["7.3", "retains its own status"],
      ["7.4", "says which formula is in use"],
      ["7.5", "says how long each output is really on"],
    ],
  },
  brokers: {
    about:
      "Brokers of others, and the built-in one as the documents have theirs: see [broker.md](broker.md). Of clauses 6 and 7 the second number is the row.",
    clauses: [
      [
        "1",
        "lets in whom mosquitto lets in, and refuses with its code, for each of the documents' configurations; goes to no public broker by itself",
      ],
      ["2", "says in words what each code of a CONNACK means"],
      ["3", "tells of itself below `$SYS/broker/` with the topics and formats of mosquitto"],
      ["4", "tells its log below `$SYS/broker/log/` in the sentences of mosquitto"],
      ["5", "speaks WebSocket with the sub-protocol `mqtt` on any path"],
      ["6.1", "loses nothing of publishers that are gone before they have read its answer"],
      ["6.2", "shows no `$SYS` to whoever subscribes to everything, retained or live"],
      ["6.3", "does not speak MQTT 5; our own link falls back by itself"],
      ["6.4", "lets nobody publish below `$SYS`"],
      ["6.5", "has mosquitto's topics instead of those of aedes"],
      ["6.6", "takes an empty user for none"],
      ["6.7", "gives a client without an id one"],
      ["6.8", "carries a whole attempt of owlcms"],
      ["7.1", "is open on this machine only, unless it is told otherwise twice"],
      ["7.2", "with users lets in nobody else; a user without a password is an error"],
      ["7.3", "prefers arguments to the environment, that to the file, and reads the variables of owlcms on demand"],
      ["7.4", "is not started where another server is named, and says so"],
      ["7.5", "takes an empty client id"],
      ["7.6", "has WebSocket at `/mqtt` on a port of one's own"],
      ["7.7", "on demand logs connections, keeps what is retained, and tells of itself"],
      ["7.8", "with users and `anonymous: true` lets in who names none, and nobody with a wrong password"],
      [
        "7.9",
        "(the further ones) tells whoever hears `$SYS` of each client within an interval, and answers mosquitto's clients as mosquitto does",
      ],
      ["8", "reads and writes password files of mosquitto, and names what it cannot use by line and user"],
    ],
  },
  "home-assistant": {
    about: "What is announced and told: see [home-assistant.md](home-assistant.md). Of clause 1 the second number is the rule.",
    clauses: [
      ["1.1", "sends one retained document for the device"],
      ["1.2", "sends it again after a birth, behind a random wait, and then every state"],
      ["1.3", "writes full key names"],
      ["1.4", "sends nothing that the closed schema refuses"],
      ["1.5", "says whether it is available for each component, never at the root"],
      ["1.6", "stays below the packet limit of the broker, in two documents if need be"],
      ["1.7", "remembers what it has announced, and takes back what is gone"],
      ["1.8", "is known by its machine, not by its name"],
      ["1.9", "lets the state come from the pin"],
      ["1.10", "tells no secret, user or path"],
      ["2", "speaks the words of buttons and doorbells, without availability"],
      ["3", "shows each kind of pin, sensor and statistic as what it is"],
      ["4", "retains every state and no event, and says `online` again when it sees its own `offline`"],
      ["6", "tells when it has booted, not for how long it runs, and shows nothing that Tasmota's discovery shows as well"],
    ],
  },
  homie: {
    about: "A device of Homie 5: see [homie.md](homie.md). The convention does not number its sections.",
    clauses: [
      ["1", "(Topic IDs) names devices, nodes and properties with a-z, 0-9 and - alone"],
      ["2", "(QoS and retained messages) retains everything with QoS 1, but for events, which have QoS 0; refuses a retained set"],
      ["3", "(Last will, Device Lifecycle) says `init`, `ready`, `disconnected`, and `lost` by its will"],
      ["4", "(Payloads, Properties) says each kind of value as the convention writes it"],
      ["5", "(Device Attributes) describes itself; the version grows with each change, which stands behind `init`"],
      ["6", "(Property command topic) serves sets of what is settable, and shows what became of them"],
      ["7", "(Device Lifecycle, Device reconfiguration) empties what is gone, the state of a device first"],
      ["8", "(Alert topic) takes away what does not hold, and says why"],
    ],
  },
};

/** Test → the clauses in its name. One name may have several: `owlcms 8 and 1.9`, `growbuddy 5 and 6i`. */
export function namedClauses(folder, names) {
  const number = "\\d+(?:\\.\\d+|[a-z]\\b)?";
  const clause = new RegExp(`\\b(${names.join("|")}) (${number})((?: and ${number})*)`, "g");
  const named = new Map();
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith(".ts"));
  for (const file of files.sort()) {
    for (const [, , text] of readFileSync(join(folder, file), "utf8").matchAll(/(["`])((?:(?!\1)[^\n\\]|\\.)*)\1/g)) {
      const clauses = [...text.matchAll(clause)].flatMap(([, name, first, more]) =>
        [first, ...more.split(" and ").slice(1)].map((number) => `${name} ${number}`),
      );
      if (clauses.length > 0) named.set(`\`test/${file}\`: ${text}`, new Set(clauses));
    }
  }
  return named;
}
