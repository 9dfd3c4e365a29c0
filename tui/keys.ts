import { dialogKeys } from "./dialog-keys.ts";
import { tabKeys } from "./tab-keys.ts";

/** Where a key means something, by its heading. `all` holds in every tab; a dialog is a scope of its own. */
const headings = {
  all: "Everywhere",
  topics: "1 Topics",
  pins: "2 Pins",
  broker: "3 Broker",
  host: "4 Host",
  services: "5 Services",
  trace: "6 Trace",
  fleet: "7 Fleet",
  filter: "While typing a filter",
  menu: "In help and palette",
  publish: "In the publish dialog",
  presets: "In the list of presets and publications",
  preset: "While typing the name of a preset",
  clear: "In the dialog that clears retained messages",
  switch: "In the switch dialog",
  service: "In the dialog of a unit",
  inject: "In the inject dialog",
  "inject-message": "While typing a message to inject",
  attach: "In the attach dialog",
  replay: "While a recording is played",
};

export type Scope = keyof typeof headings;
export type Command = (typeof tabKeys | typeof dialogKeys)[number]["command"];
export type KeyEntry = Key<Command>;

/** An entry of the key table, whose parts say which commands there are. */
export interface Key<C extends string = string> {
  command: C;
  scope: Scope;
  /** Names as the terminal shell gives them: `j`, `up`, `enter`, `escape`, `C-d`, `S-tab`, `pageup`, `space`. None: by the palette only. */
  keys: readonly string[];
  /** What it does, for people; the palette finds it by these words. */
  does: string;
  /** One or two words for the hint line; without it the key is not shown there. */
  hint?: string;
  /** It changes something outside this terminal: gone with --read-only. */
  writes?: true;
  /** It works in dialogs too. */
  everywhere?: true;
}

/** The one key table: the handler, the hint line, `?`, `:` and docs/keys.md all read it, so they cannot drift. */
export const keyTable: readonly KeyEntry[] = [...tabKeys, ...dialogKeys];

const dialogs: ReadonlySet<Scope> = new Set(dialogKeys.map(({ scope }) => scope));
const byKey = new Map(keyTable.flatMap((entry) => entry.keys.map((key) => [`${entry.scope} ${key}`, entry] as const)));

/** What a key does here; undefined when nothing (or when it writes and this terminal may only look). In a tab `replayed` keys come first. */
export function lookup(scope: Scope, key: string, readOnly: boolean, replayed = false): KeyEntry | undefined {
  const first = replayed && !dialogs.has(scope) ? byKey.get(`replay ${key}`) : undefined;
  const entry = first ?? byKey.get(`${scope} ${key}`) ?? byKey.get(`all ${key}`);
  if (entry === undefined || (readOnly && entry.writes)) return undefined;
  return entry === first || entry.scope === scope || !dialogs.has(scope) || entry.everywhere ? entry : undefined;
}

/** Every entry that works in a scope, in the order of the table. */
export function entriesOf(scope: Scope, readOnly: boolean, replayed = false): KeyEntry[] {
  return keyTable.filter((entry) => {
    if (entry.keys.length === 0) return !dialogs.has(scope) && (entry.scope === "all" || entry.scope === scope);
    return entry.keys.some((key) => lookup(scope, key, readOnly, replayed) === entry);
  });
}

const names: Record<string, string> = { enter: "Enter", escape: "Esc", tab: "Tab", space: "Space", pageup: "PgUp", pagedown: "PgDn" };

/** `C-d` → `Ctrl-D`, `S-tab` → `Shift-Tab`, `up` → `Up`. */
export function keyName(key: string): string {
  if (key.startsWith("C-")) return `Ctrl-${key.slice(2).toUpperCase()}`;
  if (key.startsWith("S-")) return `Shift-${keyName(key.slice(2))}`;
  return names[key] ?? (key.length === 1 ? key : key.charAt(0).toUpperCase() + key.slice(1));
}

/** The Markdown of docs/keys.md. */
export function keysPage(): string {
  const lines = ["# Keys of the terminal UI", "", "Generated from `tui/keys.ts`; `npm run docs` writes it again.", ""];
  lines.push("A key marked *w* changes something outside the terminal and is gone with `--read-only`. In a dialog only the keys of");
  lines.push(
    "that dialog and those marked *e* work. The text fields know the usual editing keys (arrows, Home, End, Ctrl-A, Ctrl-E, Ctrl-W, Ctrl-U, Ctrl-K).",
  );
  for (const [scope, heading] of Object.entries(headings)) {
    lines.push("", `## ${heading}`, "", "| Key | Does | |", "|---|---|---|");
    for (const entry of keyTable) {
      if (entry.scope !== scope) continue;
      const keys = entry.keys.map((key) => `\`${keyName(key)}\``).join(" ") || "by `:`";
      const marks = `${entry.writes ? "*w*" : ""}${entry.everywhere ? "*e*" : ""}`;
      lines.push(`| ${keys} | ${entry.does.replaceAll("|", "\\|")} | ${marks} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}
