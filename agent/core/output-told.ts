import { factsOf, fieldsOf, topicOf, whyOf } from "./cause.ts";
import type { End } from "./history.ts";
import { isoTime } from "./iso-time.ts";
import type { LogEvent } from "./log-events.ts";
import type { Cause, Effect, Instant, LogFields } from "./model.ts";
import type { OutputPlan } from "./output-plan.ts";
import { levelWords, pwmPayload } from "./pwm.ts";
import { sentenceOf } from "./reason.ts";
import type { OutputState, State } from "./state.ts";

// What an output tells of itself: its state, its attributes, and its entry in the log.

export function stateWord(active: boolean): "ON" | "OFF";
export function stateWord(active: boolean | undefined): "ON" | "OFF" | "UNKNOWN";
export function stateWord(active: boolean | undefined): "ON" | "OFF" | "UNKNOWN" {
  return active === undefined ? "UNKNOWN" : active ? "ON" : "OFF";
}

/** When a running pulse or max-on switches the output off, whichever comes first. */
export function endsAt(output: OutputState): Instant | null {
  if (output.pulseEnds === null || output.maxOnEnds === null) return output.pulseEnds ?? output.maxOnEnds;
  return Math.min(output.pulseEnds, output.maxOnEnds);
}

/** The same with its reason. */
export function endOf(output: OutputState): End | null {
  const at = endsAt(output);
  return at === null ? null : { at, by: at === output.pulseEnds ? "its pulse" : "max_on" };
}

/** A retained topic that the core owns, as it is now. */
export interface Retained {
  kind: "state";
  topic: string;
  payload: string;
  qos: 0 | 1;
  retain: true;
}

/** Field by field: a spread would allocate three times as much, in the hottest path. */
export function publish({ kind, topic, payload, qos, retain }: Retained): Effect {
  return { type: "publish", kind, topic, payload, qos, retain };
}

export function stateOf(outputPlan: OutputPlan, output: OutputState): Retained {
  const payload = outputPlan.pwm === null ? stateWord(output.written) : pwmPayload(outputPlan.pwm, output);
  return { kind: "state", topic: outputPlan.stateTopic, payload, qos: 1, retain: true };
}

export function attrOf(state: State, outputPlan: OutputPlan, output: OutputState): Retained {
  return { kind: "state", topic: outputPlan.attrTopic, payload: attrText(outputPlan, toldOf(state, output)), qos: 0, retain: true };
}

/** Its text is made when somebody reads it: no state waits for it, and of many in a row most are never sent. */
export function attrLater(state: State, outputPlan: OutputPlan, output: OutputState): Effect {
  return new AttrLater(outputPlan, toldOf(state, output));
}

// A class for each, and no literals with getters: V8 keeps those as dictionaries, of 650 bytes each and slow.

class AttrLater {
  readonly type = "publish";
  readonly kind = "state";
  readonly topic: string;
  readonly qos = 0;
  readonly retain = true;
  readonly #plan: OutputPlan;
  readonly #told: Told;

  constructor(plan: OutputPlan, told: Told) {
    this.topic = plan.attrTopic;
    this.#plan = plan;
    this.#told = told;
  }

  get payload(): string {
    return attrText(this.#plan, this.#told);
  }
}

/** What the attributes tell, as it is now. */
interface Told extends Pick<OutputState, "written" | "level" | "fade" | "cause" | "since" | "until" | "problem" | "locked"> {
  ends: End | null;
  clockOffset: number;
}

function toldOf({ clockOffset }: State, output: OutputState): Told {
  const { written, level, fade, cause, since, until, problem, locked } = output;
  return { written, level, fade, cause, since, until, problem, locked, ends: endOf(output), clockOffset };
}

function attrText(outputPlan: OutputPlan, told: Told): string {
  const { written, cause, since, until, problem, locked, ends } = told;
  const facts = factsOf(cause);
  return JSON.stringify({
    cause: cause.text,
    detail: cause.detail,
    kind: facts.kind,
    source: facts.source,
    id: facts.id,
    chain: facts.chain,
    since: isoTime(told, since),
    until: until === null ? null : isoTime(told, until),
    text: written === undefined ? null : sentenceOf({ state: stateWord(written), cause, ends, level: levelWords(outputPlan, told) }),
    problem,
    locked,
    // Left out of the text when there is none.
    interlock: outputPlan.interlock?.group,
  });
}

/** Its words, too, are found when it is written. */
export function logLater(plan: OutputPlan, active: boolean, words: string, cause: Cause, level: "info" | "debug"): Effect {
  return new LogLater(plan, active, words, cause, level);
}

class LogLater {
  readonly type = "log";
  readonly level: "info" | "debug";
  readonly #plan: OutputPlan;
  readonly #active: boolean;
  readonly #words: string;
  readonly #cause: Cause;

  constructor(plan: OutputPlan, active: boolean, words: string, cause: Cause, level: "info" | "debug") {
    this.level = level;
    this.#plan = plan;
    this.#active = active;
    this.#words = words;
    this.#cause = cause;
  }

  get message(): string {
    return `${this.#plan.id} ${this.#active ? "on" : "off"}${this.#words}: ${whyOf(this.#cause)}`;
  }

  get fields(): LogFields {
    const fields = fieldsOf(this.#cause);
    fields.event = movedBy[this.#cause.kind] ?? "output-moved";
    fields.output = this.#plan.id;
    fields.state = stateWord(this.#active);
    return Object.assign(fields, topicOf(this.#cause, this.#plan.setTopic));
  }
}

/** For whoever copies an effect: a copy does not have what is made when it is read. */
export function withText<T extends Effect>(effect: T): T {
  if (effect instanceof AttrLater) {
    const { type, kind, topic, payload, qos, retain } = effect;
    return { type, kind, topic, payload, qos, retain } as Effect as T;
  }
  if (effect instanceof LogLater) {
    const { type, level, message, fields } = effect;
    return { type, level, message, fields } as Effect as T;
  }
  return effect;
}

/** What somebody looks for by itself. */
const movedBy: Readonly<Partial<Record<Cause["kind"], LogEvent>>> = {
  "max-on": "max-on-reached",
  failsafe: "failsafe",
  chip: "line-returned",
};
