import { anyNumber, decimal, signedDuration, timeOfDay } from "./clock-formats.ts";
import { expression } from "./expression.ts";
import { anyText, bad, duration, id, ok, oneOf, text, wholeNumber } from "./formats.ts";
import { type ListOf, leaf, listOf, oneOrMore, optional, required } from "./leaf.ts";
import { beep, flash, tone } from "./pattern-formats.ts";
import { peerPayload, topicName } from "./peers.ts";
import { level } from "./pwm-formats.ts";
import { sensorRef } from "./sensor-ref.ts";

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;

const gesture = oneOf("press", "release", "click", "double", "triple", "hold", "hold_end", "repeat", "right", "left");
const word = text(
  "word",
  "one word",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^[^\s\u0000-\u001f\u007f-\u009f]{1,64}$/,
  "write 1 to 64 characters without spaces",
);
const weekday = oneOf("mon", "tue", "wed", "thu", "fri", "sat", "sun");
const is = oneOf("on", "off", "online", "offline", "stale");
/** What a value is compared with; the same words in triggers and conditions. */
const comparison = {
  below: optional(anyNumber, "With a value: it is lower than this."),
  above: optional(anyNumber, "With a value: it is higher than this."),
  equals: optional(peerPayload, "With a value that is a word: it is this one, letter for letter."),
  hysteresis: leaf(
    decimal(0, 999_999),
    0,
    "With `below` and `above`: how far it must go back over the limit before that is over: `below: 55, hysteresis: 3` is over at 58.",
  ),
};

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
  sensor: optional(
    sensorRef,
    "A value, `tent.humidity`, or `tent` of a sensor with one value: it is `below` or `above` a limit, or `equals` a word. It stands alone in `when`.",
  ),
  ...comparison,
  value: optional(expression, "With `topic`: not the message counts, but the value that stands there in it, as that of a sensor would."),
  stale_after: optional(duration(second, 7 * day), "With `value`: how long it holds when no further one comes."),
  first_word: optional(word, "With `topic`, instead of `payload`: only messages that begin with this word.", "any message"),
  changed_since: oneOrMore(
    required(topicName, "A topic."),
    "With `topic`: only a message that says something else than the last one with the same first word; a message on one of these topics forgets what was said.",
    0,
  ),
  agree: optional(
    wholeNumber(2, 16),
    "With `changed_since`: instead of at each change once, as soon as messages with so many different first words have the same rest.",
  ),
};

export const conditionSchema = {
  input: optional(id, "An input, with `is`."),
  output: optional(id, "An output, with `is`."),
  rule: optional(id, "Another rule, with `is: on` while it is enabled, or with `fired_within`."),
  fired_within: optional(duration(10, day), "With `rule`: it has fired, and that is not longer ago."),
  broker: optional(oneOf("connected", "lost"), "The link to the broker is up, or is not."),
  peer: optional(id, "Another device, with `is: online`, `is: offline` or `is: stale`."),
  is: optional(is, "What it must be: `on` or `off`, of a peer `online`, `offline` or `stale`."),
  sensor: optional(sensorRef, "A value, with `below`, `above` or `equals`; what is stale or unknown lets nothing happen."),
  ...comparison,
  between: listOf(required(timeOfDay, "A time of day."), 'From when to when: `["22:00", "06:00"]`.'),
  days: listOf(required(weekday, "A day of the week."), "On these days."),
};

/** Something that may happen while an action waits or a pattern plays. */
const endSchema = {
  input: optional(id, "An input."),
  gesture: optional(gesture, "The gesture on it."),
  clicks: optional(wholeNumber(2, 5), "Instead of `gesture`: so many clicks."),
  topic: optional(topicName, "Instead of `input`: somebody publishes to this topic; retained messages do not count."),
  payload: optional(peerPayload, "With `topic`: only this message, letter for letter.", "any message"),
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
  until: oneOrMore(endSchema, "With a pattern: what ends it early, besides every other command to the output.", 0),
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
  unless: oneOrMore(endSchema, "With `after`: what drops the action while it waits.", 0),
};

/** What is done when a value can no longer be relied on, or the broker is away. */
export const reactionSchema = {
  do: optional(oneOf("else", "none"), "`else` = what `else` says; `none` = nothing."),
  ...actionSchema,
};

function reaction(doc: string): ListOf<typeof reactionSchema> {
  const short = {
    shape: "`else` or `none`",
    read: (word: string) =>
      word === "else" || word === "none" ? ok({ do: word }) : bad("it is neither else, none nor a list of actions", "write else or none"),
  };
  return { ...oneOrMore(reactionSchema, doc, 0), short };
}

export const ruleSchema = {
  when: oneOrMore(triggerSchema, "What starts the rule: one, or a list of which any does.", 1),
  and: oneOrMore(conditionSchema, "What must be so, all of it.", 0),
  unless: oneOrMore(conditionSchema, "What must not be so, none of it.", 0),
  do: listOf(actionSchema, "What the rule does, in this order.", { value: [], shown: "required" }, 1),
  else: listOf(actionSchema, "With a trigger on a value: what is done when it is over, or the conditions are no longer met."),
  on_stale: reaction(
    "With values: what is done when one of them is stale; required. `else`, `none`, or actions as in `do`; `{do: else, after: 1m}` waits.",
  ),
  on_broker_lost: reaction(
    "The same when the broker is lost; then the rule rests until it is back. Required with values or actions that go over the broker.",
  ),
  min_on: leaf(duration(0, day), 0, "With a trigger on a value: how long it must be since `do` before `else` is done."),
  min_off: leaf(duration(0, day), 0, "With a trigger on a value: how long it must be since `else`, or the start, before `do` is done."),
  repeat: optional(
    duration(second, day),
    "With a trigger on a value: while it holds, `do` is done again this often, for plugs that go off by themselves.",
    "once",
  ),
  on_start: leaf(oneOf("last", "enabled", "disabled"), "last", "Whether it is enabled when the agent starts; `last` as it was."),
};
