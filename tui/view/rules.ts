import type { RuleView } from "../../agent/protocol.ts";
import { age, count, instant } from "../format.ts";
import type { Rect } from "../layout.ts";
import { type State, viewNow } from "../model.ts";
import { pinPanes } from "../pin.ts";
import { agentNow } from "../snapshot.ts";
import type { Canvas, Line, Style } from "./canvas.ts";
import { left, putLines, title, words } from "./text.ts";

/** Every rule: whether it is on, when it fired, and what it does. */
export function drawRules(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { data, pane, rulesScroll } = state.pins;
  const rules = data?.data.rules ?? [];
  const off = rules.filter(({ enabled }) => enabled === false).length;
  const resting = rules.filter(isResting).length;
  const known = [...(off > 0 ? [`${off} off`] : []), ...(resting > 0 ? [`${resting} resting`] : [])];
  const inner = title(canvas, rect, [`Rules ${rules.length}`, ...known].join(" - "), pane === pinPanes.rules);
  if (data === null) return;
  const at = agentNow(data, viewNow(state, now));
  const width = Math.min(20, Math.max(0, ...rules.map(({ id }) => id.length)));
  const lines = rules.flatMap((rule): Line[] => {
    const last = rule.last === null ? "never fired" : `last fired ${age(at - instant(rule.last))} ago`;
    const resting = isResting(rule);
    const word = resting ? "REST" : rule.enabled === false ? "OFF" : "on";
    const text = resting ? `rests for ${age(instant(rule.rests_until ?? null) - at)}: ${rule.problem ?? "it fired too often"}` : rule.text;
    const style: Style = resting ? "bad" : rule.enabled === false ? "dim" : "text";
    const head = `${resting ? "!" : " "} ${left(rule.id, width)}  ${left(word, 4)} ${left(last, 21)} fired ${left(count(rule.fired), 7)}`;
    if (pane !== pinPanes.rules || head.length + 1 + text.length <= inner.cols) return [[`${head} ${text}`, style]];
    // Who comes here to read gets all of it.
    return [[head, style], ...words(text, inner.cols - 4).map((line): Line => [`    ${line}`, style])];
  });
  rulesScroll.top = putLines(canvas, inner, lines, rulesScroll.top);
}

/** A rule that fired too often rests; one that somebody has disabled does not count as such. */
function isResting({ enabled, rests_until: until }: RuleView): boolean {
  return enabled !== false && typeof until === "string";
}
