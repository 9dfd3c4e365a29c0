import type { Found, Report } from "./check.ts";
import { isOwnTopic } from "./peers.ts";
import type { ActionConfig, Config, RuleConfig } from "./schema.ts";
import { suggest } from "./suggest.ts";

const none: ReadonlySet<string> = new Set();

/** One id space for inputs, outputs, PWM, sensors and derived values. */
export function checkIds({ ids, place }: Found, report: Report): void {
  const taken = new Map<string, string>();
  const all = ["inputs", "outputs", "pwm", "sensors", "derive"].flatMap((kind) =>
    [...(ids.get(kind) ?? none)].map((id) => ({ id, path: `${kind}.${id}` })),
  );
  for (const { id, path } of all.sort((a, b) => place(a.path).line - place(b.path).line)) {
    const first = taken.get(id);
    if (first === undefined) taken.set(id, path);
    else report(path, `the id ${id} is used by ${first} already (line ${place(first).line})`, "give each an id of its own");
  }
}

/** Reports a name that names nothing; true when it names something, even something faulty. */
export function checkReference(
  path: string,
  id: string,
  kind: "input" | "output" | "pwm" | "rule" | "peer" | "sensor",
  { ids }: Pick<Found, "ids">,
  report: Report,
): boolean {
  const known = ids.get(sectionOf(kind)) ?? none;
  if (known.has(id)) return true;
  const other = kind === "input" ? "output" : "input";
  const is = (kind === "input" || kind === "output") && ids.get(`${other}s`)?.has(id) === true;
  report(path, is ? `${id} is an ${other}` : `there is no ${kind} ${id}`, fixFor(id, known, kind));
  return false;
}

/** Everything that a rule may do. */
function actionsOf(rule: RuleConfig): ActionConfig[] {
  return [...rule.do, ...rule.else, ...rule.on_stale, ...rule.on_broker_lost];
}

function sectionOf(kind: string): string {
  return kind === "pwm" ? kind : `${kind}s`;
}

function fixFor(id: string, known: ReadonlySet<string>, kind: string): string {
  const close = suggest(id, known);
  if (close !== undefined) return `did you mean ${close}?`;
  const list = [...known].slice(0, 12).join(", ");
  return list === "" ? `add it below ${sectionOf(kind)}:` : `name one of ${list}`;
}

/** The path of an item that may stand alone, without the list around it. */
export function itemPath({ place }: Pick<Found, "place">, path: string, index: number): string {
  const numbered = `${path}[${index}]`;
  return index > 0 || place(numbered).line > 0 ? numbered : path;
}

/** An item of a map by an id that a person wrote. */
export function named<T>(items: Record<string, T>, id: string | null): T | undefined {
  return id !== null && Object.hasOwn(items, id) ? items[id] : undefined;
}

/** What listens to the gestures of inputs: rules that start, and patterns that end. */
export function gesturesBound(config: Config): Map<string, { gesture: string | null; clicks: number | null }[]> {
  const bound = new Map<string, { gesture: string | null; clicks: number | null }[]>();
  const add = (input: string | null, on: { gesture: string | null; clicks: number | null }) => {
    if (input === null || (on.gesture === null && on.clicks === null)) return;
    const list = bound.get(input);
    if (list) list.push(on);
    else bound.set(input, [on]);
  };
  for (const rule of Object.values(config.rules)) {
    for (const trigger of rule.when) add(trigger.input, trigger);
    for (const action of actionsOf(rule)) for (const end of [...action.until, ...action.unless]) add(end.input, end);
  }
  return bound;
}

/** Which of the subjects is given; exactly one must be. */
export function subjectOf<K extends string>(
  path: string,
  item: Readonly<Record<string, unknown>>,
  subjects: readonly K[],
  { unread }: Found,
  report: Report,
): K | undefined {
  const [first, second] = subjects.filter((key) => item[key] !== null);
  if (first !== undefined && second !== undefined) {
    report(`${path}.${second}`, `it stands beside ${first}`, "write an item of its own for each");
    return undefined;
  }
  if (first === undefined && !subjects.some((key) => unread.has(`${path}.${key}`)))
    report(path, `it has none of ${subjects.join(", ")}`, "say what it is about");
  return first;
}

/** Reports the first key of `all` that says nothing about the subject of an item. */
export function checkOthers(
  path: string,
  item: Readonly<Record<string, unknown>>,
  subject: string,
  allowed: readonly string[],
  all: readonly string[],
  report: Report,
): void {
  for (const key of all) {
    const value = item[key];
    if (allowed.includes(key) || value === null || (Array.isArray(value) && value.length === 0)) continue;
    report(`${path}.${key}`, `it does not go with ${subject}`, "remove it");
    return;
  }
}

/** Reports a topic of this node itself: what happens here is told to rules without the broker. */
export function checkForeign(path: string, topic: string | null, config: Config, report: Report): void {
  if (isOwnTopic(config, topic)) report(path, "this is a topic of this node itself", "name the input, output or rule itself");
}
