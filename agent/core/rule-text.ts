import type { ActionConfig, ConditionConfig, TriggerConfig } from "../../config/schema.ts";
import { gestureOf } from "./gesture-plan.ts";

// What a rule says, in few words: for the terminal UI, the causes and the log.

export function triggerText(when: TriggerConfig): string {
  const held = when.for === null ? "" : ` for ${length(when.for)}`;
  const days = when.days.length === 0 ? "" : ` on ${when.days.join(" ")}`;
  if (when.input !== null) return when.is === null ? `${when.input} ${gestureOf(when)}` : `${when.input} is ${when.is}${held}`;
  if (when.output !== null) return `${when.output} is ${when.is}${held}`;
  if (when.peer !== null) return `${when.peer} is ${when.is}${held}`;
  if (when.broker !== null) return `broker is ${when.broker}${held}`;
  if (when.rule !== null) return `${when.rule} fired`;
  if (when.topic !== null) return messageText(when.topic, when.payload);
  if (when.time !== null) return `it is ${clock(when.time)}${days}`;
  if (when.sun === null) return "the agent started";
  const offset = when.offset ?? 0;
  return `${offset === 0 ? "" : `${length(Math.abs(offset))} ${offset < 0 ? "before" : "after"} `}${when.sun}${days}`;
}

/** What ends a pattern. */
export function untilText({ input, gesture, clicks, topic, payload }: ActionConfig["until"][number]): string {
  return topic === null ? `${input} ${gestureOf({ gesture, clicks })}` : messageText(topic, payload);
}

function messageText(topic: string, payload: string | null): string {
  return `${payload === null ? "a message" : JSON.stringify(payload)} came on ${topic}`;
}

export function conditionText({ input, output, rule, peer, broker, is, between, days }: ConditionConfig): string {
  const subject = input ?? output ?? rule ?? peer;
  if (subject !== null) return `${subject} is ${is}`;
  if (broker !== null) return `broker is ${broker}`;
  const [from, to] = between;
  const window = from === undefined || to === undefined ? [] : [`between ${clock(from)} and ${clock(to)}`];
  return [...window, ...(days.length === 0 ? [] : [`on ${days.join(" ")}`])].join(" ");
}

export function actionText(action: ActionConfig): string {
  const { output, set, publish, payload, enable, disable, after } = action;
  const wait = after === null ? "" : ` after ${length(after)}`;
  if (publish !== null) return `publish ${payload ?? "nothing"} to ${publish}${wait}`;
  if (enable !== null) return `enable ${enable}${wait}`;
  if (disable !== null) return `disable ${disable}${wait}`;
  const { flash, beep, tone, pattern, repeat } = action;
  if (set !== null) return `${output} ${set}${action.for === null ? "" : ` for ${length(action.for)}`}${wait}`;
  const until = action.until.map(untilText).join(" or ");
  const times = `${repeat === 1 ? "" : ` ${repeat} times`}${until === "" ? "" : ` until ${until}`}${wait}`;
  if (flash) return `${output} flash ${[flash.total, flash.on, flash.off].map(length).join(" ")}${times}`;
  if (beep) return `${output} beep ${[beep.times, beep.on, beep.off].join(" ")}${times}`;
  if (tone) return `${output} tone ${tone.map(({ note, ms }) => `${note ?? "pause"} ${length(ms)}`).join(" ")}${times}`;
  return `${output} pattern ${pattern.map(length).join(" ")}${times}`;
}

function length(ms: number): string {
  for (const [unit, size] of [
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const)
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}

function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}
