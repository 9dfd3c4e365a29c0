import type { Found, Report } from "./check.ts";
import { formatDuration } from "./formats.ts";
import { isOwnTopic } from "./peers.ts";
import { checkForeign, checkOthers, checkReference, itemPath, named, subjectOf } from "./references.ts";
import type { ActionConfig, Config, OutputConfig, TriggerConfig } from "./schema.ts";

const subjects = ["output", "pwm", "publish", "enable", "disable"] as const;
const patterns = ["flash", "beep", "tone", "pattern"] as const;

/** One action: it does one thing, and its output may do it. */
export function checkAction(path: string, rule: string, action: ActionConfig, config: Config, found: Found, report: Report): void {
  const subject = subjectOf(path, action, subjects, found, report);
  if (subject === undefined) return;
  if (subject === "output") {
    if (!checkReference(`${path}.output`, action.output ?? "", "output", found, report)) return;
    checkSwitch(path, action, named(config.outputs, action.output), found, report);
    checkEnds(path, "until", action, named(config.rules, rule)?.when ?? [], config, found, report);
  } else if (subject === "pwm") {
    checkPwmAction(path, action, config, found, report);
  } else {
    const extra = (["set", "for", ...patterns, "until"] as const).find((key) => given(action, key));
    if (extra !== undefined) report(`${path}.${extra}`, `it does not go with ${subject}`, "remove it, or name an output");
  }
  if (action.unless.length > 0 && action.after === null && !found.unread.has(`${path}.after`))
    report(`${path}.unless`, "there is no `after` beside it", "add `after:`, or write `unless:` beside `when:`");
  checkEnds(path, "unless", action, named(config.rules, rule)?.when ?? [], config, found, report);
  for (const key of ["value", "fade"] as const)
    if (subject !== "pwm" && action[key] !== null) report(`${path}.${key}`, `it does not go with ${subject}`, "remove it, or name a PWM");
  if (subject !== "publish" && action.payload !== null) report(`${path}.payload`, `it does not go with ${subject}`, "remove it");
  if (subject === "enable" || subject === "disable") {
    checkReference(`${path}.${subject}`, action[subject] ?? "", "rule", found, report);
    if (action.enable === rule) report(`${path}.enable`, "the rule that runs is enabled", "name another rule");
  }
  if (subject === "publish" && isOwnTopic(config, action.publish)) {
    report(`${path}.publish`, "this is a topic of this node itself", "switch with `output:`, or start with `rule:`, what it is for");
  }
}

/** A PWM gets a level, or goes on or off. */
function checkPwmAction(path: string, action: ActionConfig, config: Config, found: Found, report: Report): void {
  const { set, value, unread } = { ...action, unread: found.unread };
  if (!checkReference(`${path}.pwm`, action.pwm ?? "", "pwm", found, report)) return;
  const extra = ([...patterns, "until"] as const).find((key) => given(action, key));
  if (extra !== undefined) report(`${path}.${extra}`, "it does not go with pwm", "remove it, or name an output");
  if (set === null && value === null && !unread.has(`${path}.set`) && !unread.has(`${path}.value`))
    report(path, "it does not say what is done with the PWM", "add `value:` or `set:`");
  if (set !== null && value !== null) report(`${path}.value`, "it stands beside set", "write one of them");
  const pwm = named(config.pwm, action.pwm);
  const [low, high] = pwm?.kind === "servo" ? pwm.pulse : [0, 100];
  if (pwm && value !== null && value !== 0 && (value < low || value > high))
    report(`${path}.value`, `${value} is out of range`, `write ${low} to ${high}, or 0`);
  if (action.for === null) return;
  if (set === "off" || set === "toggle" || value === 0) report(`${path}.for`, "what is off has no end", "remove it");
  else if (pwm && pwm.max_on !== null && action.for > pwm.max_on)
    report(`${path}.for`, `it is longer than its max_on (${formatDuration(pwm.max_on)})`, "write a shorter time or raise max_on");
}

function given(action: ActionConfig, key: (typeof patterns)[number] | "set" | "for" | "until"): boolean {
  const value = action[key];
  return value !== null && !(Array.isArray(value) && value.length === 0);
}

function checkSwitch(path: string, action: ActionConfig, output: OutputConfig | undefined, { unread }: Found, report: Report): void {
  const ways = (["set", ...patterns] as const).filter((key) => given(action, key));
  const [first, second] = ways;
  const spoiled = (["set", ...patterns] as const).some((key) => unread.has(`${path}.${key}`) || unread.has(`${path}.${key}[0]`));
  if (first === undefined && !spoiled) report(path, "it does not say what is done with the output", "add `set:`");
  if (first !== undefined && second !== undefined) report(`${path}.${second}`, `it stands beside ${first}`, "write one of them");
  if (first === undefined || second !== undefined) return;
  if (action.for !== null) checkFor(action, output?.max_on, `${path}.for`, report);
  if (first !== "set") {
    checkPattern(path, first, action, output, report);
    return;
  }
  if (action.until.length > 0)
    report(`${path}.until`, "only a pattern has an end like this", "remove it, or write pattern: instead of set:");
  if (action.repeat !== 1) report(`${path}.repeat`, "only a pattern is repeated", "remove it");
}

/** What ends a pattern, or drops what waits: each names one thing that can happen, and not what begins it. */
function checkEnds(
  path: string,
  key: "until" | "unless",
  action: ActionConfig,
  triggers: readonly TriggerConfig[],
  config: Config,
  found: Found,
  report: Report,
): void {
  for (const [index, end] of action[key].entries()) {
    const own = itemPath(found, `${path}.${key}`, index);
    const subject = subjectOf(own, end, ["input", "topic"], found, report);
    if (subject === undefined) continue;
    checkOthers(own, end, subject, subject === "input" ? ["gesture", "clicks"] : ["payload"], ["gesture", "clicks", "payload"], report);
    if (subject === "topic") checkForeign(`${own}.topic`, end.topic, config, report);
    else checkReference(`${own}.input`, end.input ?? "", "input", found, report);
    if ((key === "unless" || action.after === null) && triggers.some((trigger) => endsWhat(end, trigger)))
      report(
        own,
        `this starts the rule, too: ${key === "until" ? "the pattern" : "the wait"} would end as it begins`,
        "name something else",
      );
  }
}

/** Whether everything that pulls the trigger is an end. */
function endsWhat({ input, gesture, clicks, topic, payload }: ActionConfig["until"][number], trigger: TriggerConfig): boolean {
  if (topic !== null) return trigger.topic === topic && (payload === null || trigger.payload === payload);
  return trigger.input === input && trigger.is === null && trigger.gesture === gesture && trigger.clicks === clicks;
}

function checkFor(action: ActionConfig, maxOn: number | null | undefined, path: string, report: Report): void {
  const { set, for: length } = action;
  if (length === null) return;
  if (set === null) report(path, "a pattern has its own times", "remove it");
  else if (set === "off" || set === "toggle") report(path, `\`set: ${set}\` has no end`, "remove it or write set: pulse");
  else if (maxOn != null && length > maxOn)
    report(path, `it is longer than the output's max_on (${formatDuration(maxOn)})`, "write a shorter time or raise max_on");
}

/** The steps of a pattern, as on-times and off-times. */
function timesOf(action: ActionConfig): { on: number[]; off: number[]; endsOn: boolean } {
  const { flash, beep, tone, pattern } = action;
  const both = flash ?? beep;
  if (both) return { on: [both.on], off: [both.off], endsOn: false };
  if (tone) {
    const merged: { on: boolean; ms: number }[] = [];
    for (const { note, ms } of tone) {
      const last = merged.at(-1);
      if (last && last.on === (note !== null)) last.ms += ms;
      else merged.push({ on: note !== null, ms });
    }
    const of = (on: boolean) => merged.filter((part) => part.on === on).map(({ ms }) => ms);
    return { on: of(true), off: of(false), endsOn: tone.at(-1)?.note !== null && tone[0]?.note !== null };
  }
  const on = pattern.filter((_, index) => index % 2 === 0);
  return { on, off: pattern.filter((_, index) => index % 2 === 1), endsOn: pattern.length % 2 === 1 };
}

function checkPattern(
  path: string,
  key: (typeof patterns)[number],
  action: ActionConfig,
  output: OutputConfig | undefined,
  report: Report,
): void {
  const { on, off, endsOn } = timesOf(action);
  if (action.repeat !== 1 && key === "flash") report(`${path}.repeat`, "flash has its total", "remove it or write a longer total");
  else if (action.repeat !== 1 && endsOn)
    report(`${path}.${key}`, "it ends and begins with on, so nobody hears where it begins again", "add an off time at its end");
  if (!output) return;
  const { interlock, max_on, min_on, min_off, pulse } = output;
  if (interlock !== null) {
    report(`${path}.${key}`, `the output is in the interlock ${interlock}, which has times of its own`, "write set: instead");
    return;
  }
  const [longest, shortest] = [Math.max(...on), Math.min(...on)];
  const max = typeof pulse === "object" ? (pulse?.max ?? null) : null;
  for (const [limit, name] of [
    [max_on, "max_on"],
    [max, "longest pulse"],
  ] as const) {
    if (limit === null || longest <= limit) continue;
    report(`${path}.${key}`, `an on time is longer than the output's ${name} (${formatDuration(limit)})`, "write shorter times");
    return;
  }
  if (shortest < min_on)
    report(`${path}.${key}`, `an on time is shorter than the output's min_on (${formatDuration(min_on)})`, "write longer times");
  else if (min_off > 0 && off.some((ms) => ms <= min_off))
    report(`${path}.${key}`, `an off time is not longer than the output's min_off (${formatDuration(min_off)})`, "write longer times");
}
