/** The one key table: the handler, the hint line, `?`, `:` and docs/keys.md all read it, so they cannot drift. */

/** Where a key means something. `all` holds in every tab; a dialog is a scope of its own. */
export type Scope =
  | "all"
  | "topics"
  | "pins"
  | "broker"
  | "host"
  | "services"
  | "trace"
  | "fleet"
  | "filter"
  | "menu"
  | "publish"
  | "switch"
  | "inject";

export type Command =
  | "tab-topics"
  | "tab-pins"
  | "tab-broker"
  | "tab-host"
  | "tab-services"
  | "tab-trace"
  | "tab-fleet"
  | "tab-previous"
  | "tab-next"
  | "pane-next"
  | "pane-previous"
  | "down"
  | "up"
  | "top"
  | "bottom"
  | "half-down"
  | "half-up"
  | "page-down"
  | "page-up"
  | "open"
  | "back"
  | "filter"
  | "match-next"
  | "match-previous"
  | "palette"
  | "help"
  | "freeze"
  | "zoom"
  | "unzoom"
  | "copy"
  | "repaint"
  | "suspend"
  | "quit"
  | "quit-now"
  | "fold"
  | "unfold"
  | "fold-toggle"
  | "unfold-all"
  | "fold-all"
  | "publish"
  | "clear-history"
  | "value-mode"
  | "switch"
  | "arm"
  | "inject"
  | "why"
  | "rules"
  | "checks"
  | "follow"
  | "record"
  | "sort"
  | "refresh"
  | "accept"
  | "cancel"
  | "choice-down"
  | "choice-up"
  | "send"
  | "field-next"
  | "field-previous"
  | "field-change"
  | "recall"
  | "switch-yes"
  | "switch-pulse"
  | "press-short"
  | "press-long";

export interface KeyEntry {
  command: Command;
  scope: Scope;
  /** Names as the terminal shell gives them: `j`, `up`, `enter`, `escape`, `C-d`, `S-tab`, `pageup`, `space`. */
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

export const keyTable: readonly KeyEntry[] = [
  { command: "help", scope: "all", keys: ["?"], does: "Help: all keys, filters as you type", hint: "Help" },
  { command: "open", scope: "topics", keys: ["enter"], does: "Open: fold or unfold a branch, go to the value" },
  {
    command: "filter",
    scope: "all",
    keys: ["/"],
    does: "Filter: text, !inverse, ~regex, =payload, MQTT pattern with + or #",
    hint: "Filter",
  },
  { command: "switch", scope: "pins", keys: ["enter"], does: "Switch the selected output, through a dialog", hint: "Switch", writes: true },
  { command: "arm", scope: "pins", keys: ["!"], does: "Arm the outputs for 60 s, or disarm them", hint: "Arm", writes: true },
  { command: "inject", scope: "pins", keys: ["i"], does: "Inject a press into the simulated board", hint: "Inject", writes: true },
  { command: "why", scope: "pins", keys: ["W"], does: "Why: the causes of the selected state", hint: "Why" },
  { command: "rules", scope: "pins", keys: ["r"], does: "Rules: what fired, and when", hint: "Rules" },
  { command: "open", scope: "broker", keys: ["enter"], does: "Show the raw topic in the tab Topics", hint: "Raw-topic" },
  { command: "checks", scope: "host", keys: ["C", "enter"], does: "Checks: what the agent depends on", hint: "Checks" },
  { command: "open", scope: "services", keys: ["enter"], does: "Open the details of the unit" },
  { command: "open", scope: "trace", keys: ["enter"], does: "Decode the selected packet", hint: "Decode" },
  { command: "follow", scope: "trace", keys: ["F"], does: "Follow the newest packet; moving up ends it", hint: "Follow" },
  { command: "record", scope: "trace", keys: ["x"], does: "Record the packets to a file (JSONL), or end it", hint: "Record" },
  { command: "value-mode", scope: "trace", keys: ["d"], does: "Show the payload as it is, or as hex" },
  {
    command: "open",
    scope: "fleet",
    keys: ["enter"],
    does: "How to look at the node (attaching from here is not there yet)",
    hint: "Attach",
  },
  { command: "sort", scope: "fleet", keys: ["s"], does: "Sort by name, state or rate", hint: "Sort" },
  { command: "refresh", scope: "fleet", keys: ["r"], does: "Ask the broker once more for what it keeps of the nodes", hint: "Refresh" },
  { command: "fold-toggle", scope: "topics", keys: ["space"], does: "Fold or unfold the branch", hint: "Fold" },
  { command: "fold", scope: "topics", keys: ["h", "left"], does: "Fold the branch, or go to its parent" },
  { command: "unfold", scope: "topics", keys: ["l", "right"], does: "Unfold the branch, or go into it" },
  { command: "unfold-all", scope: "topics", keys: ["o"], does: "Unfold all branches" },
  { command: "fold-all", scope: "topics", keys: ["O"], does: "Fold all branches" },
  { command: "publish", scope: "topics", keys: ["p"], does: "Publish a message, through a dialog", hint: "Publish", writes: true },
  {
    command: "value-mode",
    scope: "topics",
    keys: ["d"],
    does: "Show the value as it is, as hex, or as a diff to the one before",
    hint: "Diff/hex",
  },
  { command: "clear-history", scope: "topics", keys: ["c"], does: "Clear the local history below the selection" },
  { command: "freeze", scope: "all", keys: ["z"], does: "Freeze the view; data keeps arriving", hint: "Freeze" },
  { command: "pane-next", scope: "all", keys: ["tab"], does: "Next pane", hint: "Pane" },
  { command: "pane-previous", scope: "all", keys: ["S-tab"], does: "Previous pane" },
  { command: "zoom", scope: "all", keys: ["+"], does: "Zoom the pane to the whole body", hint: "Zoom" },
  { command: "unzoom", scope: "all", keys: ["_"], does: "Show all panes again" },
  { command: "palette", scope: "all", keys: [":"], does: "Command palette: every action by name", hint: "Command" },
  { command: "tab-topics", scope: "all", keys: ["1"], does: "Tab Topics" },
  { command: "tab-pins", scope: "all", keys: ["2"], does: "Tab Pins" },
  { command: "tab-broker", scope: "all", keys: ["3"], does: "Tab Broker" },
  { command: "tab-host", scope: "all", keys: ["4"], does: "Tab Host" },
  { command: "tab-services", scope: "all", keys: ["5"], does: "Tab Services" },
  { command: "tab-trace", scope: "all", keys: ["6"], does: "Tab Trace" },
  { command: "tab-fleet", scope: "all", keys: ["7"], does: "Tab Fleet" },
  { command: "tab-previous", scope: "all", keys: ["["], does: "Previous tab" },
  { command: "tab-next", scope: "all", keys: ["]"], does: "Next tab" },
  { command: "down", scope: "all", keys: ["j", "down"], does: "Down" },
  { command: "up", scope: "all", keys: ["k", "up"], does: "Up" },
  { command: "top", scope: "all", keys: ["g", "home"], does: "To the top" },
  { command: "bottom", scope: "all", keys: ["G", "end"], does: "To the end" },
  { command: "half-down", scope: "all", keys: ["C-d"], does: "Half a page down" },
  { command: "half-up", scope: "all", keys: ["C-u"], does: "Half a page up" },
  { command: "page-down", scope: "all", keys: ["pagedown"], does: "A page down" },
  { command: "page-up", scope: "all", keys: ["pageup"], does: "A page up" },
  { command: "match-next", scope: "all", keys: ["n"], does: "Next match of the filter" },
  { command: "match-previous", scope: "all", keys: ["N"], does: "Previous match of the filter" },
  { command: "copy", scope: "all", keys: ["y"], does: "Copy the value to the clipboard of your terminal (OSC 52)", hint: "Copy" },
  { command: "back", scope: "all", keys: ["escape"], does: "Close, clear the filter, back" },
  { command: "quit", scope: "all", keys: ["q"], does: "Back or quit", hint: "Quit" },
  { command: "quit-now", scope: "all", keys: ["C-c"], does: "Quit, always", everywhere: true },
  { command: "repaint", scope: "all", keys: ["C-l"], does: "Repaint the whole screen", everywhere: true },
  { command: "suspend", scope: "all", keys: ["C-z"], does: "Suspend to the shell", everywhere: true },

  { command: "accept", scope: "filter", keys: ["enter"], does: "Keep the filter", hint: "Keep" },
  { command: "cancel", scope: "filter", keys: ["escape"], does: "Clear the filter", hint: "Clear" },

  { command: "accept", scope: "menu", keys: ["enter"], does: "Do it", hint: "Do it" },
  { command: "choice-down", scope: "menu", keys: ["down", "C-n", "tab"], does: "Next entry", hint: "Next" },
  { command: "choice-up", scope: "menu", keys: ["up", "C-p", "S-tab"], does: "Previous entry", hint: "Previous" },
  { command: "cancel", scope: "menu", keys: ["escape"], does: "Close", hint: "Close" },

  { command: "send", scope: "publish", keys: ["C-s"], does: "Send", hint: "Send", writes: true },
  { command: "field-next", scope: "publish", keys: ["tab", "enter", "down"], does: "Next field", hint: "Next field" },
  { command: "field-previous", scope: "publish", keys: ["S-tab", "up"], does: "Previous field" },
  { command: "field-change", scope: "publish", keys: ["space"], does: "Change QoS or Retain", hint: "Change" },
  { command: "recall", scope: "publish", keys: ["C-r"], does: "The publication before", hint: "History" },
  { command: "cancel", scope: "publish", keys: ["escape"], does: "Cancel", hint: "Cancel" },

  { command: "switch-yes", scope: "switch", keys: ["y"], does: "Yes, switch it", hint: "Yes", writes: true },
  { command: "switch-pulse", scope: "switch", keys: ["t"], does: "Timed pulse of the configured length", hint: "Pulse", writes: true },
  { command: "cancel", scope: "switch", keys: ["escape", "q", "n"], does: "Cancel", hint: "Cancel" },

  { command: "press-short", scope: "inject", keys: ["y"], does: "Press for 120 ms", hint: "Press", writes: true },
  { command: "press-long", scope: "inject", keys: ["h"], does: "Hold for 1 s", hint: "Hold", writes: true },
  { command: "cancel", scope: "inject", keys: ["escape", "q", "n"], does: "Cancel", hint: "Cancel" },
];

const dialogs: ReadonlySet<Scope> = new Set(["filter", "menu", "publish", "switch", "inject"]);
const byKey = new Map(keyTable.flatMap((entry) => entry.keys.map((key) => [`${entry.scope} ${key}`, entry] as const)));

/** What a key does here; undefined when nothing (or when it writes and this terminal may only look). */
export function lookup(scope: Scope, key: string, readOnly: boolean): KeyEntry | undefined {
  const entry = byKey.get(`${scope} ${key}`) ?? byKey.get(`all ${key}`);
  if (entry === undefined || (readOnly && entry.writes)) return undefined;
  return entry.scope === scope || !dialogs.has(scope) || entry.everywhere ? entry : undefined;
}

/** Every entry that works in a scope, in the order of the table. */
export function entriesOf(scope: Scope, readOnly: boolean): KeyEntry[] {
  return keyTable.filter((entry) => entry.keys.some((key) => lookup(scope, key, readOnly) === entry));
}

const names: Record<string, string> = { enter: "Enter", escape: "Esc", tab: "Tab", space: "Space", pageup: "PgUp", pagedown: "PgDn" };

/** `C-d` → `Ctrl-D`, `S-tab` → `Shift-Tab`, `up` → `Up`. */
export function keyName(key: string): string {
  if (key.startsWith("C-")) return `Ctrl-${key.slice(2).toUpperCase()}`;
  if (key.startsWith("S-")) return `Shift-${keyName(key.slice(2))}`;
  return names[key] ?? (key.length === 1 ? key : key.charAt(0).toUpperCase() + key.slice(1));
}

const headings: Record<Scope, string> = {
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
  switch: "In the switch dialog",
  inject: "In the inject dialog",
};

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
      const keys = entry.keys.map((key) => `\`${keyName(key)}\``).join(" ");
      const marks = `${entry.writes ? "*w*" : ""}${entry.everywhere ? "*e*" : ""}`;
      lines.push(`| ${keys} | ${entry.does.replaceAll("|", "\\|")} | ${marks} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}
