import type { RuleView } from "../../agent/protocol.ts";
import { age, count, instant } from "../format.ts";
import type { Rect } from "../layout.ts";
import { type State, viewNow } from "../model.ts";
import { pinPanes } from "../pin.ts";
import { agentNow } from "../snapshot.ts";
import type { Canvas, Line } from "./canvas.ts";
import { left, putLines, title } from "./text.ts";

/** Every rule: whether it is on, when it fired, and what it does. */
export function drawRules(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { data, pane, rulesScroll } = state.pins;
  const rules = data?.data.rules ?? [];
  const off = rules.filter(({ enabled }) => enabled === false).length;
  const resting = rules.filter(isResting).length;
  const words = [...(off > 0 ? [`${off} off`] : []), ...(resting > 0 ? [`${resting} resting`] : [])];
  const inner = title(canvas, rect, [`Rules ${rules.length}`, ...words].join(" - "), pane === pinPanes.rules);
  if (data === null) return;
  const at = agentNow(data, viewNow(state, now));
  const width = Math.min(20, Math.max(0, ...rules.map(({ id }) => id.length)));
  const lines = rules.map((rule): Line => {
    const last = rule.last === null ? "never fired" : `last fired ${age(at - instant(rule.last))} ago`;
    const resting = isResting(rule);
    const word = resting ? "REST" : rule.enabled === false ? "OFF" : "on";
    const text = resting ? `rests for ${age(instant(rule.rests_until ?? null) - at)}: ${rule.problem ?? "it fired too often"}` : rule.text;
    return [
      `${resting ? "!" : " "} ${left(rule.id, width)}  ${left(word, 4)} ${left(last, 21)} fired ${left(count(rule.fired), 7)} ${text}`,
      resting ? "bad" : rule.enabled === false ? "dim" : "text",
    ];
  });
  rulesScroll.top = putLines(canvas, inner, lines, rulesScroll.top);
}

/** A rule that fired too often rests; one that somebody has disabled does not count as such. */
function isResting({ enabled, rests_until: until }: RuleView): boolean {
  return enabled !== false && typeof until === "string";
}
