import { shellWord } from "../../config/shell-word.ts";

/**
 * A sentence in two forms, made at the same time: for the person at this machine, and for somebody who is asked for help and must not
 * learn names, addresses, paths or secrets. The second is never made out of the first.
 */
export interface Sentence {
  readonly here: string;
  readonly abroad: string;
}

/** A sentence out of words of ours; what is inserted has said itself whether it may leave the machine. */
export function say(words: TemplateStringsArray, ...values: readonly (number | Sentence)[]): Sentence {
  const both = values.map((value) => (typeof value === "number" ? told(String(value)) : value));
  const joined = (form: keyof Sentence) => words.map((word, index) => `${word}${both[index]?.[form] ?? ""}`).join("");
  return { here: joined("here"), abroad: joined("abroad") };
}

/** May leave the machine: a word of ours, of the kernel or of systemd, or an id of the configuration. */
export function told(word: string): Sentence {
  return { here: word, abroad: word };
}

/** Stays here; elsewhere it reads `(kind)`. */
export function kept(kind: string, text: string): Sentence {
  return { here: text, abroad: `(${kind})` };
}

/** The same in a command for a shell. */
export function keptWord(kind: string, text: string): Sentence {
  return kept(kind, shellWord(text));
}

/** `a, b, c` */
export function listed(sentences: readonly Sentence[], between = ", "): Sentence {
  return { here: sentences.map(({ here }) => here).join(between), abroad: sentences.map(({ abroad }) => abroad).join(between) };
}
