import { Digest } from "./digest.ts";
import type { LogFields } from "./log.ts";

export interface Sentence {
  message: string;
  fields: LogFields;
}

/** So many of a kind within a minute are told one by one. */
const sentencesAMinute = 3;

/** Tells few of each kind, and how many more there were: whoever is not let in must not fill the log. */
export function few(now: () => number, tell: (sentence: Sentence) => void): (kind: string, sentence: Sentence) => void {
  const digest = new Digest<Sentence>({
    most: sentencesAMinute,
    now,
    tell,
    sum: ({ count, last }) =>
      tell({ message: `${last.message} (the last of ${count} more within a minute)`, fields: { ...last.fields, count } }),
  });
  return (kind, sentence) => digest.take(kind, "", sentence);
}
