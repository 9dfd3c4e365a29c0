// C0, DEL and C1: what comes from the network must not move a cursor, ring a bell or forge a line.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
const controls = /[\u0000-\u001f\u007f-\u009f]/g;

/** A text that is safe on a terminal and in a log: one line, every control character replaced by U+FFFD. */
export function printable(text: string): string {
  return text.replace(controls, "\ufffd");
}
