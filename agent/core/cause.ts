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
  rule: "rule",
  mqtt: "mqtt",
  cli: "cli",
  tui: "tui",
  failsafe: "failsafe",
};

export function factsOf(cause: Cause): CauseFacts {
  const { kind, text, id = cause.ended?.id ?? null } = cause;
  return { kind: kinds[kind], source: kind === "rule" ? text.replace(/^rule /, "") : text, id, chain: stepsOf(cause) };
}

/** The journal's fields of what was done, or refused, for this cause. */
export function fieldsOf(cause: Cause): LogFields {
  const { kind, source, id, chain } = factsOf(cause);
  const took = chain.findLast((step) => step.duration_ms !== undefined)?.duration_ms;
  return {
    cause: whyOf(cause),
    kind,
    source,
    ...(id === null ? {} : { id }),
    chain: chain.map(stepText).join(" > "),
    ...(took === undefined ? {} : { duration_ms: String(took) }),
  };
}

/** In a few words, for the log: `rule porch-lamp (porch press)`. */
export function whyOf({ text, detail }: Cause): string {
  return detail === null ? text : `${text} (${detail})`;
}

/** A command from the network, with what its sender says of it. */
export function mqttCause(says: string | null, id: string | null): Cause {
  const words = [says, id === null ? null : `id ${id}`].filter((word) => word !== null);
  return { kind: "mqtt", text: "mqtt", detail: words.length === 0 ? null : words.join(", "), ...(id === null ? {} : { id }) };
}

/** A person at the command line or in the terminal UI. */
export function personCause(from: "cli" | "tui"): Cause {
  return { kind: from, text: from, detail: null };
}

/** The cause that ends what `before` began. */
export function endOf(cause: Cause, before: Cause): Cause {
  const { ended: _, ...first } = before;
  return { ...cause, detail: before.text, ended: first };
}

/** Everything that led to a change, and its cause itself last. */
export function stepsOf(cause: Cause): readonly Step[] {
  const { kind, text, ended, trigger, chain = [] } = cause;
  const before = ended !== undefined ? stepsOf(ended) : trigger === undefined ? chain : [...chain, trigger.step];
  const told = ended !== undefined || trigger !== undefined;
  return [...before, { kind: kinds[kind], text: told ? text : whyOf(cause) }].slice(-stepsKept);
}

export function stepText({ text, duration_ms: took }: Step): string {
  return took === undefined ? text : `${text} (${tookText(took)})`;
}
