import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogText } from "../../../agent/core/catalog.ts";
import { type LogEvent, logEvents } from "../../../agent/core/log-events.ts";
import { createLog } from "../../../agent/shell/log.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const events = Object.keys(logEvents) as LogEvent[];

/** Of the agent, but for the table itself. */
const sources = readdirSync(join(root, "agent"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith("log-events.ts"))
  .map((file) => readFileSync(join(root, "agent", file), "utf8"));

describe("the kinds of log entries", () => {
  it("have ids of their own, of 128 bits", () => {
    const ids = Object.values(logEvents).map(({ id }) => id);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(events)("%s is logged somewhere", (event) => {
    const word = new RegExp(`["']${event}["']|\\b${event}: \\{ of:`);
    expect(sources.some((text) => word.test(text))).toBe(true);
  });

  it.each(events)("%s reaches the journal with its id and its name", (event) => {
    const entries: Record<string, string>[] = [];
    createLog({ level: "info", secrets: [], journal: ({ fields }) => entries.push(fields) }).warn("told", { event, output: "lamp" });
    expect(entries).toEqual([{ MESSAGE_ID: logEvents[event].id, PINBUS_EVENT: event, PINBUS_OUTPUT: "lamp" }]);
  });

  it.each(Object.values(logEvents))("$subject: says what it means, and then what to do", ({ subject, text }) => {
    expect(subject).toMatch(/^\w[^.]+$/);
    expect(text.split("\n")).toHaveLength(2);
    for (const line of text.split("\n")) expect(line).toMatch(/^[A-Z`a-z].*\.$/);
    // journald would put a field of the entry there.
    expect(text).not.toMatch(/@\w+@|^--/m);
  });
});

describe("the message catalog", () => {
  it("is the one that is installed", () => {
    expect(readFileSync(join(root, "systemd/pinbus.catalog"), "utf8")).toBe(catalogText());
  });

  it.skipIf(spawnSync("journalctl", ["--version"]).error !== undefined)("is taken by journalctl, each entry with its subject", () => {
    const folder = mkdtempSync(join(tmpdir(), "pinbus-catalog-"));
    try {
      const catalogs = join(folder, "usr/lib/systemd/catalog");
      spawnSync("mkdir", ["-p", catalogs, join(folder, "var/lib/systemd/catalog")]);
      spawnSync("cp", [join(root, "systemd/pinbus.catalog"), catalogs]);
      const update = spawnSync("journalctl", [`--root=${folder}`, "--update-catalog"], { encoding: "utf8" });
      expect([update.status, update.stderr]).toEqual([0, ""]);
      const { stdout } = spawnSync("journalctl", [`--root=${folder}`, "--list-catalog"], { encoding: "utf8" });
      for (const { id, subject } of Object.values(logEvents)) expect(stdout).toContain(`${id} pinbus: ${subject}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
