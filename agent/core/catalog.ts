import { logEvents } from "./log-events.ts";

/** The message catalog for `journalctl -x` (https://systemd.io/CATALOG/): one entry for each kind of event. */
export function catalogText(): string {
  const head = "# What journalctl -x says of the entries of pinbus. Made by `npm run docs` from the code: do not edit.\n";
  const entries = Object.entries(logEvents).map(
    ([event, { id, subject, text }]) => `
# ${event}
-- ${id}
Subject: ${subject}
Defined-By: pinbus
Documentation: man:pinbus(1)

${text}
`,
  );
  return `${head}${entries.join("")}`;
}
