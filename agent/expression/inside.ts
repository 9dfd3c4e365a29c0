import { parentPort } from "node:worker_threads";
import jsonata, { type Expression } from "jsonata";
import { type ExpressionInput, type ExpressionResult, type FromExpressions, maxResult, type Question } from "./terms.ts";

// The thread in which expressions are evaluated: whatever they are given, only this thread waits. `thread.ts` is the other side, and ends it
// when it takes too long.

/** What the library bounds itself; each call of a function is a level. */
const bounds = { stack: 250, sequence: 10_000 };
/** Expressions of a configuration, compiled once; those of many reloads are not all kept. */
const maxCompiled = 2048;
const compiled = new Map<string, Expression>();

function expressionOf(text: string): Expression {
  const known = compiled.get(text);
  if (known) return known;
  if (compiled.size >= maxCompiled) compiled.clear();
  const made = jsonata(text, bounds);
  compiled.set(text, made);
  return made;
}

async function evaluate(text: string, input: unknown): Promise<ExpressionResult> {
  try {
    const value: unknown = await expressionOf(text).evaluate(input);
    if (value === undefined || value === null) return { ok: true, value: undefined };
    if (typeof value === "number" || typeof value === "boolean") return { ok: true, value };
    if (typeof value !== "string") return { ok: false, problem: `made ${Array.isArray(value) ? "a list" : "an object"} and not one value` };
    return value.length <= maxResult ? { ok: true, value } : { ok: false, problem: `made a text of more than ${maxResult} characters` };
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    // What the library says may repeat the message that came.
    const said = String(message ?? "")
      .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\ufffd")
      .slice(0, 120);
    return { ok: false, problem: `failed: ${typeof code === "string" ? `${code} ` : ""}${said}` };
  }
}

function readInput(input: ExpressionInput): { ok: true; value: unknown } | { ok: false } {
  if (!("json" in input)) return { ok: true, value: input.values };
  try {
    return { ok: true, value: JSON.parse(input.json) };
  } catch {
    return { ok: false };
  }
}

const tell = (message: FromExpressions) => parentPort?.postMessage(message);

parentPort?.on("message", async ({ number, expressions, input }: Question) => {
  const given = readInput(input);
  const results: ExpressionResult[] = [];
  for (const text of expressions) results.push(given.ok ? await evaluate(text, given.value) : { ok: false, problem: "was given no JSON" });
  tell({ tell: "answer", number, results });
});
tell({ tell: "ready" });
