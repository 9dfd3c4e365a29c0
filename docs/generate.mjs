// Writes the pages that list code, from the code: `npm run docs`. With --check it writes nothing and fails when one is not current.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { catalogText } from "../dist/agent/core/catalog.js";
import { logEvents } from "../dist/agent/core/log-events.js";
import { topicTable } from "../dist/agent/core/topic-table.js";
import { exitTable } from "../dist/agent/exit.js";
import { describeConfig } from "../dist/config/describe.js";
import { keysPage } from "../dist/tui/keys.js";

const docs = dirname(fileURLToPath(import.meta.url));
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

const eventsPage = () => `# Kinds of entries in the journal

\`PINBUS_EVENT\` of an entry is its kind, \`MESSAGE_ID\` the same as an id that never changes; \`journalctl -x\` shows the text beside the
entry. [journal.md](journal.md) has the questions that they answer. With systemd before 253 entries have neither.

${table(
  ["PINBUS_EVENT", "what", "what it means, and what to do", "MESSAGE_ID"],
  Object.entries(logEvents).map(([event, { id, subject, text }]) => [`\`${event}\``, subject, text.replaceAll("\n", " "), `\`${id}\``]),
)}
`;

const pages = {
  "configuration.md": describeConfig,
  "topics.md": topicsPage,
  "exit-codes.md": exitPage,
  "keys.md": keysPage,
  "journal-events.md": eventsPage,
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
