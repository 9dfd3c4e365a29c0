/** Every topic of one node. `base` is P = `<prefix>/<node>`; ids and units are one topic level each. */
export interface Topics {
  readonly base: string;
  readonly status: string;
  readonly info: string;
  readonly health: string;
  /** The one filter under which all commands arrive. */
  readonly commandFilter: string;
  /** The one filter under which all commands to counters arrive. */
  readonly counterFilter: string;
  counterState(id: string): string;
  counterSet(id: string): string;
  counterResult(id: string): string;
  inputState(id: string): string;
  inputEvent(id: string): string;
  outputState(id: string): string;
  outputAttr(id: string): string;
  outputSet(id: string): string;
  outputResult(id: string): string;
  /** The one filter under which commands to rules arrive. */
  readonly ruleFilter: string;
  ruleState(id: string): string;
  ruleSet(id: string): string;
  ruleResult(id: string): string;
  ruleEvent(id: string): string;
  /** The one filter under which what is asked of the agent itself arrives. */
  readonly nodeFilter: string;
  nodeCommand(name: string): string;
  nodeResult(name: string): string;
  /** `name` may have several levels: `host/load/1min`. */
  sys(name: string): string;
  service(unit: string): string;
}

/** What a topic of this node says, without its base. */
export type ParsedTopic =
  | { kind: "status" | "info" | "health" }
  | { kind: "input-state" | "input-event"; id: string }
  | { kind: "counter-state" | "counter-set" | "counter-result"; id: string }
  | { kind: "output-state" | "output-attr" | "output-set" | "output-result"; id: string }
  | { kind: "rule-state" | "rule-set" | "rule-result" | "rule-event"; id: string }
  | { kind: "node-command" | "node-result"; name: string }
  | { kind: "sys"; name: string }
  | { kind: "service"; unit: string };

/** `prefix` may have several levels, `node` is one; both come from a checked configuration (no wildcard, not empty). */
export function topicsOf(prefix: string, node: string): Topics {
  const base = `${prefix}/${node}`;
  return {
    base,
    status: `${base}/status`,
    info: `${base}/info`,
    health: `${base}/health`,
    commandFilter: `${base}/out/+/set`,
    counterFilter: `${base}/counter/+/set`,
    counterState: (id) => `${base}/counter/${id}/state`,
    counterSet: (id) => `${base}/counter/${id}/set`,
    counterResult: (id) => `${base}/counter/${id}/result`,
    ruleFilter: `${base}/rule/+/set`,
    ruleState: (id) => `${base}/rule/${id}/state`,
    ruleSet: (id) => `${base}/rule/${id}/set`,
    ruleResult: (id) => `${base}/rule/${id}/result`,
    ruleEvent: (id) => `${base}/rule/${id}/event`,
    nodeFilter: `${base}/cmd/+`,
    nodeCommand: (name) => `${base}/cmd/${name}`,
    nodeResult: (name) => `${base}/cmd/${name}/result`,
    inputState: (id) => `${base}/in/${id}/state`,
    inputEvent: (id) => `${base}/in/${id}/event`,
    outputState: (id) => `${base}/out/${id}/state`,
    outputAttr: (id) => `${base}/out/${id}/attr`,
    outputSet: (id) => `${base}/out/${id}/set`,
    outputResult: (id) => `${base}/out/${id}/result`,
    sys: (name) => `${base}/$SYS/${name}`,
    service: (unit) => `${base}/service/${unit}/state`,
  };
}

const outputKinds: Readonly<Record<string, "output-state" | "output-attr" | "output-set" | "output-result">> = {
  state: "output-state",
  attr: "output-attr",
  set: "output-set",
  result: "output-result",
};

const counterKinds: Readonly<Record<string, "counter-state" | "counter-set" | "counter-result">> = {
  state: "counter-state",
  set: "counter-set",
  result: "counter-result",
};

const ruleKinds: Readonly<Record<string, "rule-state" | "rule-set" | "rule-result" | "rule-event">> = {
  state: "rule-state",
  set: "rule-set",
  result: "rule-result",
  event: "rule-event",
};

/** The inverse of the functions of `Topics`; undefined for a topic that none of them makes. */
export function parseTopic(topics: Topics, topic: string): ParsedTopic | undefined {
  const { base } = topics;
  if (!topic.startsWith(base) || topic.charAt(base.length) !== "/") return undefined;
  const rest = topic.slice(base.length + 1);
  if (rest === "status" || rest === "info" || rest === "health") return { kind: rest };
  if (rest.startsWith("$SYS/")) return rest.length > 5 ? { kind: "sys", name: rest.slice(5) } : undefined;
  const [group, id, leaf, more] = rest.split("/");
  if (id === undefined || id === "" || more !== undefined) return undefined;
  if (group === "cmd" && (leaf === undefined || leaf === "result"))
    return { kind: leaf === undefined ? "node-command" : "node-result", name: id };
  if (leaf === undefined) return undefined;
  if (group === "out") {
    const kind = Object.hasOwn(outputKinds, leaf) ? outputKinds[leaf] : undefined;
    return kind && { kind, id };
  }
  if (group === "counter") {
    const kind = Object.hasOwn(counterKinds, leaf) ? counterKinds[leaf] : undefined;
    return kind && { kind, id };
  }
  if (group === "rule") {
    const kind = Object.hasOwn(ruleKinds, leaf) ? ruleKinds[leaf] : undefined;
    return kind && { kind, id };
  }
  if (group === "in" && leaf === "state") return { kind: "input-state", id };
  if (group === "in" && leaf === "event") return { kind: "input-event", id };
  if (group === "service" && leaf === "state") return { kind: "service", unit: id };
  return undefined;
}

export interface TopicDescription {
  kind: ParsedTopic["kind"];
  /** With `P` for the base and `<id>` for one level. */
  topic: string;
  direction: "published" | "subscribed";
  payload: string;
  qos: 0 | 1;
  /** "never" for a topic on which a retained message is refused. */
  retain: "yes" | "no" | "never";
  meaning: string;
}

/** The page `docs/topics.md` is generated from this table. */
export const topicTable: readonly TopicDescription[] = [
  {
    kind: "status",
    topic: "P/status",
    direction: "published",
    payload: "`online` / `offline`",
    qos: 1,
    retain: "yes",
    meaning: "`online` after the broker has accepted the subscriptions and all states; `offline` on a clean stop and as the will",
  },
  {
    kind: "info",
    topic: "P/info",
    direction: "published",
    payload: "JSON",
    qos: 1,
    retain: "yes",
    meaning: "version, time of the start, board, inputs and outputs of this node",
  },
  {
    kind: "health",
    topic: "P/health",
    direction: "published",
    payload: "JSON",
    qos: 1,
    retain: "yes",
    meaning: "`ok`, `degraded` or `failing`, with a sentence for each thing that is not well",
  },
  {
    kind: "input-state",
    topic: "P/in/<id>/state",
    direction: "published",
    payload: "`ON` / `OFF`",
    qos: 1,
    retain: "yes",
    meaning: "settled level of an input: `ON` = active",
  },
  {
    kind: "input-event",
    topic: "P/in/<id>/event",
    direction: "published",
    payload:
      "JSON: `event_type`, `duration_ms`, `ts`, `seq`; `multi_press_count` for several clicks; `position` instead of `duration_ms` for an encoder",
    qos: 1,
    retain: "no",
    meaning:
      "a gesture: `press_end` (exactly one click), `long_press_start`, `long_press_end`; `multi_press_ongoing` (at each further click) and `multi_press_end` where a rule or `events` asks for several clicks; `press_start` where `events` lists it; `ring` of a doorbell; `rotate_right` and `rotate_left` of an encoder, one for each detent. `ts` is when it happened, `duration_ms` is counted from the press (of several clicks: the first)",
  },
  {
    kind: "counter-state",
    topic: "P/counter/<id>/state",
    direction: "published",
    payload: "JSON: `total`, `unit`, `rate`, `rate_unit`, `pulses`, `lost`; of an encoder `position`, `lost`; `uncertain` after a loss",
    qos: 1,
    retain: "yes",
    meaning:
      "what a counter has counted, as it is on disk: it never goes back by itself, except for what a power cut takes of the last 5 s. `lost`: edges that could not be counted. `rate` is null while the line cannot be used",
  },
  {
    kind: "counter-set",
    topic: "P/counter/<id>/set",
    direction: "subscribed",
    payload: "a number, or JSON: `set` (a number) or `reset` (true), `ts`, `id`, `cause`",
    qos: 1,
    retain: "never",
    meaning: "sets the total of a counter, or the position of an encoder; retained, stale and malformed ones are refused and answered",
  },
  {
    kind: "counter-result",
    topic: "P/counter/<id>/result",
    direction: "published",
    payload: "JSON: `id`, `ok`, and `total`, `pulses` or `reason`, `message`",
    qos: 1,
    retain: "no",
    meaning: "answer to it, when the new total is on disk, unless it named an MQTT 5 response topic",
  },
  {
    kind: "output-state",
    topic: "P/out/<id>/state",
    direction: "published",
    payload: "`ON` / `OFF`",
    qos: 1,
    retain: "yes",
    meaning: "state of an output as it was written, never as it was requested",
  },
  {
    kind: "output-attr",
    topic: "P/out/<id>/attr",
    direction: "published",
    payload: "JSON: `cause`, `detail`, `kind`, `source`, `id`, `chain`, `text`, `since`, `until`, `problem`, `locked`, `interlock`",
    qos: 0,
    retain: "yes",
    meaning: "why the output has this state, since when, and when it ends",
  },
  {
    kind: "output-set",
    topic: "P/out/<id>/set",
    direction: "subscribed",
    payload: "`ON` `OFF` `TOGGLE` `PULSE`, or JSON: `state`, `for_ms`, `ts`, `id`, `cause`",
    qos: 1,
    retain: "never",
    meaning: "a command; retained, stale and malformed ones, and those that the output's contract forbids, are refused and answered",
  },
  {
    kind: "output-result",
    topic: "P/out/<id>/result",
    direction: "published",
    payload: "JSON: `id`, `ok`, and `state`, `changed` or `reason`, `message`, `allowed_at`",
    qos: 1,
    retain: "no",
    meaning: "answer to a command, unless it named an MQTT 5 response topic",
  },
  {
    kind: "rule-state",
    topic: "P/rule/<id>/state",
    direction: "published",
    payload: "`ON` / `OFF`",
    qos: 1,
    retain: "yes",
    meaning: "whether a rule is enabled",
  },
  {
    kind: "rule-set",
    topic: "P/rule/<id>/set",
    direction: "subscribed",
    payload: "`ON` `OFF` `TRIGGER`, or JSON: `state`, `ts`, `id`, `cause`",
    qos: 1,
    retain: "never",
    meaning: "enables, disables or starts a rule; retained, stale and malformed commands are refused and answered",
  },
  {
    kind: "rule-event",
    topic: "P/rule/<id>/event",
    direction: "published",
    payload: "JSON: `event_type`, `cause`, `chain`, `ts`, `seq`",
    qos: 1,
    retain: "no",
    meaning: "a rule has fired: `cause` is what started it, `chain` what led to that",
  },
  {
    kind: "rule-result",
    topic: "P/rule/<id>/result",
    direction: "published",
    payload: "JSON: `id`, `ok`, and `state` or `reason`, `message`",
    qos: 1,
    retain: "no",
    meaning: "answer to it, unless it named an MQTT 5 response topic",
  },
  {
    kind: "node-command",
    topic: "P/cmd/<name>",
    direction: "subscribed",
    payload: "empty, or JSON: `ts`, `id`",
    qos: 1,
    retain: "never",
    meaning:
      "`reload` applies the changed configuration, `resync` sends every retained state again; retained, stale and malformed ones are refused",
  },
  {
    kind: "node-result",
    topic: "P/cmd/<name>/result",
    direction: "published",
    payload: "JSON: `id`, `ok`, `reason`, `message`; of `reload` also `problems`, `restart`, `changes`",
    qos: 1,
    retain: "no",
    meaning: "answer to it, unless it named an MQTT 5 response topic",
  },
  {
    kind: "sys",
    topic: "P/$SYS/<name>",
    direction: "published",
    payload: "one value",
    qos: 0,
    retain: "yes",
    meaning: "statistics of this agent, named like a broker's",
  },
  {
    kind: "service",
    topic: "P/service/<unit>/state",
    direction: "published",
    payload: "systemd's active state",
    qos: 1,
    retain: "yes",
    meaning: "state of an allow-listed systemd unit",
  },
];
