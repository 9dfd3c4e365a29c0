import { checkAction } from "./action-check.ts";
import type { Found, Report } from "./check.ts";
import { checkSensorRef, refsOf } from "./derive.ts";
import { itemPath, named } from "./references.ts";
import type { ConditionConfig, Config, ReactionConfig, RuleConfig, TriggerConfig } from "./schema.ts";

const comparisons = ["below", "above", "equals"] as const;
type Item = TriggerConfig | ConditionConfig;

/** A comparison with a value: it names a value, and one thing that it is compared with. */
export function checkComparison(path: string, item: Item, config: Config, found: Found, report: Report): void {
  if (item.sensor !== null) checkSensorRef(`${path}.sensor`, item.sensor, config, found, report);
  const [first, second] = comparisons.filter((key) => item[key] !== null);
  if (first === undefined && !comparisons.some((key) => found.unread.has(`${path}.${key}`)))
    report(path, "it does not say what the value is compared with", "add `below:`, `above:` or `equals:`");
  if (second !== undefined) report(`${path}.${second}`, `it stands beside ${first}`, "write an item of its own for each");
  else if (first === "equals" && item.hysteresis > 0) report(`${path}.hysteresis`, "a word has none", "remove it");
}

/** What goes with a value is said of nothing else. */
export function checkNoComparison(path: string, item: Item, subject: string, report: Report): void {
  const extra = comparisons.find((key) => item[key] !== null) ?? (item.hysteresis > 0 ? "hysteresis" : undefined);
  if (extra !== undefined) report(`${path}.${extra}`, `it does not go with ${subject}`, "name a value with `sensor:`, or remove it");
}

/** A rule that controls by values says what it does when one of them is stale, and when the broker is lost. */
export function checkValueRule(id: string, rule: RuleConfig, config: Config, found: Found, report: Report): void {
  const path = `rules.${id}`;
  const byValue = ({ sensor, value }: Item & { value?: string | null }) => sensor !== null || value != null;
  const trigger = rule.when.find(byValue);
  const values = [...(trigger === undefined ? [] : [trigger]), ...[...rule.and, ...rule.unless].filter(byValue)];
  if (trigger !== undefined && rule.when.length > 1)
    report(`${path}.when`, "a trigger on a value stands alone", "write a rule of its own for the others");
  if (trigger === undefined) checkOnlyByValue(path, rule, report);
  else if (
    rule.else.length > 0 &&
    trigger.equals === null &&
    trigger.hysteresis === 0 &&
    !found.unread.has(`${itemPath(found, `${path}.when`, 0)}.hysteresis`)
  )
    report(`${path}.else`, "without a hysteresis it may switch at every reading", "add `hysteresis:` to the trigger", "warning");
  for (const key of ["on_stale", "on_broker_lost"] as const) checkReaction(id, key, rule, config, found, report);
  const given = (key: string) => found.place(`${path}.${key}`).line > 0 || found.unread.has(`${path}.${key}`);
  if (values.length === 0) {
    for (const key of ["on_stale", "on_broker_lost"] as const)
      if (rule[key].length > 0)
        report(`${path}.${key}`, "the rule looks at no value", "remove it, or add a trigger or a condition with `sensor:`");
    return;
  }
  const fix = trigger === undefined || rule.else.length === 0 ? "none, or a list of actions" : "else, none, or a list of actions";
  if (!given("on_stale"))
    report(path, "it controls by a value and does not say what happens when that is stale", `add \`on_stale:\` with ${fix}`);
  const publishes = [...rule.do, ...rule.else, ...rule.on_stale].some(({ publish }) => publish !== null);
  const needsBroker = publishes || values.some(({ sensor }) => sensor === null || isOverBroker(config, sensor));
  if (needsBroker && !given("on_broker_lost"))
    report(
      path,
      `its ${publishes ? "actions go" : "value comes"} over the broker, and it does not say what happens when that is lost`,
      `add \`on_broker_lost:\` with ${fix}`,
    );
}

/** What a rule has only with a trigger on a value. */
function checkOnlyByValue(path: string, rule: RuleConfig, report: Report): void {
  const given = { else: rule.else.length > 0, min_on: rule.min_on > 0, min_off: rule.min_off > 0, repeat: rule.repeat !== null };
  for (const [key, is] of Object.entries(given))
    if (is) report(`${path}.${key}`, "it goes with a trigger on a value", "remove it, or write `when: {sensor: …, below: …}`");
}

function checkReaction(
  id: string,
  key: "on_stale" | "on_broker_lost",
  rule: RuleConfig,
  config: Config,
  found: Found,
  report: Report,
): void {
  const steps: readonly ReactionConfig[] = rule[key];
  for (const [index, { do: word, ...action }] of steps.entries()) {
    const path = itemPath(found, `rules.${id}.${key}`, index);
    if (word === null) checkAction(path, id, action, config, found, report);
    else if (action.output !== null || action.publish !== null || action.enable !== null || action.disable !== null)
      report(path, `${word} stands beside an action`, "write an item of its own for each");
    else if (word === "none" && steps.length > 1) report(path, "none stands beside something else", "remove it");
    else if (word === "else" && rule.else.length === 0)
      report(path, "the rule has no `else`", "add `else:`, or write none or a list of actions");
  }
}

/** Whether a value comes from elsewhere, or is derived from such a one: then it says nothing while the broker is away. */
export function isOverBroker(config: Config, ref: string, seen: ReadonlySet<string> = new Set()): boolean {
  const [id = ""] = ref.split(".");
  const derived = named(config.derive, id);
  if (derived === undefined || seen.has(id)) return named(config.sensors, id)?.driver === "topic";
  return refsOf(derived).some(({ ref: from }) => isOverBroker(config, from, new Set([...seen, id])));
}
