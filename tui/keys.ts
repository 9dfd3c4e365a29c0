import { type KeptCommand, keptKeys, publishKeys } from "./kept-keys.ts";

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
  | "preset"
  | "clear"
  | "switch"
  | "service"
  | "inject"
  | "inject-message"
  | "attach"
  | "replay";

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
  | "edges"
  | "board"
  | "pin-next"
  | "pin-previous"
  | "checks"
  | "service-actions"
  | "wrap"
  | "timestamps"
  | "priority"
  | "pager"
  | "manager"
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
  | KeptCommand
  | "switch-yes"
  | "switch-pulse"
  | "service-start"
  | "service-stop"
  | "service-restart"
  | "press-short"
  | "press-long"
  | "press-edge"
  | "inject-message"
  | "replay-pause"
  | "replay-step"
  | "replay-faster"
  | "replay-slower";

export interface KeyEntry {
  command: Command;
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

export const keyTable: readonly KeyEntry[] = [
  { command: "replay-pause", scope: "replay", keys: ["space"], does: "Pause the recording, or go on", hint: "Pause" },
  { command: "replay-step", scope: "replay", keys: ["."], does: "One message more, and pause", hint: "Step" },
  { command: "replay-faster", scope: "replay", keys: [">"], does: "Faster: x10, x100, as fast as it goes", hint: "Faster" },
  { command: "replay-slower", scope: "replay", keys: ["<"], does: "Slower" },
  { command: "help", scope: "all", keys: ["?"], does: "Help: all keys, filters as you type", hint: "Help" },
  { command: "open", scope: "topics", keys: ["enter"], does: "Open: fold or unfold a branch, go to the value; show an old message" },
  {
    command: "filter",
    scope: "all",
    keys: ["/"],
    does: "Filter: text, !inverse, ~regex, =payload, MQTT pattern with + or #",
    hint: "Filter",
  },
  { command: "switch", scope: "pins", keys: ["enter"], does: "Switch the selected output, through a dialog", hint: "Switch", writes: true },
  { command: "arm", scope: "pins", keys: ["!"], does: "Arm the outputs for 60 s, or disarm them", hint: "Arm", writes: true },
  {
    command: "inject",
    scope: "pins",
    keys: ["i"],
    does: "Inject a press, an edge or a message into the agent (simulated board)",
    hint: "Inject",
    writes: true,
  },
  {
    command: "edges",
    scope: "pins",
    keys: ["e"],
    does: "Edges: the last ones of the selected line, and what became of each",
    hint: "Edges",
  },
  { command: "rules", scope: "pins", keys: ["r"], does: "Rules: what fired, and when", hint: "Rules" },
  { command: "board", scope: "pins", keys: ["b"], does: "Board: a picture of the header with the used pins", hint: "Board" },
  { command: "pin-next", scope: "pins", keys: ["l", "right"], does: "Next pin, whichever pane is shown", hint: "Next pin" },
  { command: "pin-previous", scope: "pins", keys: ["h", "left"], does: "Previous pin" },
  { command: "open", scope: "broker", keys: ["enter"], does: "Show the raw topic in the tab Topics", hint: "Raw-topic" },
  { command: "checks", scope: "host", keys: ["C", "enter"], does: "Checks: what the agent depends on", hint: "Checks" },
  {
    command: "service-actions",
    scope: "services",
    keys: ["enter"],
    does: "Start, stop or restart the unit, through a dialog",
    hint: "Actions",
    writes: true,
  },
  { command: "follow", scope: "services", keys: ["F"], does: "Follow the newest line of the log; moving up ends it", hint: "Follow" },
  { command: "wrap", scope: "services", keys: ["w"], does: "Wrap long lines of the log, or cut them", hint: "Wrap" },
  { command: "timestamps", scope: "services", keys: ["t"], does: "Show the times of the log, or leave them out", hint: "Time" },
  { command: "priority", scope: "services", keys: ["P"], does: "Least important entry of the journal that is shown", hint: "Prio" },
  { command: "pager", scope: "services", keys: ["v"], does: "View the log on the whole screen", hint: "Pager" },
  { command: "manager", scope: "services", keys: ["u"], does: "Units of the system, of the user, or both", hint: "User/Sys" },
  { command: "open", scope: "trace", keys: ["enter"], does: "Decode the selected packet", hint: "Decode" },
  { command: "follow", scope: "trace", keys: ["F"], does: "Follow the newest packet; moving up ends it", hint: "Follow" },
  { command: "record", scope: "trace", keys: ["x"], does: "Record the packets to a file (JSONL), or end it", hint: "Record" },
  { command: "value-mode", scope: "trace", keys: ["d"], does: "Show the payload as it is, or as hex" },
  { command: "open", scope: "fleet", keys: ["enter"], does: "Look at the node over ssh, through a dialog; q returns", hint: "Attach" },
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
    does: "Show the value as it is, as a diff to the one before, as hex, or in another form that fits",
    hint: "Diff/hex",
  },
  { command: "sort", scope: "topics", keys: ["s"], does: "Sort by name, rate or age" },
  { command: "follow", scope: "topics", keys: ["F"], does: "Follow the newest message; moving down in the history ends it" },
  { command: "clear-history", scope: "topics", keys: ["c"], does: "Clear the local history below the selection" },
  { command: "record", scope: "topics", keys: ["x"], does: "Record all messages to a file (JSONL), or end it" },
  ...keptKeys,
  { command: "why", scope: "all", keys: ["W"], does: "Why: what the output did and why, older changes too", hint: "Why" },
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

  ...publishKeys,

  { command: "switch-yes", scope: "switch", keys: ["y"], does: "Yes, switch it", hint: "Yes", writes: true },
  { command: "switch-pulse", scope: "switch", keys: ["t"], does: "Timed pulse of the configured length", hint: "Pulse", writes: true },
  { command: "cancel", scope: "switch", keys: ["escape", "q", "n"], does: "Cancel", hint: "Cancel" },

  { command: "service-start", scope: "service", keys: ["s"], does: "Start it", hint: "Start", writes: true },
  { command: "service-stop", scope: "service", keys: ["p"], does: "Stop it", hint: "Stop", writes: true },
  { command: "service-restart", scope: "service", keys: ["r"], does: "Restart it", hint: "Restart", writes: true },
  { command: "cancel", scope: "service", keys: ["escape", "q", "n"], does: "Cancel", hint: "Cancel" },

  { command: "press-short", scope: "inject", keys: ["y"], does: "Press for 120 ms", hint: "Press", writes: true },
  { command: "press-long", scope: "inject", keys: ["h"], does: "Hold for 1 s", hint: "Hold", writes: true },
  { command: "press-edge", scope: "inject", keys: ["e"], does: "One edge: the other level, which stays", hint: "Edge", writes: true },
  {
    command: "inject-message",
    scope: "inject",
    keys: ["m"],
    does: "A message, as if another device had published it",
    hint: "Message",
    writes: true,
  },
  { command: "cancel", scope: "inject", keys: ["escape", "q", "n"], does: "Cancel", hint: "Cancel" },

  { command: "accept", scope: "inject-message", keys: ["enter"], does: "Hand it to the agent", hint: "Inject", writes: true },
  { command: "cancel", scope: "inject-message", keys: ["escape"], does: "Cancel", hint: "Cancel" },

  { command: "accept", scope: "attach", keys: ["enter"], does: "Attach", hint: "Attach" },
  { command: "field-change", scope: "attach", keys: ["tab"], does: "Look only, or be able to arm outputs there", hint: "Look only" },
  { command: "cancel", scope: "attach", keys: ["escape"], does: "Cancel", hint: "Cancel" },
];

const dialogs: ReadonlySet<Scope> = new Set([
  "filter",
  "menu",
  "publish",
  "preset",
  "clear",
  "switch",
  "service",
  "inject",
  "inject-message",
  "attach",
]);
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
  preset: "While typing the name of a preset",
  clear: "In the dialog that clears retained messages",
  switch: "In the switch dialog",
  service: "In the dialog of a unit",
  inject: "In the inject dialog",
  "inject-message": "While typing a message to inject",
  attach: "In the attach dialog",
  replay: "While a recording is played",
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
      const keys = entry.keys.map((key) => `\`${keyName(key)}\``).join(" ") || "by `:`";
      const marks = `${entry.writes ? "*w*" : ""}${entry.everywhere ? "*e*" : ""}`;
      lines.push(`| ${keys} | ${entry.does.replaceAll("|", "\\|")} | ${marks} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}
