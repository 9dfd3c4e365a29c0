/** Every topic of one node. `base` is P = `<prefix>/<node>`; ids and units are one topic level each. */
export interface Topics {
  readonly base: string;
  readonly status: string;
  readonly info: string;
  readonly health: string;
  /** The one filter under which all commands arrive. */
  readonly commandFilter: string;
  /** Every filter under which something is commanded here. */
  readonly commandFilters: readonly string[];
  /** The one filter under which all commands to counters arrive. */
  readonly counterFilter: string;
  counterState(id: string): string;
  counterHistory(id: string): string;
  counterSet(id: string): string;
  counterResult(id: string): string;
  inputState(id: string): string;
  inputEvent(id: string): string;
  outputState(id: string): string;
  outputAttr(id: string): string;
  outputSet(id: string): string;
  outputResult(id: string): string;
  /** The one filter under which all commands to covers arrive. */
  readonly coverFilter: string;
  coverState(id: string): string;
  coverSet(id: string): string;
  coverResult(id: string): string;
  /** The one filter under which commands to PWM arrive. */
  readonly pwmFilter: string;
  pwmState(id: string): string;
  pwmAttr(id: string): string;
  pwmSet(id: string): string;
  pwmResult(id: string): string;
  /** The one filter under which commands to rules arrive. */
  readonly ruleFilter: string;
  ruleState(id: string): string;
  ruleSet(id: string): string;
  ruleResult(id: string): string;
  ruleEvent(id: string): string;
  /** The one filter under which commands to controllers arrive. */
  readonly controllerFilter: string;
  controllerState(id: string): string;
  controllerSet(id: string): string;
  controllerResult(id: string): string;
  /** The one filter under which what is asked of the agent itself arrives. */
  readonly nodeFilter: string;
  nodeCommand(name: string): string;
  nodeResult(name: string): string;
  /** `name` may have several levels: `host/load/1min`. */
  sensorState(id: string): string;
  sensorHistory(id: string): string;
  sensorAvailability(id: string): string;
  sensorQuality(id: string): string;
  sys(name: string): string;
  log(level: string): string;
  service(unit: string): string;
  /** What `pinbus doctor` says to itself. */
  readonly doctor: string;
}

/** What a topic of this node says, without its base. */
export type ParsedTopic =
  | { kind: "status" | "info" | "health" | "doctor" }
  | { kind: Kinds; id: string }
  | { kind: "node-command" | "node-result"; name: string }
  | { kind: "sys"; name: string }
  | { kind: "log"; level: string }
  | { kind: "service"; unit: string };

/** `prefix` may have several levels, `node` is one; both come from a checked configuration (no wildcard, not empty). */
export function topicsOf(prefix: string, node: string): Topics {
  const base = `${prefix}/${node}`;
  const filters = {
    commandFilter: `${base}/out/+/set`,
    pwmFilter: `${base}/pwm/+/set`,
    nodeFilter: `${base}/cmd/+`,
    counterFilter: `${base}/counter/+/set`,
    ruleFilter: `${base}/rule/+/set`,
    coverFilter: `${base}/cover/+/set`,
    controllerFilter: `${base}/controller/+/set`,
  };
  return {
    ...filters,
    commandFilters: Object.values(filters),
    base,
    status: `${base}/status`,
    info: `${base}/info`,
    health: `${base}/health`,
    doctor: `${base}/doctor`,
    counterState: (id) => `${base}/counter/${id}/state`,
    counterHistory: (id) => `${base}/counter/${id}/history`,
    counterSet: (id) => `${base}/counter/${id}/set`,
    counterResult: (id) => `${base}/counter/${id}/result`,
    coverState: (id) => `${base}/cover/${id}/state`,
    coverSet: (id) => `${base}/cover/${id}/set`,
    coverResult: (id) => `${base}/cover/${id}/result`,
    pwmState: (id) => `${base}/pwm/${id}/state`,
    pwmAttr: (id) => `${base}/pwm/${id}/attr`,
    pwmSet: (id) => `${base}/pwm/${id}/set`,
    pwmResult: (id) => `${base}/pwm/${id}/result`,
    ruleState: (id) => `${base}/rule/${id}/state`,
    ruleSet: (id) => `${base}/rule/${id}/set`,
    ruleResult: (id) => `${base}/rule/${id}/result`,
    ruleEvent: (id) => `${base}/rule/${id}/event`,
    controllerState: (id) => `${base}/controller/${id}/state`,
    controllerSet: (id) => `${base}/controller/${id}/set`,
    controllerResult: (id) => `${base}/controller/${id}/result`,
    sensorState: (id) => `${base}/sensor/${id}/state`,
    sensorHistory: (id) => `${base}/sensor/${id}/history`,
    sensorAvailability: (id) => `${base}/sensor/${id}/availability`,
    sensorQuality: (id) => `${base}/sensor/${id}/quality`,
    nodeCommand: (name) => `${base}/cmd/${name}`,
    nodeResult: (name) => `${base}/cmd/${name}/result`,
    inputState: (id) => `${base}/in/${id}/state`,
    inputEvent: (id) => `${base}/in/${id}/event`,
    outputState: (id) => `${base}/out/${id}/state`,
    outputAttr: (id) => `${base}/out/${id}/attr`,
    outputSet: (id) => `${base}/out/${id}/set`,
    outputResult: (id) => `${base}/out/${id}/result`,
    sys: (name) => `${base}/$SYS/${name}`,
    log: (level) => `${base}/log/${level}`,
    service: (unit) => `${base}/service/${unit}/state`,
  };
}

/** What may stand behind an id, by the topic level in front of it. */
const kinds = {
  in: { state: "input-state", event: "input-event" },
  out: { state: "output-state", attr: "output-attr", set: "output-set", result: "output-result" },
  pwm: { state: "pwm-state", attr: "pwm-attr", set: "pwm-set", result: "pwm-result" },
  counter: { state: "counter-state", history: "counter-history", set: "counter-set", result: "counter-result" },
  cover: { state: "cover-state", set: "cover-set", result: "cover-result" },
  rule: { state: "rule-state", set: "rule-set", result: "rule-result", event: "rule-event" },
  controller: { state: "controller-state", set: "controller-set", result: "controller-result" },
  sensor: { state: "sensor-state", history: "sensor-history", availability: "sensor-availability", quality: "sensor-quality" },
} as const;
type Kinds = { [G in keyof typeof kinds]: (typeof kinds)[G][keyof (typeof kinds)[G]] }[keyof typeof kinds];

/** The inverse of the functions of `Topics`; undefined for a topic that none of them makes. */
export function parseTopic(topics: Topics, topic: string): ParsedTopic | undefined {
  const { base } = topics;
  if (!topic.startsWith(base) || topic.charAt(base.length) !== "/") return undefined;
  const rest = topic.slice(base.length + 1);
  if (rest === "status" || rest === "info" || rest === "health" || rest === "doctor") return { kind: rest };
  if (rest.startsWith("$SYS/")) return rest.length > 5 ? { kind: "sys", name: rest.slice(5) } : undefined;
  const [group, id, leaf, more] = rest.split("/");
  if (id === undefined || id === "" || more !== undefined) return undefined;
  if (group === "cmd" && (leaf === undefined || leaf === "result"))
    return { kind: leaf === undefined ? "node-command" : "node-result", name: id };
  if (group === "log" && leaf === undefined) return { kind: "log", level: id };
  if (leaf === undefined) return undefined;
  if (Object.hasOwn(kinds, group ?? "")) {
    const leaves: Readonly<Record<string, Kinds>> = kinds[group as keyof typeof kinds];
    const kind = Object.hasOwn(leaves, leaf) ? leaves[leaf] : undefined;
    return kind && { kind, id };
  }
  if (group === "service" && leaf === "state") return { kind: "service", unit: id };
  return undefined;
}
