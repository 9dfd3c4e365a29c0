import { createRequire } from "node:module";
import type { JsonataError } from "jsonata";
import { bad, ok, quote } from "./formats.ts";
import type { Format } from "./leaf.ts";
import { quoteText } from "./problem.ts";

/** A name of a field, bare or in quotes: what `agent/core/json-path.ts` takes apart. */
const name = String.raw`(?:[A-Za-z_][A-Za-z0-9_]*|"[^"\\]{1,64}"|'[^'\\]{1,64}'|\x60[^\x60\\]{1,64}\x60)`;
const plain = new RegExp(String.raw`^(?!(?:true|false|null)$)${name}(?:\.${name}|\[\d{1,4}\]){0,15}$`);

/** Whether it names a field and computes nothing. */
export function isPlainPath(text: string): boolean {
  return plain.test(text);
}

/** A field of JSON: `SCD30.Humidity`, `a.b[0].c`. */
export const plainPath: Format<string> = {
  name: "field",
  shape: "a field, such as `TempUnit` or `a.b[0].c`",
  read(value, source) {
    const fix = "write the names from the outside to the inside, like TempUnit or SCD30.Temperature";
    return typeof value === "string" && isPlainPath(value) ? ok(value) : bad(`${quote(value, source)} is not a field`, fix);
  },
  write: (value) => value,
};

const maxLength = 1024;

/** A field, or JSONata, which is compiled here once to see whether it can be. */
export const expression: Format<string> = {
  name: "expression",
  shape: "a field, such as `SCD30.Humidity` or `a.b[0].c`, or a [JSONata](https://docs.jsonata.org) expression",
  read(value, source) {
    if (typeof value !== "string" || value.trim() === "" || value.length > maxLength)
      return bad(
        `${quote(value, source)} is not an expression`,
        `write a field like SCD30.Humidity, or JSONata of at most ${maxLength} characters`,
      );
    if (isPlainPath(value)) return ok(value);
    const fault = faultOf(value);
    return fault === undefined
      ? ok(value)
      : bad(`${quoteText(value)} cannot be read: ${fault}`, "see https://docs.jsonata.org, or name a field");
  },
  write: (value) => value,
};

let compile: ((text: string) => unknown) | undefined;

/** Loaded with the first expression: most configurations have none. */
function faultOf(text: string): string | undefined {
  try {
    compile ??= createRequire(import.meta.url)("jsonata") as (text: string) => unknown;
    compile(text);
    return undefined;
  } catch (error) {
    const { message, position } = error as JsonataError;
    return `${message.replace(/[.\s]+$/, "")}${typeof position === "number" ? ` (character ${position})` : ""}`;
  }
}
