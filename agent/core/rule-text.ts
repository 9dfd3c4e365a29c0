import type { ActionConfig, ConditionConfig, Config, ReactionConfig, RuleConfig, TriggerConfig } from "../../config/schema.ts";
import { gestureOf } from "./gesture-plan.ts";
import { length, spoken } from "./length.ts";
import type { Gesture, StepKind } from "./model.ts";

// What a rule says, in few words: for the terminal UI, the causes and the log; and what set it going, as a person tells it afterwards.

/** All of a rule. */
export function ruleText(rule: RuleConfig): string {
  const reaction = (name: string, steps: readonly ReactionConfig[]) =>
    steps.length === 0
      ? ""
      : `; ${name} ${steps.map((step) => (step.do === null ? actionText(step) : `${step.do}${later(step)}`)).join(", ")}`;
  return [
    rule.when.map(triggerText).join(" or "),
    ...rule.and.map((item) => ` and ${conditionText(item)}`),
    ...rule.unless.map((item) => ` unless ${conditionText(item)}`),
    ` -> ${rule.do.map(actionText).join(", ")}`,
    rule.repeat === null ? "" : ` every ${length(rule.repeat)}`,
    rule.else.length === 0 ? "" : `; else ${rule.else.map(actionText).join(", ")}`,
    reaction("if stale", rule.on_stale),
    reaction("if the broker is lost", rule.on_broker_lost),
    rule.min_on === 0 ? "" : `; min_on ${length(rule.min_on)}`,
    rule.min_off === 0 ? "" : `; min_off ${length(rule.min_off)}`,
  ].join("");
}

/** `tent.humidity below 55, over at 58`. */
function comparison({ sensor, below, above, equals, hysteresis }: TriggerConfig | ConditionConfig): string {
  if (equals !== null) return `${sensor} is ${equals}`;
  const over = below === null ? (above ?? 0) - hysteresis : below + hysteresis;
  // 0.1 + 0.2 is not what anybody wrote.
  const until = hysteresis === 0 ? "" : ` (over at ${Number(over.toFixed(9))})`;
  return below === null ? `${sensor} above ${above}${until}` : `${sensor} below ${below}${until}`;
}

function later({ after, unless }: Pick<ActionConfig, "after" | "unless">): string {
  const ends = unless.map(untilText).join(" or ");
  return after === null ? "" : ` after ${length(after)}${ends === "" ? "" : ` unless ${ends}`}`;
}

export function triggerText(when: TriggerConfig): string {
  const held = when.for === null ? "" : ` for ${length(when.for)}`;
  const days = when.days.length === 0 ? "" : ` on ${when.days.join(" ")}`;
  if (when.sensor !== null) return `${comparison(when)}${held}`;
  if (when.input !== null) return when.is === null ? `${when.input} ${gestureOf(when)}` : `${when.input} is ${when.is}${held}`;
  if (when.output !== null) return `${when.output} is ${when.is}${held}`;
  if (when.peer !== null) return `${when.peer} is ${when.is}${held}`;
  if (when.broker !== null) return `broker is ${when.broker}${held}`;
  if (when.rule !== null) return `${when.rule} fired`;
  if (when.topic !== null) return heardText(when);
  if (when.time !== null) return `it is ${clock(when.time)}${days}`;
  return when.sun === null ? "the agent started" : `${sunText(when, length)}${days}`;
}

function sunText({ sun, offset }: TriggerConfig, text: (ms: number) => string): string {
  if (offset === null || offset === 0) return `${sun}`;
  return `${text(Math.abs(offset))} ${offset < 0 ? "before" : "after"} ${sun}`;
}

export function triggerKind({ input, output, peer, broker, rule, start, topic }: TriggerConfig): StepKind {
  if (input !== null) return "input";
  if (output !== null) return "output";
  if (peer !== null) return "peer";
  if (broker !== null) return "broker";
  if (rule !== null) return "rule";
  if (topic !== null) return "mqtt";
  return start === null ? "clock" : "start";
}

/** `porch was pressed`, `lamp went on`, `peer plug was offline for 30 s`. */
export function triggerWords(when: TriggerConfig, inputs: Config["inputs"]): string {
  if (when.input !== null && when.is === null) return gestureWords(when.input, gestureOf(when), inputs);
  const pin = when.input ?? when.output;
  const lasted = when.for === null ? null : ` for ${spoken(when.for)}`;
  if (pin !== null) return lasted === null ? `${pin} went ${when.is}` : `${pin} was ${when.is}${lasted}`;
  if (when.peer !== null) {
    const became = when.is === "online" ? "came" : "went";
    return `peer ${when.peer} ${lasted === null ? became : "was"} ${when.is}${lasted ?? ""}`;
  }
  if (when.broker !== null) return `the broker was ${when.broker}${lasted ?? ""}`;
  if (when.rule !== null) return `rule ${when.rule} fired`;
  if (when.topic !== null) return heardText(when);
  if (when.start !== null) return "the agent started";
  return `it was ${when.time === null ? sunText(when, spoken) : clock(when.time)}`;
}

const gestures: Readonly<Record<Gesture, string>> = {
  press: "was pressed",
  release: "was released",
  click: "was pressed",
  double: "was pressed twice",
  triple: "was pressed three times",
  "4 clicks": "was pressed four times",
  "5 clicks": "was pressed five times",
  hold: "was held",
  hold_end: "was let go after a hold",
  repeat: "was still held",
  right: "was turned right",
  left: "was turned left",
};

function gestureWords(input: string, gesture: Gesture, inputs: Config["inputs"]): string {
  const contact = inputs[input]?.kind === "switch";
  if (contact && (gesture === "press" || gesture === "release")) return `${input} went ${gesture === "press" ? "on" : "off"}`;
  return `${input} ${gestures[gesture]}`;
}

/** What ends a pattern. */
export function untilText({ input, gesture, clicks, topic, payload }: ActionConfig["until"][number]): string {
  return topic === null ? `${input} ${gestureOf({ gesture, clicks })}` : messageText(topic, payload);
}

/** The same as a person tells it afterwards. */
export function untilWords({ input, gesture, clicks, topic, payload }: ActionConfig["until"][number], inputs: Config["inputs"]): string {
  return topic === null ? gestureWords(input ?? "", gestureOf({ gesture, clicks }), inputs) : messageText(topic, payload);
}

function heardText({ topic, payload, first_word: word, changed_since: since, agree }: TriggerConfig): string {
  const what = word === null ? messageText(topic ?? "", payload) : `a message ${JSON.stringify(`${word} …`)} came on ${topic}`;
  if (since.length === 0) return what;
  return `${what}${agree === null ? ", other than before" : `, ${agree} alike`} since ${since.join(" or ")}`;
}

function messageText(topic: string, payload: string | null): string {
  return `${payload === null ? "a message" : JSON.stringify(payload)} came on ${topic}`;
}

function conditionText(item: ConditionConfig): string {
  const { input, output, rule, peer, broker, is, fired_within: within, between, days } = item;
  if (item.sensor !== null) return comparison(item);
  if (within !== null) return `${rule} fired within ${length(within)}`;
  const subject = input ?? output ?? rule ?? peer;
  if (subject !== null) return `${subject} is ${is}`;
  if (broker !== null) return `broker is ${broker}`;
  const [from, to] = between;
  const window = from === undefined || to === undefined ? [] : [`between ${clock(from)} and ${clock(to)}`];
  return [...window, ...(days.length === 0 ? [] : [`on ${days.join(" ")}`])].join(" ");
}

export function actionText(action: ActionConfig): string {
  const { output, set, publish, payload, enable, disable } = action;
  const wait = later(action);
  if (publish !== null) return `publish ${payload ?? "nothing"} to ${publish}${wait}`;
  if (enable !== null) return `enable ${enable}${wait}`;
  if (disable !== null) return `disable ${disable}${wait}`;
  const { flash, beep, tone, pattern, repeat, pwm, value, fade } = action;
  if (pwm !== null) {
    const times = `${fade === null ? "" : ` within ${length(fade)}`}${action.for === null ? "" : ` for ${length(action.for)}`}`;
    return `${pwm} ${value ?? set}${times}${wait}`;
  }
  if (set !== null) return `${output} ${set}${action.for === null ? "" : ` for ${length(action.for)}`}${wait}`;
  const until = action.until.map(untilText).join(" or ");
  const times = `${repeat === 1 ? "" : ` ${repeat} times`}${until === "" ? "" : ` until ${until}`}${wait}`;
  if (flash) return `${output} flash ${[flash.total, flash.on, flash.off].map(length).join(" ")}${times}`;
  if (beep) return `${output} beep ${[beep.times, beep.on, beep.off].join(" ")}${times}`;
  if (tone) return `${output} tone ${tone.map(({ note, ms }) => `${note ?? "pause"} ${length(ms)}`).join(" ")}${times}`;
  return `${output} pattern ${pattern.map(length).join(" ")}${times}`;
}

function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}
