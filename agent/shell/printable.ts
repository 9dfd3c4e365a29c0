// C0, DEL, C1, line separators and what turns the direction of writing around: what comes from the network must not move a cursor, ring a bell or forge a line.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
const controls = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** A text that is safe on a terminal and in a log: one line, every control character replaced by U+FFFD. */
export function printable(text: string): string {
  return text.replace(controls, "\ufffd");
}

/** One line of JSON that is safe on a terminal and loses nothing: every control character is escaped. */
export function oneLineJson(value: unknown): string {
  return JSON.stringify(value).replace(controls, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
