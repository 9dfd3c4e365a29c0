import { checkAction } from "./action-check.ts";
import type { Found, Report } from "./check.ts";
import { inlineProblem } from "./inline-values.ts";
import { checkForeign, checkOthers, checkReference, itemPath, subjectOf } from "./references.ts";
import { checkRings } from "./rings.ts";
import type { ConditionConfig, Config, TriggerConfig } from "./schema.ts";
import { checkComparison, checkNoComparison, checkValueRule } from "./value-check.ts";

/** What a trigger or a condition may be about, and which other keys go with it. */
const ofTriggers = {
  input: ["gesture", "clicks", "is", "for"],
  output: ["is", "for"],
  broker: ["for"],
  peer: ["is", "for"],
  time: ["days"],
  sun: ["offset", "days"],
  rule: [],
  start: [],
  topic: ["payload", "first_word", "changed_since", "agree"],
  sensor: ["for"],
} as const;
const ofConditions = { input: ["is"], output: ["is"], broker: [], peer: ["is"], rule: ["is", "fired_within"], sensor: [] } as const;
const ofSomeTriggers = [
  "gesture",
  "clicks",
  "is",
  "for",
  "offset",
  "days",
  "payload",
  "first_word",
  "changed_since",
  "agree",
  "value",
  "stale_after",
] as const;

/** Rules: every name names something, every item says one thing, and no rule starts itself. */
export function checkRules(config: Config, found: Found, report: Report): void {
  for (const [id, rule] of Object.entries(config.rules)) {
    for (const [index, trigger] of rule.when.entries()) {
      checkTrigger(itemPath(found, `rules.${id}.when`, index), id, trigger, config, found, report);
    }
    checkConditions(`rules.${id}`, rule, config, found, report);
    for (const key of ["do", "else"] as const)
      for (const [index, action] of rule[key].entries()) checkAction(`rules.${id}.${key}[${index}]`, id, action, config, found, report);
    checkValueRule(id, rule, config, found, report);
  }
  checkLocation(config, found, report);
  checkRings(config, report);
}

/** `and` and `unless`, of a rule or a controller. */
export function checkConditions(
  path: string,
  item: { and: readonly ConditionConfig[]; unless: readonly ConditionConfig[] },
  config: Config,
  found: Found,
  report: Report,
): void {
  for (const key of ["and", "unless"] as const)
    for (const [index, condition] of item[key].entries())
      checkCondition(itemPath(found, `${path}.${key}`, index), condition, config, found, report);
}

function checkTrigger(path: string, rule: string, trigger: TriggerConfig, config: Config, found: Found, report: Report): void {
  const { unread } = found;
  const subjects = Object.keys(ofTriggers) as (keyof typeof ofTriggers)[];
  const subject = subjectOf(path, trigger, subjects, found, report);
  if (subject === undefined) return;
  const own = trigger.value === null ? ofTriggers[subject] : (["value", "stale_after", "for"] as const);
  checkOthers(path, trigger, subject, own, ofSomeTriggers, report);
  if (subject === "sensor" || (subject === "topic" && trigger.value !== null)) {
    checkComparison(path, trigger, config, found, report);
    checkInline(path, rule, trigger, found, report);
  } else checkNoComparison(path, trigger, subject, report);
  if (subject === "topic") checkMessage(path, trigger, config, report);
  if (subject === "input" || subject === "output" || subject === "rule" || subject === "peer") {
    const known = checkReference(`${path}.${subject}`, trigger[subject] ?? "", subject, found, report);
    if (!known || subject === "rule") return;
  }
  const { gesture, clicks, is } = trigger;
  if ((subject === "output" || subject === "peer") && is === null && !unread.has(`${path}.is`))
    report(path, "it has no `is`", isFix(subject));
  if (subject === "input") {
    const kind = gesture !== null ? "gesture" : "clicks";
    if (is !== null && (gesture !== null || clicks !== null)) report(`${path}.is`, `it stands beside ${kind}`, "write one of them");
    if (is === null && trigger.for !== null)
      report(`${path}.for`, "it goes with `is: on` or `is: off`", `write \`is:\` instead of \`${kind}:\``);
  }
  checkIs(path, subject, trigger, config, report);
  if (is !== null && subject === "input") checkHasLevel(path, trigger.input, config, report);
  checkDays(path, trigger.days, report);
  if (subject !== "sun") return;
  const { latitude, longitude } = config.location;
  const missing = latitude === null ? "latitude" : longitude === null ? "longitude" : undefined;
  if (missing !== undefined && !unread.has(`location.${missing}`))
    report(`${path}.sun`, `there is no location.${missing}`, "add `location: {latitude: 52.5, longitude: 13.4}`");
}

/** A value out of a message: it is a sensor without a name, which needs its time as well. */
function checkInline(
  path: string,
  rule: string,
  { value, stale_after: staleAfter }: TriggerConfig,
  { ids, unread }: Found,
  report: Report,
): void {
  const taken = new Set(["inputs", "outputs", "sensors", "derive"].flatMap((kind) => [...(ids.get(kind) ?? [])]));
  const problem = value === null ? null : inlineProblem(rule, taken);
  if (problem !== null) report(`${path}.value`, problem.message, problem.fix);
  if (value !== null && staleAfter === null && !unread.has(`${path}.stale_after`))
    report(path, "it does not say how long a value holds", "add `stale_after: 3m`");
}

function checkMessage(path: string, trigger: TriggerConfig, config: Config, report: Report): void {
  checkForeign(`${path}.topic`, trigger.topic, config, report);
  if (trigger.payload !== null && trigger.first_word !== null)
    report(`${path}.first_word`, "it stands beside payload", "write one of them");
  for (const topic of trigger.changed_since) {
    checkForeign(`${path}.changed_since`, topic, config, report);
    if (topic === trigger.topic) report(`${path}.changed_since`, "this is the topic itself", "name the topic of what begins anew");
  }
  if (trigger.agree !== null && trigger.changed_since.length === 0)
    report(`${path}.agree`, "there is no changed_since beside it", "add the topic on which all begins anew");
}

function checkIs(path: string, subject: string, item: { is: string | null; peer: string | null }, config: Config, report: Report): void {
  const { is, peer } = item;
  const wrong = subject === "peer" ? is === "on" || is === "off" : is === "online" || is === "offline" || is === "stale";
  if (wrong) report(`${path}.is`, `${subject} is never ${is}`, subject === "peer" ? "write online, offline or stale" : "write on or off");
  if (wrong || is !== "stale" || peer === null || !Object.hasOwn(config.peers, peer)) return;
  if (config.peers[peer]?.stale_after === null)
    report(`${path}.is`, `peers.${peer} has no stale_after and is never stale`, `add \`stale_after: 15m\` to peers.${peer}`);
}

/** Of what counts only some edges are asked for. */
function checkHasLevel(path: string, input: string | null, config: Config, report: Report): void {
  const kind = input !== null && Object.hasOwn(config.inputs, input) ? config.inputs[input]?.kind : undefined;
  if (kind === "counter" || kind === "encoder")
    report(
      `${path}.is`,
      `${input} is ${kind === "counter" ? "a counter" : "an encoder"}, whose level is not known`,
      "name a button or a switch",
    );
}

function isFix(subject: string): string {
  return subject === "peer" ? "add `is: online` or `is: offline`" : "add `is: on` or `is: off`";
}

function checkDays(path: string, days: readonly string[], report: Report): void {
  const index = days.findIndex((day, at) => days.indexOf(day) !== at);
  if (index >= 0) report(`${path}.days[${index}]`, `${days[index]} stands in the list already`, "remove one of them");
}

function checkCondition(path: string, condition: ConditionConfig, config: Config, found: Found, report: Report): void {
  const timed = condition.between.length > 0 || condition.days.length > 0;
  const { unread } = found;
  const spoiled = unread.has(`${path}.between[0]`) || unread.has(`${path}.between[1]`);
  checkDays(path, condition.days, report);
  if (condition.between.length > 0 && condition.between.length !== 2 && !spoiled) {
    report(`${path}.between`, "it is not two times", 'write it like ["22:00", "06:00"]');
  } else if (condition.between[0] !== undefined && condition.between[0] === condition.between[1]) {
    report(`${path}.between`, "both times are the same", 'write it like ["22:00", "06:00"]');
  }
  const subjects = Object.keys(ofConditions) as (keyof typeof ofConditions)[];
  const given = subjects.filter((key) => condition[key] !== null);
  if (given.length === 0 && (timed || spoiled)) {
    if (condition.is !== null) report(`${path}.is`, "it does not go with a time", "remove it");
    return;
  }
  if (given[0] !== undefined && timed) {
    report(`${path}.${given[0]}`, "it stands beside a time", "write an item of its own for each");
    return;
  }
  if (given.length === 0 && !subjects.some((key) => unread.has(`${path}.${key}`))) {
    report(path, "it has none of input, output, broker, peer, rule, sensor, between, days", "say what it is about");
    return;
  }
  const subject = subjectOf(path, condition, subjects, found, report);
  if (subject === undefined) return;
  checkOthers(path, condition, subject, ofConditions[subject], ["is", "fired_within"], report);
  if (subject === "sensor") {
    checkComparison(path, condition, config, found, report);
    return;
  }
  checkNoComparison(path, condition, subject, report);
  if (subject === "broker") return;
  checkReference(`${path}.${subject}`, condition[subject] ?? "", subject, found, report);
  if (condition.fired_within !== null) {
    if (condition.is !== null) report(`${path}.fired_within`, "it stands beside `is`", "write an item of its own for each");
    return;
  }
  if (condition.is === null && !unread.has(`${path}.is`)) report(path, "it has no `is`", isFix(subject));
  checkIs(path, subject, condition, config, report);
  if (condition.is !== null && subject === "input") checkHasLevel(path, condition.input, config, report);
}

function checkLocation({ location }: Config, { unread, place }: Found, report: Report): void {
  const { latitude, longitude } = location;
  if ((latitude === null) === (longitude === null)) return;
  const [has, lacks] = latitude === null ? ["longitude", "latitude"] : ["latitude", "longitude"];
  if (!unread.has(`location.${lacks}`) && place(`location.${has}`).line > 0)
    report(`location.${has}`, `there is no location.${lacks} beside it`, `add location.${lacks}`);
}
