import type { SimReading } from "../protocol.ts";
import { usageError } from "./command.ts";

/** `21.4`, `humidity=55 temperature=21`, `fail "CRC error"` */
export function readingOf([word = "", ...more]: readonly string[]): SimReading | "hang" | "ok" {
  if (word.includes("=") && word !== "fail") return { values: Object.fromEntries([word, ...more].map(quantityOf)) };
  const [reason, ...rest] = more;
  if (rest.length > 0) throw usageError("a reason with blanks is written in quotes");
  if (word === "fail") return { fail: reason ?? "told to fail" };
  if (reason !== undefined) throw usageError("a reason goes with fail");
  if (word === "hang" || word === "ok") return word;
  if (number.test(word)) return Number(word);
  throw usageError(`a sensor reads a number, or takes ok, hang or fail, not ${JSON.stringify(word)}`);
}

const number = /^[+-]?\d+(?:\.\d+)?$/;

function quantityOf(word: string): [string, number] {
  const [, name = "", value = ""] = /^([a-z][a-z0-9_]*)=(.*)$/.exec(word) ?? [];
  if (name === "" || !number.test(value))
    throw usageError(`a quantity is told as NAME=VALUE, like humidity=55, not ${JSON.stringify(word)}`);
  return [name, Number(value)];
}
