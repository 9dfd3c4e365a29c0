// Writes the pages that list code, from the code: `npm run docs`. With --check it writes nothing and fails when one is not current.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { catalogText } from "../dist/agent/core/catalog.js";
import { logEvents } from "../dist/agent/core/log-events.js";
import { topicTable } from "../dist/agent/core/topic-table.js";
import { checks } from "../dist/agent/doctor/checks.js";
import { exitTable } from "../dist/agent/exit.js";
import { describeConfig } from "../dist/config/describe.js";
import { keysPage } from "../dist/tui/keys.js";
import { contracts, namedClauses } from "./contracts.mjs";

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
line and takes a few seconds at most: what does not answer within five is left. \`sudo pinbus doctor\` sees more than other users do: passwords, files
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

const pages = {
  "configuration.md": describeConfig,
  "topics.md": topicsPage,
  "exit-codes.md": exitPage,
  "keys.md": keysPage,
  "doctor.md": doctorPage,
  "journal-events.md": eventsPage,
  "contracts.md": contractsPage,
  "../systemd/pinbus.catalog": catalogText,
};
const check = process.argv.includes("--check");
let stale = 0;
for (const [name, page] of Object.entries(pages)) {
  const file = join(docs, name);
  const text = `${name.endsWith(".md") ? made : ""}${page().trimEnd()}\n`;
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
