/** One entry as `journalctl -o json` prints it, as far as somebody reads it. */
export interface JournalRecord {
  /** ISO 8601 UTC; null when the entry tells none. */
  at: string | null;
  /** 0 (emerg) to 7 (debug); null when the entry tells none. */
  priority: number | null;
  /** The lines of its message. */
  lines: string[];
  /** The units that it names: the one that wrote it, then those that it says it is about. */
  units: string[];
}

/** A trace of calls has fewer lines; a whole file in one entry has more. */
const maxLines = 50;
/** Longer messages are printed as null (journalctl's own bound, without --all). */
const tooLong = "(a message of more than 4 kB: journalctl --all shows it)";

/** The arguments that follow one unit from its last `lines` entries on. The unit must be a valid name (config/formats.ts). */
export function journalArgs(unit: string, user: boolean, lines: number): string[] {
  return [
    "--follow",
    "--output=json",
    "--output-fields=MESSAGE,PRIORITY",
    "--no-pager",
    `--lines=${lines}`,
    `${user ? "--user-unit" : "--unit"}=${unit}`,
  ];
}

/** The fields by which `--unit` and `--user-unit` choose; those first that journald sets itself. */
const unitFields = [
  "_SYSTEMD_UNIT",
  "_SYSTEMD_USER_UNIT",
  "UNIT",
  "USER_UNIT",
  "OBJECT_SYSTEMD_UNIT",
  "OBJECT_SYSTEMD_USER_UNIT",
  "COREDUMP_UNIT",
  "COREDUMP_USER_UNIT",
];

/** The same of several units together, without what is less important than a warning. */
export function warningArgs(units: readonly { unit: string; user: boolean }[], lines: number): string[] {
  return [
    "--follow",
    "--output=json",
    `--output-fields=${["MESSAGE", "PRIORITY", ...unitFields].join(",")}`,
    "--no-pager",
    `--lines=${lines}`,
    "--priority=warning",
    ...units.map(({ unit, user }) => `${user ? "--user-unit" : "--unit"}=${unit}`),
  ];
}

/** Undefined for what is no entry. Nothing is taken for granted: any program writes into the journal what it likes. */
export function parseRecord(line: string): JournalRecord | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return undefined;
  const fields = entry as Record<string, unknown>;
  const { MESSAGE: message, PRIORITY: priority, __REALTIME_TIMESTAMP: stamp } = fields;
  const text = message === null ? tooLong : (textOf(message) ?? "(an entry without a message)");
  const lines = text.replace(/\n+$/, "").split("\n", maxLines + 1);
  if (lines.length > maxLines) lines.splice(maxLines, 1, "... and more lines of the same entry");
  return {
    at: momentOf(stamp),
    priority: typeof priority === "string" && /^[0-7]$/.test(priority) ? Number(priority) : null,
    lines,
    units: unitFields.map((name) => fields[name]).filter((name) => typeof name === "string"),
  };
}

/** A string; bytes, when it is not printable UTF-8; or a list of those, when the field was given more than once. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return undefined;
  if (value.every((item) => typeof item === "number")) return Buffer.from(value).toString("utf8");
  return value.flatMap((item) => textOf(item) ?? []).join("\n");
}

/** Microseconds since 1970. */
function momentOf(stamp: unknown): string | null {
  const ms = typeof stamp === "string" && /^\d{1,18}$/.test(stamp) ? Number(stamp.slice(0, -3)) : Number.NaN;
  return Number.isNaN(ms) || ms > 8.64e15 ? null : new Date(ms).toISOString();
}
