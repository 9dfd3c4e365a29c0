import { signedDuration, timeOfDay } from "./clock-formats.ts";
import { anyText, duration, id, oneOf, wholeNumber } from "./formats.ts";
import { leaf, listOf, oneOrMore, optional, required } from "./leaf.ts";
import { beep, flash, tone } from "./pattern-formats.ts";
import { peerPayload, topicName } from "./peers.ts";
import { level } from "./pwm-formats.ts";

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;

const gesture = oneOf("press", "release", "click", "double", "triple", "hold", "hold_end", "repeat", "right", "left");
const weekday = oneOf("mon", "tue", "wed", "thu", "fri", "sat", "sun");
const is = oneOf("on", "off", "online", "offline", "stale");
export const triggerSchema = {
  input: optional(id, "An input: with `gesture` or `clicks` its button, with `is` its level."),
  gesture: optional(gesture, "The gesture on it that starts the rule."),
  clicks: optional(wholeNumber(2, 5), "Instead of `gesture`: so many clicks."),
  output: optional(id, "An output, with `is`: it was seen to go on or off."),
  broker: optional(oneOf("connected", "lost"), "The link to the broker came up, or was lost."),
  peer: optional(id, "Another device below `peers`, with `is`: it came online, went offline or became stale."),
  is: optional(is, "What it becomes: `on` or `off`, of a peer `online`, `offline` (what is stale is offline too) or `stale`."),
  for: optional(duration(10, 7 * day), "How long it must be so before the rule starts.", "at once"),
  time: optional(timeOfDay, "A time of day."),
  sun: optional(oneOf("sunrise", "sunset"), "Sunrise or sunset at `location`."),
  offset: optional(signedDuration(12 * hour), "With `sun`: so long after it, or with - before it.", "0ms"),
  days: listOf(required(weekday, "A day of the week."), "With `time` and `sun`: only on these days.", { value: [], shown: "every day" }),
  rule: optional(id, "Another rule, when it has fired."),
  start: optional(oneOf("true"), "The agent has started."),
  topic: optional(topicName, "Somebody publishes to this topic; what the broker has retained does not count."),
  payload: optional(peerPayload, "With `topic`: only this message, letter for letter.", "any message"),
};

export const conditionSchema = {
  input: optional(id, "An input, with `is`."),
  output: optional(id, "An output, with `is`."),
  rule: optional(id, "Another rule, with `is: on` while it is enabled."),
  broker: optional(oneOf("connected", "lost"), "The link to the broker is up, or is not."),
  peer: optional(id, "Another device, with `is: online`, `is: offline` or `is: stale`."),
  is: optional(is, "What it must be: `on` or `off`, of a peer `online`, `offline` or `stale`."),
  between: listOf(required(timeOfDay, "A time of day."), 'From when to when: `["22:00", "06:00"]`.'),
  days: listOf(required(weekday, "A day of the week."), "On these days."),
};

export const actionSchema = {
  output: optional(id, "The output that is switched."),
  set: optional(oneOf("on", "off", "toggle", "pulse"), "What is done with it."),
  for: optional(
    duration(1, day),
    "How long it stays on; only with `on` and `pulse`.",
    "the `pulse` of the output for `pulse`, no end for `on`",
  ),
  flash: optional(flash, "Instead of `set`: on and off again and again, until `total` is over."),
  beep: optional(beep, "Instead of `set`: so many short tones of a buzzer."),
  tone: optional(tone, "Instead of `set`: a tune for a buzzer. On a line that can only be on or off it sounds at every note alike."),
  pattern: listOf(required(duration(10, hour), "A time."), "Instead of `set`: times in turn on and off, beginning with on."),
  repeat: leaf(wholeNumber(1, 1000), 1, "With `pattern`, `beep` and `tone`: how often all of it is played."),
  until: oneOrMore(
    {
      input: optional(id, "The input that ends the pattern."),
      gesture: optional(gesture, "The gesture on it that ends it."),
      clicks: optional(wholeNumber(2, 5), "Instead of `gesture`: so many clicks."),
      topic: optional(topicName, "Instead of `input`: it ends when somebody publishes to this topic; retained messages do not count."),
      payload: optional(peerPayload, "With `topic`: only this message ends it, letter for letter.", "any message"),
    },
    "With a pattern: what ends it early, besides every other command to the output.",
    0,
  ),
  pwm: optional(id, "The PWM that is set, with `value` or `set`."),
  value: optional(level, "With `pwm`: its level, per cent or of a servo microseconds."),
  fade: optional(duration(0, hour), "With `pwm`: how long it takes.", "the `fade` of the PWM"),
  publish: optional(topicName, "The topic to which something is published."),
  payload: optional(anyText, "What is published.", "empty"),
  qos: leaf(wholeNumber(0, 1), 1, "With which QoS."),
  retain: leaf(oneOf("true", "false"), "false", "Whether the broker keeps it."),
  enable: optional(id, "The rule that is enabled."),
  disable: optional(id, "The rule that is disabled."),
  after: optional(duration(10, day), "How long the action waits; a firing meanwhile starts that time anew.", "at once"),
};

export const ruleSchema = {
  when: oneOrMore(triggerSchema, "What starts the rule: one, or a list of which any does.", 1),
  and: oneOrMore(conditionSchema, "What must be so, all of it.", 0),
  unless: oneOrMore(conditionSchema, "What must not be so, none of it.", 0),
  do: listOf(actionSchema, "What the rule does, in this order.", { value: [], shown: "required" }, 1),
  on_start: leaf(oneOf("last", "enabled", "disabled"), "last", "Whether it is enabled when the agent starts; `last` as it was."),
};
