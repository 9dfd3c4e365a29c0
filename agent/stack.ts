import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";

/**
 * A stack with the places in the sources instead of lines of a bundle. Only for the end of a process: reading a map takes 100 ms and more, and
 * meanwhile no relay moves.
 */
export function inSources(stack: string): string {
  return ["pinbus", "tui"].reduce(inSourcesOf, stack);
}

function inSourcesOf(stack: string, name: string): string {
  const places = new RegExp(`\\b${name}\\.cjs:(\\d+):(\\d+)`, "g");
  if (!places.test(stack)) return stack;
  try {
    const map = new SourceMap(JSON.parse(readFileSync(new URL(`./${name}.cjs.map`, import.meta.url), "utf8")) as SourceMapPayload);
    return stack.replace(places, (place, line, column) => {
      const entry = map.findEntry(Number(line) - 1, Number(column) - 1);
      if (!("originalSource" in entry)) return place;
      return `${entry.originalSource.replace(/^(\.\.\/)+/, "")}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
    });
  } catch {
    // No map: the line of the bundle is better than nothing.
    return stack;
  }
}
