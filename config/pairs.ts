import type { Found, Report } from "./check.ts";

/** Two settings of one section of which each needs the other one. */
export function checkPair<K extends string>(
  section: string,
  values: Readonly<Record<K, unknown>>,
  [first, second]: readonly [K, K],
  { unread }: Pick<Found, "unread">,
  report: Report,
): void {
  for (const [has, lacks] of [
    [first, second],
    [second, first],
  ] as const) {
    if (values[has] === null || values[lacks] !== null || unread.has(`${section}.${lacks}`)) continue;
    report(`${section}.${has}`, `there is no ${section}.${lacks} beside it`, `add ${section}.${lacks}`);
  }
}
