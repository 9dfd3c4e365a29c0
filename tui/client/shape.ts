/** Whether a value has the members that the views read: an agent on another machine is no more trusted than a payload. */
export type Shape = (value: unknown) => boolean;

const text: Shape = (value) => typeof value === "string";
const number: Shape = (value) => typeof value === "number";
const flag: Shape = (value) => typeof value === "boolean";
const either =
  (...shapes: Shape[]): Shape =>
  (value) =>
    shapes.some((shape) => shape(value));
const absent: Shape = (value) => value === undefined;
const nothing: Shape = (value) => value === null;
const list =
  (of: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(of);
const members =
  (of: Readonly<Record<string, Shape>>): Shape =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(of).every(([name, shape]) => shape((value as Record<string, unknown>)[name]));
/** Names are anybody's, values of this shape. */
const record =
  (of: Shape): Shape =>
  (value) =>
    typeof value === "object" && value !== null && Object.values(value).every(of);
const word =
  (...words: string[]): Shape =>
  (value) =>
    words.includes(value as string);

const textOrNull = either(text, nothing);
const numberOrNull = either(number, nothing);
const base = {
  id: text,
  line: text,
  chip: text,
  header: numberOrNull,
  bias: text,
  active: text,
  state: word("ON", "OFF", "UNKNOWN"),
  since: textOrNull,
  problem: textOrNull,
};
const counter = members({ total: number, unit: textOrNull, rate: numberOrNull, rate_unit: textOrNull, pulses: number, lost: number });
const input = members({
  ...base,
  counter: either(absent, counter),
  kind: word("input"),
  gesture: textOrNull,
  glitches: number,
  lost: number,
  bounce_ms: number,
  advice: textOrNull,
  gesture_ms: either(absent, numberOrNull),
});
const pwm = members({
  kind: text,
  value: numberOrNull,
  target: numberOrNull,
  unit: word("%", "µs"),
  low: number,
  high: number,
});
const output = members({
  ...base,
  kind: word("output"),
  cause: text,
  until: textOrNull,
  pulsing: flag,
  locked: flag,
  interlocked: either(absent, text),
  pwm: either(absent, pwm),
});
const rule = members({
  ...{ id: text, text, fired: number, last: textOrNull },
  enabled: either(absent, flag),
  rests_until: either(absent, textOrNull),
  problem: either(absent, textOrNull),
});
const controller = members({
  ...{ id: text, enabled: flag, sensor: text, value: numberOrNull, unit: textOrNull, setpoint: numberOrNull },
  ...{ output: number, output_unit: text, on: flag, since: textOrNull, held: textOrNull, why: textOrNull },
});
const service = members({
  unit: text,
  active: text,
  sub: text,
  since: textOrNull,
  cpu_ns: numberOrNull,
  memory: numberOrNull,
  restarts: numberOrNull,
  problem: textOrNull,
  user: either(absent, flag),
  own: either(absent, flag),
  pid: either(absent, number),
  exit: either(absent, text),
  result: either(absent, text),
  restart_at: either(absent, text),
  control: either(absent, list(word("start", "stop", "restart"))),
  log_file: either(absent, text),
});
const logLine = members({
  number,
  at: either(absent, text),
  priority: either(absent, number),
  text,
  unit: either(absent, text),
  note: either(absent, flag),
});
const sensor = members({
  values: list(members({ value: either(number, flag, text), unit: textOrNull })),
  quality: text,
  reason: textOrNull,
  age_ms: numberOrNull,
});
const sensorEntry = members({
  ...{ kind: word("sensor"), id: text, driver: text, stale_after_ms: numberOrNull, used_by: list(text) },
  values: list(members({ name: text, value: either(number, flag, text), unit: textOrNull })),
  ...{ quality: word("ok", "stale", "failed", "unknown"), reason: textOrNull, ts: textOrNull, age_ms: numberOrNull },
});
const check = members({ name: text, problem: textOrNull, detail: textOrNull });
const listener = members({ protocol: text, address: text, port: number, problem: textOrNull });

const packet = members({
  number,
  at: text,
  direction: word("sent", "received"),
  type: text,
  id: either(absent, number),
  topic: either(absent, text),
  qos: either(absent, number),
  size: either(absent, number),
  reason: either(absent, number),
  rtt_ms: either(absent, number),
});

const edge = members({
  at: text,
  after_ms: numberOrNull,
  active: either(flag, nothing),
  accepted: either(flag, nothing),
  note: textOrNull,
});
const gesture = members({ gesture: text, after: text, ms: number, why: text, every_ms: numberOrNull });
const inputDetail = members({
  ...{ kind: word("input"), id: text, debounce_ms: number, by_line: flag },
  gestures: list(gesture),
  edges: members({ since: text, edges: list(edge) }),
});
const outputDetail = members({
  ...{ kind: word("output"), id: text, pulse_ms: number, max_on_ms: numberOrNull, min_on_ms: number, min_off_ms: number },
  on_broker_lost: either(nothing, members({ after_ms: number, do: text })),
  on_peer_offline: either(nothing, members({ peer: text, after_ms: number, do: text })),
  interlock: either(nothing, members({ group: text, partners: list(text), dead_time_ms: number, mode: text })),
});
const line = members({ offset: number, name: text, header: numberOrNull, holder: text, direction: text, id: textOrNull });

/** By the name of the push. */
export const pushShapes: Readonly<Record<string, Shape>> = {
  pins: members({
    ...{ at: text, driver: text, simulated: flag, edges: number, pins: list(either(input, output)), rules: list(rule) },
    sensors: either(absent, list(sensorEntry)),
    controllers: either(absent, list(controller)),
  }),
  services: list(service),
  host: members({
    at: text,
    machine: members({ model: either(absent, text), os: either(absent, text) }),
    values: record(text),
    health: text,
    problems: list(text),
    checks: list(check),
    watchdog_ms: numberOrNull,
    sensors: record(sensor),
  }),
};

/** By the method; the answers to the others are not taken apart. */
export const answerShapes: Readonly<Record<string, Shape>> = {
  hello: members({ protocol: number, version: text }),
  status: members({
    problems: list(text),
    peers: list(members({ id: text, state: text })),
    link: members({ server: text, online: flag, since: textOrNull, problem: textOrNull, reconnects: number }),
    outbox: members({ waiting: number, dropped: number }),
    broker: either(absent, members({ listeners: list(listener) })),
  }),
  "broker-login": members({
    url: textOrNull,
    ...{ username: textOrNull, password: textOrNull, ca: textOrNull, cert: textOrNull, key: textOrNull, servername: textOrNull },
    tls_min: word("1.2", "1.3"),
    trust: word("ca", "own", "any"),
  }),
  trace: list(packet),
  "packet-bytes": either(nothing, members({ number, size: number, hex: text })),
  why: list(members({ at: text, state: text, cause: text, detail: textOrNull, text, until: textOrNull })),
  pin: either(inputDetail, outputDetail),
  lines: list(members({ label: text, name: text, lines: list(line) })),
  "service-log": members({
    unit: text,
    from: word("journal", "file", "warnings"),
    run: number,
    last: number,
    lines: list(logLine),
    problem: textOrNull,
  }),
};

/** What a `hello` of our own protocol version has besides. */
export const helloShape = members({ node: text, base: text, operate: flag, simulated: flag });
