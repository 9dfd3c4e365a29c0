import { createRequire } from "node:module";

/** What a person typed after `/`, ready to be asked about names and payloads. */
export interface Filter {
  /** As typed; "" lets everything through. */
  readonly text: string;
  /** Why the text is no filter; it then lets everything through. */
  readonly problem: string | null;
  /** It looks at payloads, so the answer changes with each message. */
  readonly live: boolean;
  test(name: string, payload: () => string): boolean;
}

/** Longer names and payloads are judged by their first characters. */
const judged = 1024;

export const everything: Filter = { text: "", problem: null, live: false, test: () => true };

/**
 * `text` contains, `!x` not x, `~re` regular expression, `=text` the payload contains, and an MQTT topic filter when a level is
 * `+` or `#`. Case does not matter except in a topic filter.
 */
export function parseFilter(text: string): Filter {
  if (text === "" || text === "!" || text === "~" || text === "=") return { ...everything, text };
  if (text.startsWith("!")) {
    const inner = parseFilter(text.slice(1));
    if (inner.problem !== null || inner.text === "") return { ...inner, text };
    return { text, problem: null, live: inner.live, test: (name, payload) => !inner.test(name, payload) };
  }
  if (text.startsWith("~")) return expression(text);
  if (text.startsWith("=")) {
    const wanted = text.slice(1).toLowerCase();
    return { text, problem: null, live: true, test: (_name, payload) => payload().slice(0, judged).toLowerCase().includes(wanted) };
  }
  const levels = text.split("/");
  if (levels.includes("+") || levels.includes("#")) return pattern(text, levels);
  const wanted = text.toLowerCase();
  return { text, problem: null, live: false, test: (name) => name.slice(0, judged).toLowerCase().includes(wanted) };
}

/** Loaded with the first expression: who types none does not wait for it. */
const require = createRequire(import.meta.url);

/** Not by JavaScript's own: some expressions would take it years. */
function expression(text: string): Filter {
  const { RE2JS, RE2JSException } = require("re2js") as typeof import("re2js");
  try {
    const compiled = RE2JS.compile(text.slice(1), RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL);
    return { text, problem: null, live: false, test: (name) => compiled.test(name.slice(0, judged)) };
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return {
      ...everything,
      text,
      problem: error.message.replace("error parsing regexp", "not a regular expression").replace(/\(\?[is]\)/g, ""),
    };
  }
}

function pattern(text: string, levels: string[]): Filter {
  const hash = levels.indexOf("#");
  if (hash >= 0 && hash !== levels.length - 1) return { ...everything, text, problem: "# only as the last level" };
  return { text, problem: null, live: false, test: (name) => matches(levels, name) };
}

function matches(levels: string[], name: string): boolean {
  // [MQTT-4.7.2-1]: a wildcard in front does not match topics that begin with $.
  if (name.startsWith("$") && (levels[0] === "+" || levels[0] === "#")) return false;
  const parts = name.split("/");
  for (const [index, level] of levels.entries()) {
    if (level === "#") return true;
    const part = parts[index];
    if (part === undefined || (level !== "+" && level !== part)) return false;
  }
  return parts.length === levels.length;
}
