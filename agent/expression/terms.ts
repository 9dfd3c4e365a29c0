// What the thread of the expressions and its owner say to each other.

/** What expressions are evaluated over: the text of a message as it came, or named values. */
export type ExpressionInput = { json: string } | { values: Readonly<Record<string, number | boolean | string>> };

/** Over one input. The problem follows "the expression ". */
export type ExpressionResult = { ok: true; value: number | boolean | string | undefined } | { ok: false; problem: string };

export interface Question {
  number: number;
  expressions: readonly string[];
  input: ExpressionInput;
}

export type FromExpressions = { tell: "ready" } | { tell: "answer"; number: number; results: ExpressionResult[] };

/** How long the result of an expression may be, in characters. */
export const maxResult = 256;
