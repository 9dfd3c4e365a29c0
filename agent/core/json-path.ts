/** The way to one value in JSON: names of fields and numbers of items. */
export type JsonPath = readonly (string | number)[];

const bare = "[A-Za-z_][A-Za-z0-9_]*";
const step = new RegExp(String.raw`\.?(?:(${bare})|"([^"\\]{1,64})"|'([^'\\]{1,64})'|\x60([^\x60\\]{1,64})\x60)|\[(\d{1,4})\]`, "y");
/** What these say in JSONata is no field. */
const literals = new Set(["true", "false", "null"]);

/**
 * Takes a plain path apart: `SCD30.Temperature`, `a.b[0].c`, `sensors."air, inside".t`. Undefined for everything else, which is an
 * expression. Unlike in JSONata, a name behind a list names nothing, and a name in quotes is one also where it stands alone.
 */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (/^[.[]/.test(text) || literals.has(text)) return undefined;
  const path: (string | number)[] = [];
  step.lastIndex = 0;
  while (step.lastIndex < text.length) {
    const from = step.lastIndex;
    const match = step.exec(text);
    // `ab"c"` is not a path of two.
    if (match === null || (from > 0 && !/^[.[]/.test(match[0]))) return undefined;
    const [, name, double, single, tick, index] = match;
    path.push(index === undefined ? (name ?? double ?? single ?? tick ?? "") : Number(index));
  }
  return path.length > 0 && path.length <= 16 ? path : undefined;
}

/** What stands there; undefined when nothing does. Only what the JSON itself says is found, and nothing that objects inherit. */
export function valueAt(json: unknown, path: JsonPath): unknown {
  let value = json;
  for (const key of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value) !== (typeof key === "number") || !Object.hasOwn(value, key))
      return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/** No device needs more, and what goes through JSON level by level has an end. */
const maxDepth = 32;

/** Reads JSON of anybody. Whatever it is, the answer comes in the time that it takes to look at each character. */
export function readJson(text: string): { ok: true; json: unknown } | { ok: false; problem: string } {
  if (depthOf(text) > maxDepth) return { ok: false, problem: `its JSON has more than ${maxDepth} levels` };
  try {
    return { ok: true, json: JSON.parse(text) };
  } catch {
    return { ok: false, problem: "it is not JSON" };
  }
}

/** How many brackets are open at most. */
function depthOf(text: string): number {
  let [depth, most, quoted] = [0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === 0x5c) at++;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x7b || code === 0x5b) most = Math.max(most, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return most;
}
