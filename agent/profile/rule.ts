import type { ActionConfig, ConditionConfig, RuleConfig, TriggerConfig } from "../../config/schema.ts";

// Rules as a profile writes them: what is not said is absent, as in a file.

export type Trigger = Partial<TriggerConfig>;
export type Condition = Partial<ConditionConfig>;
export type End = Partial<ActionConfig["until"][number]>;
export type Action = Partial<Omit<ActionConfig, "until" | "unless">> & { until?: readonly End[]; unless?: readonly End[] };

/** What a rule of a profile says, by its id. */
export type Rules = Record<string, RuleConfig>;

const noComparison = { sensor: null, below: null, above: null, equals: null, hysteresis: 0 };
const noTrigger: TriggerConfig = {
  ...noComparison,
  input: null,
  gesture: null,
  clicks: null,
  output: null,
  broker: null,
  peer: null,
  is: null,
  for: null,
  time: null,
  sun: null,
  offset: null,
  days: [],
  rule: null,
  start: null,
  topic: null,
  payload: null,
  value: null,
  stale_after: null,
  first_word: null,
  changed_since: [],
  agree: null,
};
const noCondition: ConditionConfig = {
  ...noComparison,
  input: null,
  output: null,
  rule: null,
  fired_within: null,
  broker: null,
  peer: null,
  is: null,
  between: [],
  days: [],
};
const noEnd = { input: null, gesture: null, clicks: null, topic: null, payload: null };
const noAction: ActionConfig = {
  output: null,
  set: null,
  for: null,
  flash: null,
  beep: null,
  tone: null,
  pattern: [],
  repeat: 1,
  until: [],
  pwm: null,
  value: null,
  fade: null,
  publish: null,
  payload: null,
  qos: 1,
  retain: "false",
  enable: null,
  disable: null,
  after: null,
  unless: [],
};

/** A rule, complete. It is enabled at every start: what a profile does is decided by its section, not by what was once said. */
export function rule(
  when: readonly Trigger[],
  actions: readonly Action[],
  more: { and?: readonly Condition[]; unless?: readonly Condition[] } = {},
): RuleConfig {
  const conditions = (given: readonly Condition[] = []) => given.map((condition) => ({ ...noCondition, ...condition }));
  const ends = (given: readonly End[] = []) => given.map((end) => ({ ...noEnd, ...end }));
  return {
    when: when.map((trigger) => ({ ...noTrigger, ...trigger })),
    and: conditions(more.and),
    unless: conditions(more.unless),
    do: actions.map((action) => ({ ...noAction, ...action, until: ends(action.until), unless: ends(action.unless) })),
    else: [],
    on_stale: [],
    on_broker_lost: [],
    min_on: 0,
    min_off: 0,
    repeat: null,
    on_start: "enabled",
  };
}
