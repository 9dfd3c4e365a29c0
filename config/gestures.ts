import type { Found, Report } from "./check.ts";
import { debounceTime } from "./counting.ts";
import { formatDuration } from "./formats.ts";
import { gesturesBound, itemPath } from "./references.ts";
import type { Config, InputConfig } from "./schema.ts";

/** What each kind but the button has for rules. */
const has: Readonly<Record<Exclude<InputConfig["kind"], "button">, readonly string[]>> = {
  switch: ["press", "release"],
  doorbell: ["press", "release"],
  counter: [],
  encoder: ["right", "left"],
};
const several: readonly string[] = ["double", "triple"];
/** Settings that only a button with gestures uses. */
const ofButtons = ["hold", "window", "repeat", "events"] as const;

/** Gestures: a rule names one that its input can make, and no setting is there in vain. */
export function checkGestures(config: Config, found: Found, report: Report): void {
  for (const [id, rule] of Object.entries(config.rules)) {
    for (const [index, trigger] of rule.when.entries()) {
      if (trigger.input === null || trigger.is !== null) continue;
      checkTrigger(itemPath(found, `rules.${id}.when`, index), { ...trigger, input: trigger.input }, config, found, report);
    }
    for (const [step, action] of rule.do.entries()) {
      for (const key of ["until", "unless"] as const) {
        for (const [index, end] of action[key].entries()) {
          if (end.input === null) continue;
          checkTrigger(itemPath(found, `rules.${id}.do[${step}].${key}`, index), { ...end, input: end.input }, config, found, report);
        }
      }
    }
  }
  const all = gesturesBound(config);
  for (const [id, input] of Object.entries(config.inputs)) {
    const bound = all.get(id) ?? [];
    const path = `inputs.${id}`;
    if (input.kind === "button") checkButton(path, input, bound, found, report);
    else if (input.kind === "switch" || input.kind === "doorbell") checkLevel(path, input, found, report);
  }
}

interface Bound {
  gesture: string | null;
  clicks: number | null;
}

function checkTrigger(path: string, when: Bound & { input: string }, config: Config, { unread }: Found, report: Report): void {
  const { gesture, clicks } = when;
  if (gesture !== null && clicks !== null) report(`${path}.clicks`, "it says the same as gesture", "write one of them");
  const spoiled = unread.has(`${path}.gesture`) || unread.has(`${path}.clicks`);
  if (gesture === null && clicks === null && !spoiled) report(path, "there is no gesture", "add `gesture:` or `clicks:`");
  const kind = Object.hasOwn(config.inputs, when.input) ? config.inputs[when.input]?.kind : undefined;
  if (kind === undefined || unread.has(`inputs.${when.input}.kind`)) return;
  if (kind === "button") {
    if (gesture !== null && has.encoder.includes(gesture))
      report(`${path}.gesture`, `a button has no ${gesture}`, `name an input with kind: encoder`);
    return;
  }
  const own = has[kind];
  const fix =
    kind === "counter" ? "name an input that has gestures" : `write gesture: ${own.join(" or ")}, or kind: button in inputs.${when.input}`;
  const a = kind === "encoder" ? "an" : "a";
  if (gesture !== null && !own.includes(gesture)) report(`${path}.gesture`, `${a} ${kind} has no ${gesture}`, fix);
  else if (clicks !== null) report(`${path}.clicks`, `${a} ${kind} has no clicks`, fix);
}

function checkButton(path: string, input: InputConfig, bound: Bound[], { place }: Found, report: Report): void {
  const { window, events } = input;
  const debounce = debounceTime(input);
  const multi = bound.some(({ gesture, clicks }) => clicks !== null || several.includes(gesture ?? "")) || events.includes("multi_press");
  if (multi && window <= debounce) {
    if (place(`${path}.window`).line > 0)
      report(`${path}.window`, `no click can follow so soon: debounce is ${formatDuration(debounce)}`, "write a longer time");
    else
      report(
        `${path}.debounce`,
        `no click can follow within window (${formatDuration(window)})`,
        "write a shorter time or a longer window",
      );
  }
  const unused = (key: string, why: string) => {
    if (place(`${path}.${key}`).line > 0)
      report(`${path}.${key}`, `it is not used, because ${why}`, "remove it or add such a rule", "warning");
  };
  if (!multi) unused("window", "no rule waits for several clicks");
  if (!bound.some(({ gesture }) => gesture === "repeat")) unused("repeat", "no rule has gesture: repeat");
  const index = events.findIndex((event, at) => events.indexOf(event) !== at);
  if (index >= 0) report(`${path}.events[${index}]`, `${events[index]} stands in the list already`, "remove one of them");
}

function checkLevel(path: string, { kind, events }: InputConfig, { place }: Found, report: Report): void {
  for (const key of ofButtons) {
    if (key === "events" ? events.length === 0 : place(`${path}.${key}`).line === 0) continue;
    report(`${path}.${key}`, `it is not used, because a ${kind} has no gestures`, "remove it or write kind: button", "warning");
  }
}
