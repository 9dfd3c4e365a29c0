// Writes the pages that list code, from the code: `npm run docs`. With --check it writes nothing and fails when one is not current.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { configWiring } from "../dist/agent/command/config-wiring.js";
import { catalogText } from "../dist/agent/core/catalog.js";
import { logEvents } from "../dist/agent/core/log-events.js";
import { topicTable } from "../dist/agent/core/topic-table.js";
import { checks } from "../dist/agent/doctor/checks.js";
import { exitTable } from "../dist/agent/exit.js";
import { describeConfig } from "../dist/config/describe.js";
import { loadConfig } from "../dist/config/load.js";
import { chips } from "../dist/config/sensor-chips.js";
import { keysPage } from "../dist/tui/keys.js";
import { contracts, namedClauses } from "./contracts.mjs";
import { systems, unshown } from "./systems.mjs";

const docs = dirname(fileURLToPath(import.meta.url));
const named = namedClauses(join(docs, "../test"), Object.keys(contracts));
const made = "<!-- Made by `npm run docs` from the code: do not edit. -->\n\n";
const cell = (text) => text.replaceAll("|", "\\|");
const table = (head, rows) => [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

const topicsPage = () => `# Topics

\`P\` stands for \`<prefix>/<node>\`, by default \`pinbus/<host name>\`. State is retained; events and commands never are.

${table(
  ["topic", "direction", "payload", "QoS", "retained", "meaning"],
  topicTable.map((row) => [`\`${row.topic}\``, row.direction, row.payload, String(row.qos), row.retain, row.meaning]),
)}
`;

const exitPage = () => `# Exit codes

${table(
  ["code", "name", "meaning", "systemd"],
  exitTable.map((row) => [String(row.code), row.name, row.meaning, row.systemd]),
)}

Any other code of the agent, and an end by a signal that nobody asked for, is restarted by systemd.
`;

const doctorPage = () => `# What \`pinbus doctor\` looks at

\`pinbus doctor\` looks at this machine and says what is wrong with it, why that matters, and the command that mends it. It changes nothing, requests no
line (but for \`--hardware\`) and takes a few seconds: what does not answer within five is left, on the way to a broker each step of it. \`sudo pinbus doctor\` sees more than other users do: passwords, files
of the service, devices on lines.

Each finding is a problem, a warning, a note, ok, or not checked: what could not be looked at is said and never counts as well. \`--all\` gives the reason
for every finding, \`--json\` one object with \`result\` (\`ok\`, \`warning\`, \`problem\`) and \`findings\` (\`check\`, \`level\`, \`what\`, \`why\`, \`mend\`). It ends
with 0 when nothing is wrong, 1 with a warning, 2 with a problem; notes and what was not checked are no warnings.

${table(
  ["check", "looks at", "because"],
  checks.map(({ id, about, why }) => [`\`${id}\``, about, why]),
)}

## The way to the broker

With the server, the user, the password and the certificates of the configuration, but a client id of its own (\`pinbus-doctor-\` and eight digits): a running
agent keeps its connection, unless the broker makes client ids of user names (\`use_username_as_clientid\` of mosquitto): there each takes the
connection of the other. It subscribes to what the agent subscribes to, publishes one message that is not retained on \`P/doctor\`, and waits until it
comes back. A broker whose rules go by the client id needs one for \`pinbus-doctor-*\`. The built-in broker runs in the agent and is reached as the
agent tells, which it does to those who may operate it.

## On real hardware

\`sudo pinbus doctor --hardware\` proves on this very board what no simulation can. It takes two free pins of the header, or those of \`--out\` and \`--in\` (\`23\`, \`GPIO23\`, \`pin16\`), asks for a
wire between them, drives the one and listens on the other. It takes no line that the configuration names, that a program or overlay holds, or that a bus, the console or an add-on board may
be on; the agent may go on running. Before anything is driven, both lines listen: when they do not follow a pull, something else is on the wire, and it ends there.

Each measurement is \`ok\`, \`not ok\`, \`seen\` (a figure without a right or wrong) or \`unchecked\` (not with this driver): levels, also from the first moment and with active low; edges, their order, numbers and
times; a burst; edges of one kind; the debounce of the line; the length of a pulse; that a line is given once; and whether the chip goes on driving a line that nobody holds, which is what \`on_exit\` and \`on_crash\` come to. Afterwards both lines are inputs. It ends with 0, or with 2
when something is not ok. In a script \`--yes\` says that the wire is there; \`--json\` prints one object. On the simulated board (\`gpio.driver: sim\`) the wire is simulated, too.

## A report for whoever helps

\`pinbus diag FILE\` writes what somebody needs who is asked for help: these findings, versions, the configuration, the state of the agent, figures of the
machine, and which kinds of entries the journal has. It works without a running agent. The file is new and for its owner only; without FILE it is printed.

Everything in it is named in the program, one by one; nothing is copied whole and cleaned afterwards. Told are numbers, times, lines, words of fixed lists,
and the ids of inputs, outputs, sensors, peers and rules. Every other setting reads \`(set)\`, and in a finding stands \`(broker)\`, \`(path)\` or \`(user)\` in
place of what \`pinbus doctor\` says on the machine. So it has no passwords, user names, names and addresses of brokers, topics, payloads, paths, texts of
the journal and no location. \`cmd/diag\` over MQTT is another report, for who looks after the node: see [remote.md](remote.md#diag).
`;

const eventsPage = () => `# Kinds of entries in the journal

\`PINBUS_EVENT\` of an entry is its kind, \`MESSAGE_ID\` the same as an id that never changes; \`journalctl -x\` shows the text beside the
entry. [journal.md](journal.md) has the questions that they answer. With systemd before 253 entries have neither.

${table(
  ["PINBUS_EVENT", "what", "what it means, and what to do", "MESSAGE_ID"],
  Object.entries(logEvents).map(([event, { id, subject, text }]) => [`\`${event}\``, subject, text.replaceAll("\n", " "), `\`${id}\``]),
)}
`;

const folder = join(docs, "../config/examples");
// The starter is for `pinbus init`, the demo for `pinbus demo`.
const examples = readdirSync(folder)
  .map((file) => file.replace(".yaml", ""))
  .filter((name) => name !== "starter" && name !== "demo");

/** The comment at the top is its text, with the parts that are set in as code; the rest is the file. */
function exampleSection(name) {
  const text = readFileSync(join(folder, `${name}.yaml`), "utf8");
  const end = text.indexOf("\n\n");
  const lines = text.slice(0, end).replaceAll(/^# ?/gm, "");
  const parts = lines.split(/(?<=\n\n)((?: {2,}.*\n?|\n(?= {2}))+)/);
  // What is set in below an empty line is code; of the rest topics and messages are, which Markdown would take for its own.
  const words = parts.map((part, index) =>
    index % 2 === 1 ? `\`\`\`\n${part.trimEnd()}\n\`\`\`\n\n` : part.replaceAll(/\bpinbus\/<[^\s:,']*[^\s:,'.]|\{"[^}]*\}/g, "`$&`"),
  );
  const result = loadConfig({
    file: join(folder, `${name}.yaml`),
    env: {},
    args: {},
    host: { hostname: "garage", machineId: "" },
    secrets: "leave",
  });
  if (!result.ok) throw new Error(`the example ${name} is wrong`);
  const picture = configWiring(result.config, 78);
  const wiring = picture.length === 0 ? "" : `\n\`\`\`\n${picture.join("\n")}\n\`\`\`\n`;
  return `## ${name}\n\n${words.join("").trimEnd()}\n\nTo play it: \`pinbus demo --example ${name}\`\n${wiring}\n\`\`\`yaml\n${text.slice(end + 2).trimEnd()}\n\`\`\``;
}

const examplesPage = () => `# Examples

Whole configurations. \`pinbus init --example NAME\` writes one as \`/etc/pinbus/pinbus.yaml\`, or with \`--config FILE\` anywhere; \`pinbus check\` says what it
does. Each is run by a test on the simulated board, with what it controls played by a small program.

To try one without a Pi: \`pinbus demo --example NAME\`. It runs on the simulated board with a broker of its own; the server that the example names is not
reached. On a terminal the terminal UI opens while somebody presses its buttons and its counterpart answers; with \`--script\`, or without a terminal, each step is
printed with the MQTT messages that came of it.

In the pictures you look at the board with its pins up and pin 1 at the top left. Never connect a relay itself to a pin: take a module whose input works
with 3.3 V.

${examples.map(exampleSection).join("\n\n")}
`;

const chipTable = () =>
  table(
    ["chip", "in config.txt", "in pinbus.yaml", "measures"],
    chips.map(({ chip, driver, device, quantities, overlay, address }) => [
      chip,
      overlay ? `\`${overlay}\`` : address ? `none; \`${device} ${address}\`` : "none needed",
      `\`{ driver: ${driver}, device: ${device} }\``,
      quantities.length > 4 ? `${quantities[0]} to ${quantities.at(-1)}` : quantities.join(", "),
    ]),
  );

/** A page by hand with a table that is not. */
const withChips = () =>
  readFileSync(join(docs, "sensors.md"), "utf8").replace(
    /(<!-- chips: .*? -->\n).*?(<!-- end of chips -->)/s,
    (_, begin, end) => `${begin}\n${chipTable()}\n\n${end}`,
  );

const byHand = new Set(["sensors.md"]);
const contractsPage = () => `# What pinbus promises to other systems, and the tests that hold it to that

Each row is a clause of a contract with a system that pinbus works with: what was seen of that system, or is written about it. The name of a
test says which clause it is about.
${Object.entries(contracts)
  .map(
    ([name, { about, clauses }]) => `
## ${name}

${about}

${table(
  ["clause", "pinbus", "tests"],
  clauses.map(([clause, must]) => [clause, must, testsOf(`${name} ${clause}`).join("<br>")]),
)}
`,
  )
  .join("")}`;

/** Names of tests that name a clause: `owlcms 1.4`. */
const testsOf = (clause) => {
  const found = [...named.entries()].flatMap(([test, clauses]) => (clauses.has(clause) ? [test] : []));
  if (found.length === 0) throw new Error(`no test names the clause ${clause}: write it into the name of one`);
  return found;
};

const systemsPage = () => {
  const missing = unshown(join(docs, "../test"));
  if (missing.length > 0) throw new Error(`docs/systems.mjs:\n${missing.join("\n")}`);
  return `# The documents of the customer, sentence by sentence

Five documents describe worlds that already run: two competitions, a grow tent, a class with robots and a course. Each row is a sentence
that says what something does there, what of pinbus does it, and the tests that show it. The examples stand in [examples.md](examples.md),
what is promised to the other side in [contracts.md](contracts.md).
${Object.entries(systems)
  .map(
    ([name, rows]) => `
## Document ${name}

${table(
  ["the document says", "here", "shown by"],
  rows.map(([sentence, by, ...tests]) => [sentence, by, tests.map(([file, words]) => `\`test/${file}\`: ${words}`).join("<br>")]),
)}
`,
  )
  .join("")}`;
};

const pages = {
  "sensors.md": withChips,
  "configuration.md": describeConfig,
  "topics.md": topicsPage,
  "exit-codes.md": exitPage,
  "keys.md": keysPage,
  "doctor.md": doctorPage,
  "journal-events.md": eventsPage,
  "examples.md": examplesPage,
  "contracts.md": contractsPage,
  "systems.md": systemsPage,
  "../systemd/pinbus.catalog": catalogText,
};
const check = process.argv.includes("--check");
let stale = 0;
for (const [name, page] of Object.entries(pages)) {
  const file = join(docs, name);
  const text = `${name.endsWith(".md") && !byHand.has(name) ? made : ""}${page().trimEnd()}\n`;
  let now = "";
  try {
    now = readFileSync(file, "utf8");
  } catch {
    // Not written yet: stale like any other.
  }
  if (now === text) continue;
  if (check) {
    stale++;
    console.error(`docs/${name} is not current: run \`npm run docs\` and commit it`);
  } else writeFileSync(file, text);
}
process.exitCode = stale > 0 ? 1 : 0;
