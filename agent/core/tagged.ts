// JSON for what the core knows: a few kinds of values that JSON has not are written as an object with one key that begins with $.

/** No event and no state is nested deeper; a file that is has not been written by pinbus. */
const maxDepth = 32;

/** The text of a value of the core. Throws TypeError for what could not be read back: a function, an instance of a class. */
export function toText(value: unknown): string {
  return JSON.stringify(value, tag);
}

function tag(this: unknown, key: string): unknown {
  // Not the second argument: for a Buffer it is what its toJSON has made of it.
  const value: unknown = (this as Record<string, unknown>)[key];
  switch (typeof value) {
    case "undefined":
      return { $undefined: true };
    case "number":
      return Number.isFinite(value) ? value : { $number: String(value) };
    case "object":
      break;
    case "string":
    case "boolean":
      return value;
    default:
      throw new TypeError(`${key} is a ${typeof value}, which a recording cannot hold`);
  }
  if (value === null || Array.isArray(value)) return value;
  if (value instanceof Map) return { $map: [...value] };
  if (value instanceof Set) return { $set: [...value] };
  if (value instanceof Uint8Array) return { $bytes: hexOf(value) };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError(`${key} is an instance of a class, which a recording cannot hold`);
  return value;
}

/** The inverse, of what JSON.parse has made of the text. Throws SyntaxError for what `toText` never writes. */
export function fromJson(value: unknown, depth = 0): unknown {
  if (depth > maxDepth) throw new SyntaxError(`more than ${maxDepth} levels`);
  if (typeof value !== "object" || value === null) return value;
  const inner = (one: unknown) => fromJson(one, depth + 1);
  if (Array.isArray(value)) return value.map(inner);
  const entries = Object.entries(value);
  const [key, content] = entries[0] ?? [];
  if (entries.length === 1 && key?.startsWith("$")) return untag(key, content, inner);
  return Object.fromEntries(entries.map(([name, one]) => [name, inner(one)]));
}

function untag(key: string, content: unknown, inner: (one: unknown) => unknown): unknown {
  if (key === "$undefined") return undefined;
  if (key === "$number" && ["Infinity", "-Infinity", "NaN"].includes(String(content))) return Number(content);
  if (key === "$set" && Array.isArray(content)) return new Set(content.map(inner));
  if (key === "$bytes" && typeof content === "string" && /^([0-9a-f]{2})*$/.test(content)) return bytesOf(content);
  if (key === "$map" && Array.isArray(content)) {
    return new Map(
      content.map((entry): [unknown, unknown] => {
        if (!Array.isArray(entry) || entry.length !== 2) throw new SyntaxError("an entry of a $map is not a pair");
        return [inner(entry[0]), inner(entry[1])];
      }),
    );
  }
  throw new SyntaxError(`${key.slice(0, 32)} is not known`);
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) => Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16));
}
