/** One entry of the journal. `fields` are own fields such as PINBUS_OUTPUT, for `journalctl PINBUS_OUTPUT=lamp`. */
export interface JournalEntry {
  /** For people; several lines stay one entry. */
  message: string;
  /** 0 emergency … 3 error, 4 warning, 5 notice, 6 information, 7 debug (syslog(3)). */
  priority: number;
  fields: Readonly<Record<string, string>>;
}

/** journald takes datagrams of up to some 200 kB; what people read is shorter. */
const maxEntryBytes = 48 * 1024;
const maxFieldBytes = 4 * 1024;
/** journald drops fields with other names, and those that begin with _ are its own. */
const fieldName = /^[A-Z][A-Z0-9_]{0,63}$/;

/** An entry in journald's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/): one datagram. */
export function encodeEntry(entry: JournalEntry, identifier: string): Buffer {
  const parts = [field("PRIORITY", priorityDigit(entry.priority)), field("SYSLOG_IDENTIFIER", identifier)];
  let left = maxEntryBytes - maxFieldBytes;
  for (const [name, value] of Object.entries(entry.fields)) {
    if (!fieldName.test(name) || name === "MESSAGE" || name === "PRIORITY" || name === "SYSLOG_IDENTIFIER") continue;
    const part = field(name, cutBytes(value, maxFieldBytes));
    if (part.length > left) continue; // the message is worth more than the last fields
    left -= part.length;
    parts.push(part);
  }
  parts.push(field("MESSAGE", cutBytes(entry.message, left)));
  return Buffer.concat(parts);
}

/** An entry as lines for a stdout that is a journal stream: `<N>` sets the priority, and each line is an entry. */
export function encodeLines(entry: JournalEntry): string {
  const prefix = `<${priorityDigit(entry.priority)}>`;
  return cutBytes(entry.message, maxEntryBytes)
    .split("\n")
    .map((line) => `${prefix}${line}\n`)
    .join("");
}

function priorityDigit(priority: number): string {
  return String(Math.min(7, Math.max(0, Math.trunc(priority))));
}

function field(name: string, value: string): Buffer {
  if (!value.includes("\n")) return Buffer.from(`${name}=${value}\n`);
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from("\n")]);
}

/** The longest beginning of at most `max` bytes that does not end inside a character; "…" shows the cut. */
function cutBytes(text: string, max: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= max) return text;
  const mark = "…";
  let end = max - Buffer.byteLength(mark);
  // 10xxxxxx continues a character (RFC 3629).
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.toString("utf8", 0, end)}${mark}`;
}
