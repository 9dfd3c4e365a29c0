import type { AnswerTo } from "./model.ts";

/** At most so many first answers are kept; the oldest makes room. */
const answersKept = 64;

/** Keeps the first answer to a command id, so that a repeated command is answered and not served again. */
export function keepAnswer<T>({ answers }: { answers: Map<string, T> }, to: AnswerTo, answer: T): void {
  if (to.via === "mqtt" && to.id !== null) keepFirst(answers, to.id, answer);
}

export function keepFirst<T>(answers: Map<string, T>, id: string, answer: T): void {
  if (answers.has(id)) return;
  answers.set(id, answer);
  const oldest = answers.keys().next();
  if (answers.size > answersKept && !oldest.done) answers.delete(oldest.value);
}
