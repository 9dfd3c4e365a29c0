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
});
const output = members({ ...base, kind: word("output"), cause: text, until: textOrNull, pulsing: flag, locked: flag });
const rule = members({ id: text, text, fired: number, last: textOrNull });
const service = members({
  unit: text,
  active: text,
  sub: text,
  since: textOrNull,
  cpu_ns: numberOrNull,
  memory: numberOrNull,
  restarts: numberOrNull,
  problem: textOrNull,
});
const sensor = members({
  values: list(members({ value: number, unit: textOrNull })),
  quality: text,
  reason: textOrNull,
  age_ms: numberOrNull,
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

/** By the name of the push. */
export const pushShapes: Readonly<Record<string, Shape>> = {
  pins: members({ at: text, driver: text, simulated: flag, edges: number, pins: list(either(input, output)), rules: list(rule) }),
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
  trace: list(packet),
  why: list(members({ at: text, state: text, cause: text, detail: textOrNull })),
};

/** What a `hello` of our own protocol version has besides. */
export const helloShape = members({ node: text, base: text, operate: flag, simulated: flag });
