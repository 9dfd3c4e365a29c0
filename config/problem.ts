/** Where something stands: lines and columns count from 1; 0 means the whole file (or a variable, which has no lines). */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** One thing that is wrong with a configuration, or worth knowing. */
export interface Problem extends Place {
  message: string;
  /** What to do about it. */
  fix: string;
  /** A note is nothing to worry about: `pinbus check` prints it, the agent does not. */
  severity: "error" | "warning" | "note";
}

/** `file:line:column: what, and what to do`; a warning and a note say so in front of the text. */
export function formatProblem(problem: Problem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  const severity = problem.severity === "error" ? "" : `${problem.severity}: `;
  return `${place}: ${severity}${problem.message}, ${problem.fix}`;
}

/** In the order in which a person reads a file; what has no line comes first. */
export function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column || a.file.localeCompare(b.file);
}

/** Text of a stranger for a message: in quotes, in one line, without anything that a terminal would obey, not longer than a line. */
export function quoteText(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 59)}…` : text;
  return JSON.stringify(short).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}
