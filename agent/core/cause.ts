import { tookText } from "./length.ts";
import type { Cause, CauseKind, LogFields, Step } from "./model.ts";

/** A cause as other machines read it: in the attributes, the journal, the history and the control protocol. */
export interface CauseFacts {
  kind: CauseKind;
  /** Who or what it was: the rule, `cli`, `max_on`, `interlock gate`, `peer plug offline`. */
  source: string;
  /** The id of the command, as its sender chose it. */
  id: string | null;
  /** From the first step to the last: `porch press`, `rule porch-lamp`, `pulse ended`. */
  chain: readonly Step[];
}

/** A longer story has lost its beginning. */
const stepsKept = 8;

const kinds: Readonly<Record<Cause["kind"], CauseKind>> = {
  start: "start",
  chip: "start",
  reload: "contract",
  exit: "contract",
  pulse: "contract",
  "max-on": "contract",
  interlock: "contract",
  curve: "contract",
  rule: "rule",
  controller: "controller",
  mqtt: "mqtt",
  cli: "cli",
  tui: "tui",
  plug: "plug",
  failsafe: "failsafe",
};

export function factsOf(cause: Cause): CauseFacts {
  const { kind, text, id = cause.ended?.id ?? null } = cause;
  return {
    kind: kinds[kind],
    source: kind === "rule" || kind === "controller" ? text.replace(/^[a-z]+ /, "") : text,
    id,
    chain: stepsOf(cause),
  };
}

/** The journal's fields of what was done, or refused, for this cause. Written for every change, so without a spread. */
export function fieldsOf(cause: Cause, { kind, source, id, chain }: CauseFacts = factsOf(cause)): LogFields {
  const fields: LogFields = { cause: whyOf(cause), kind, source, chain: "" };
  for (const step of chain) {
    fields.chain += fields.chain === "" ? stepText(step) : ` > ${stepText(step)}`;
    if (step.duration_ms !== undefined) fields.duration_ms = String(step.duration_ms);
    // `porch click`, `rule porch-lamp`: of several rules in a row the last one is who did it.
    if (step.kind === "input") fields.input ??= inputOf(step);
    else if (step.kind === "rule") fields.rule = step.text.split(" ", 2)[1] ?? "";
  }
  if (id !== null) fields.cause_id = id;
  return fields;
}

/** Of a step that is an input, its id. */
export function inputOf({ text }: Step): string {
  return text.slice(0, text.indexOf(" "));
}

/** Where the command behind it came from; of `identify` that is another topic than that of the output. */
export function topicOf({ kind, says }: Cause, topic: string | undefined): { topic?: string } {
  return kind === "mqtt" && says !== "IDENTIFY" && topic !== undefined ? { topic } : {};
}

/** In a few words, for the log: `rule porch-lamp (porch press)`. */
export function whyOf({ text, detail }: Cause): string {
  return detail === null ? text : `${text} (${detail})`;
}

const bare: Cause = { kind: "mqtt", text: "mqtt", detail: null };

/** A command from the network, with what its sender says of it. */
export function mqttCause(says: string | null, id: string | null): Cause {
  if (says === null && id === null) return bare;
  const words = [says, id === null ? null : `id ${id}`].filter((word) => word !== null);
  const told: Cause = { kind: "mqtt", text: "mqtt", detail: words.join(", ") };
  if (id !== null) told.id = id;
  return told;
}

/** The same cause, with what was wanted; null = nothing that a person reads. Not by a spread: with a key behind it that takes three times the memory. */
export function saying(cause: Cause, says: Cause["says"] | null): Cause {
  return says === null ? cause : Object.assign({}, cause, { says });
}

/** A person at the command line or in the terminal UI. */
export function personCause(from: "cli" | "tui"): Cause {
  return { kind: from, text: from, detail: null };
}

/** Somebody wants to see which output this is. */
export function identifyCause(from: "mqtt" | "cli", id: string | null): Cause {
  const detail = id === null ? from : `${from}, id ${id}`;
  return { kind: from, text: "identify", detail, says: "IDENTIFY", ...(id === null ? {} : { id }) };
}

/** The cause that ends what `before` began. */
export function endOf(cause: Cause, before: Cause): Cause {
  const { ended: _, ...first } = before;
  return { ...cause, detail: before.text, ended: first };
}

/** Everything that led to a change, and its cause itself last. */
export function stepsOf(cause: Cause): readonly Step[] {
  const { kind, text, ended, trigger, chain } = cause;
  const told = ended !== undefined || trigger !== undefined;
  const own: Step = { kind: kinds[kind], text: told ? text : whyOf(cause) };
  if (ended !== undefined) return [...stepsOf(ended), own].slice(-stepsKept);
  if (chain !== undefined) return [...chain, ...(trigger === undefined ? [] : [trigger.step]), own].slice(-stepsKept);
  return trigger === undefined ? [own] : [trigger.step, own];
}

export function stepText({ text, duration_ms: took }: Step): string {
  return took === undefined ? text : `${text} (${tookText(took)})`;
}
