import { coversFilter, filtersMeet } from "./topic-filter.ts";

/** Who may publish what and be given what, as mosquitto's `acl_file` says it (mosquitto.conf(5)). Without any rule nobody may anything. */
export interface Acl {
  /** By user, also of one without a line of his own; the empty name stands for who names none. */
  sections: ReadonlyMap<string, readonly Rule[]>;
  /** For every client: `%u` and `%c` stand for its user and its client id. */
  patterns: readonly Rule[];
}

export interface Rule {
  access: (typeof accesses)[number];
  filter: string;
}

export type AclReading = { ok: true; acl: Acl } | { ok: false; problems: readonly { line: number; message: string }[] };

const accesses = ["readwrite", "read", "write", "deny"] as const;

/** Reads a file. One line that cannot be understood refuses all of it: it may have been the one that denies. */
export function parseAcl(text: string): AclReading {
  const sections = new Map<string, Rule[]>();
  const patterns: Rule[] = [];
  const problems: { line: number; message: string }[] = [];
  let user = "";
  for (const [index, line] of text.split("\n").entries()) {
    if (line.startsWith("#") || line.trim() === "") continue;
    const [word = "", rest = ""] = cut(line);
    const rule = word === "topic" || word === "pattern" ? parseRule(rest) : undefined;
    if (typeof rule === "string") problems.push({ line: index + 1, message: rule });
    else if (rule && word === "pattern") patterns.push(rule);
    else if (rule)
      sections
        .set(user, sections.get(user) ?? [])
        .get(user)
        ?.push(rule);
    else if (word === "user" && rest !== "") {
      user = rest;
      sections.set(user, sections.get(user) ?? []);
    } else problems.push({ line: index + 1, message: badLine(word) });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, acl: { sections, patterns } };
}

/** What one client may. Its names are put into the patterns once. */
export class Rights {
  readonly #own: readonly Entry[];
  readonly #patterns: readonly Entry[];

  /** `user`: empty for who names none. */
  constructor({ sections, patterns }: Acl, user: string, client: string) {
    this.#own = entries(sections.get(user) ?? []);
    const named = patterns.flatMap((rule) => fillIn(rule, user, client) ?? []);
    // As mosquitto (CVE-2017-7650): a name must not bring a wildcard into a rule.
    this.#patterns = /[+#]/.test(`${user}${client}`) ? [] : entries(named);
  }

  /** What denies counts first; the rules of the user come before the patterns. */
  may(access: "read" | "write", topic: string): boolean {
    const levels = topic.split("/");
    for (const rules of [this.#own, this.#patterns]) {
      const rule = rules.find((entry) => entry[access] !== undefined && matches(entry.levels, levels));
      if (rule) return rule[access] === true;
    }
    return false;
  }

  /** Whether a subscription could bring anything at all. */
  mayHear(filter: string): boolean {
    for (const rules of [this.#own, this.#patterns]) {
      if (rules.some((entry) => entry.read === false && coversFilter(entry.filter, filter))) return false;
      if (rules.some((entry) => entry.read === true && filtersMeet(entry.filter, filter))) return true;
    }
    return false;
  }
}

interface Entry {
  filter: string;
  levels: readonly string[];
  /** Undefined: it says nothing about this access. */
  read: boolean | undefined;
  write: boolean | undefined;
}

function entries(rules: readonly Rule[]): Entry[] {
  const denied = rules.filter(({ access }) => access === "deny");
  const allowed = rules.filter(({ access }) => access !== "deny");
  return [
    ...denied.map(({ filter }) => ({ filter, levels: filter.split("/"), read: false, write: false })),
    ...allowed.map(({ access, filter }) => ({
      filter,
      levels: filter.split("/"),
      read: access === "write" ? undefined : true,
      write: access === "read" ? undefined : true,
    })),
  ];
}

/** The rule with the names in it; undefined when it is not for this client. */
function fillIn(rule: Rule, user: string, client: string): Rule | undefined {
  if (user === "" && rule.filter.includes("%u")) return undefined;
  const filter = rule.filter.replace(/%[uc]/g, (which) => (which === "%u" ? user : client));
  // A name that spans levels, or reaches for `$SYS`, denies what it stands for but opens nothing; mosquitto lets it open.
  const spans = filter.split("/").length > rule.filter.split("/").length;
  const reaches = filter.startsWith("$") && !rule.filter.startsWith("$");
  return rule.access !== "deny" && (spans || reaches) ? undefined : { access: rule.access, filter };
}

/** A wildcard at the start matches no `$…` topic [MQTT-4.7.2-1]. */
function matches(filter: readonly string[], topic: readonly string[]): boolean {
  if (topic[0]?.startsWith("$") && !filter[0]?.startsWith("$")) return false;
  for (const [index, level] of filter.entries()) {
    if (level === "#") return true;
    if (index >= topic.length || (level !== "+" && level !== topic[index])) return false;
  }
  return filter.length === topic.length;
}

/** The first word and the rest; words are separated by blanks. */
function cut(text: string): string[] {
  const trimmed = text.trim();
  const blank = trimmed.indexOf(" ");
  return blank < 0 ? [trimmed] : [trimmed.slice(0, blank), trimmed.slice(blank + 1).trim()];
}

/** What follows `topic` or `pattern`, or what is wrong with it. */
function parseRule(text: string): Rule | string {
  const [first = "", rest] = cut(text);
  const filter = rest ?? first;
  const access = rest === undefined ? "readwrite" : accesses.find((word) => word === first);
  if (filter === "") return "it names no topic; write `topic read FILTER`";
  if (access === undefined)
    return `${quote(first)} is not one of read, write, readwrite and deny; a topic with a blank needs one of them before it`;
  const levels = filter.split("/");
  const last = levels.length - 1;
  const stray = levels.some(
    (level, index) => (level.includes("+") && level !== "+") || (level.includes("#") && (level !== "#" || index < last)),
  );
  return stray ? `${quote(filter)} is no topic filter: + stands for a whole level, # for all that follow, at the end` : { access, filter };
}

function badLine(word: string): string {
  if (word === "user") return "it names no user; write `user NAME`";
  if (word.startsWith("#")) return "a comment starts at the beginning of its line; remove the blanks before #";
  return `${quote(word)} is not one of user, topic and pattern, with a blank behind it`;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
