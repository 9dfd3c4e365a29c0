/** A word as systemd.syntax(7) reads it: `%` would begin a specifier, and a blank the next word. */
export function unitWord(value: string): string {
  const text = value.replaceAll("%", "%%");
  return /^[^\s"'\\:;#]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** The words of a value, as they are meant. */
export function unitWords(text: string): string[] {
  const words = text.match(/(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^\s"'\\])+/g) ?? [];
  return words.map((word) => {
    const bare = word.replaceAll(/"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|\\(.)/g, (_, double, single, escaped) =>
      escaped === undefined ? (double ?? single).replaceAll(/\\(.)/g, "$1") : escaped,
    );
    return bare.replaceAll("%%", "%");
  });
}
