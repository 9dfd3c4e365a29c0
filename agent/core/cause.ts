import type { Cause, CauseKind, LogFields } from "./model.ts";

/** A cause as other machines read it: in the attributes, the journal, the history and the control protocol. */
export interface CauseFacts {
  kind: CauseKind;
  /** Who or what it was: the rule, `cli`, `max_on`, `interlock gate`, `peer plug offline`. */
  source: string;
  /** The id of the command, as its sender chose it. */
  id: string | null;
  /** From the first step to the last: `porch press`, `rule porch-lamp`, `pulse ended`. */
  chain: string[];
}

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
  return { kind: kinds[kind], source: kind === "rule" ? text.replace(/^rule /, "") : text, id, chain: chainOf(cause) };
}

/** The journal's fields of an output's change. */
export function fieldsOf(output: string, cause: Cause): LogFields {
  const { kind, source, id, chain } = factsOf(cause);
  const why = cause.detail === null ? cause.text : `${cause.text} (${cause.detail})`;
  return { output, cause: why, kind, source, ...(id === null ? {} : { id }), chain: chain.join(" > ") };
}

/** The cause that ends what `before` began. */
export function endOf(cause: Cause, before: Cause): Cause {
  const { ended: _, ...first } = before;
  return { ...cause, detail: before.text, ended: first };
}

function chainOf({ kind, text, detail, ended }: Cause): string[] {
  if (ended !== undefined) return [...chainOf(ended), text];
  if (detail === null) return [text];
  return kind === "rule" ? [detail, text] : [`${text} (${detail})`];
}
