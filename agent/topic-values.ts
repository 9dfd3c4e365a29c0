import type { AgentEvent, Effect, Instant } from "./core/model.ts";
import type { Plan } from "./core/plan.ts";
import type { SensorPlan } from "./core/sensor-plan.ts";
import { type Allowance, newBucket, type TokenBucket, takeToken } from "./core/token-bucket.ts";
import { hear, valuesOf } from "./core/topic-value.ts";
import { matchesFilter } from "./embedded/topic-filter.ts";
import type { ExpressionResult } from "./expression/terms.ts";
import type { Expressions } from "./expression/thread.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import { few } from "./shell/few.ts";
import type { Incoming } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";
import { printable } from "./shell/printable.ts";

export interface TopicValuesOptions {
  current(): Current;
  send(event: AgentEvent): void;
  expressions: Pick<Expressions, "ask" | "dropped">;
  clock: Clock;
  log: Log;
}

/** Who hears what under one plan. */
interface Hearers {
  plan: Plan;
  exact: ReadonlyMap<string, readonly number[]>;
  wild: readonly { filter: string; sensor: number }[];
  /** Of topics that came; the world may make up as many as it likes. */
  known: Map<string, readonly number[]>;
}

/** What a sensor may still be told, and the newest message that waits until it may be told more. */
interface Turnstile {
  bucket: TokenBucket;
  waiting: { message: Incoming; at: Instant } | undefined;
}

const maxKnown = 1024;
const none: readonly number[] = [];
/** For one sensor; of more than these only the newest counts. */
const allowance: Allowance = { burst: 100, every: 10 };

/** Takes values out of what others publish, and has expressions evaluated. */
export class TopicValues {
  readonly #options: TopicValuesOptions;
  readonly #tell: ReturnType<typeof few>;
  /** By the id of the sensor. */
  readonly #turnstiles = new Map<string, Turnstile>();
  #hearers: Hearers | undefined;
  #timer: NodeJS.Timeout | undefined;
  #taken = 0;
  #malformed = 0;
  #dropped = 0;

  constructor(options: TopicValuesOptions) {
    this.#options = options;
    this.#tell = few(options.clock.now, ({ message, fields }) => options.log.warn(message, fields));
  }

  /** Messages that gave values, that gave none, and that were passed over because newer ones came too soon behind them. */
  get counts(): { taken: number; malformed: number; dropped: number } {
    return { taken: this.#taken, malformed: this.#malformed, dropped: this.#dropped + this.#options.expressions.dropped };
  }

  /** True when some sensor listens to this topic. */
  take(message: Incoming): boolean {
    const sensors = this.#sensorsOf(message.topic);
    for (const index of sensors) {
      const sensor = this.#options.current().plan.sensors[index];
      // The empty message is how a retained one is cleared.
      if (!sensor?.topic || message.payload.length === 0 || (message.retain && !sensor.topic.retained)) continue;
      this.#admit(sensor, message);
    }
    return sensors.length > 0;
  }

  /** Evaluates the expression of a derived value. */
  evaluate({ sensor: index, inputs, measured }: Extract<Effect, { type: "evaluate" }>): void {
    const { current, expressions, clock, send } = this.#options;
    const asked = current().plan.sensors[index];
    if (asked?.derive?.kind !== "value") return;
    const { name, unit, text } = asked.derive;
    expressions.ask(`derive ${asked.id}`, [text], { values: inputs }, ([result]) => {
      const sensor = this.#indexOf(asked);
      if (sensor === undefined || result === undefined) return;
      const at = clock.now();
      const value = result.ok ? result.value : undefined;
      const isValue = value !== undefined && (typeof value !== "number" || Number.isFinite(value));
      if (isValue) send({ type: "sensor-read", sensor, values: [{ name, value, unit }], at, measured });
      else send({ type: "sensor-failed", sensor, problem: `the expression ${result.ok ? "made no value" : result.problem}`, at });
    });
  }

  /** What waits is not taken any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#turnstiles.clear();
  }

  #admit(sensor: SensorPlan, message: Incoming): void {
    const at = this.#options.clock.now();
    let turnstile = this.#turnstiles.get(sensor.id);
    if (turnstile === undefined) {
      turnstile = { bucket: { ...newBucket(allowance), at }, waiting: undefined };
      this.#turnstiles.set(sensor.id, turnstile);
    }
    if (turnstile.waiting === undefined && takeToken(turnstile.bucket, allowance, at)) {
      this.#read(sensor, message, at);
      return;
    }
    if (turnstile.waiting !== undefined) this.#dropped++;
    turnstile.waiting = { message, at };
    this.#timer ??= setTimeout(() => this.#admitWaiting(), allowance.every);
  }

  #admitWaiting(): void {
    this.#timer = undefined;
    const { current, clock } = this.#options;
    const { plan } = current();
    let more = false;
    for (const [id, turnstile] of this.#turnstiles) {
      const sensor = plan.sensors[plan.sensorIndex.get(id) ?? -1];
      if (!sensor?.topic) {
        this.#turnstiles.delete(id);
        continue;
      }
      const { waiting } = turnstile;
      if (waiting === undefined) continue;
      if (!matchesFilter(sensor.topic.filter, waiting.message.topic)) turnstile.waiting = undefined;
      else if (takeToken(turnstile.bucket, allowance, clock.now())) {
        turnstile.waiting = undefined;
        this.#read(sensor, waiting.message, waiting.at);
      } else more = true;
    }
    if (more) this.#timer = setTimeout(() => this.#admitWaiting(), allowance.every);
  }

  #read(sensor: SensorPlan, { topic, payload, cut }: Incoming, at: Instant): void {
    const { current, expressions } = this.#options;
    const { topic: source, staleAfter, id } = sensor;
    if (!source) return;
    if (cut || payload.length > source.maxPayload) {
      this.#refuse(id, topic, `it has more than ${source.maxPayload} bytes`);
      return;
    }
    const text = payload.toString("utf8");
    const heard = hear(source, text, staleAfter, current().state, at);
    if (!heard.ok) {
      this.#refuse(id, topic, heard.problem);
      return;
    }
    const { json, raw } = heard;
    const measured = heard.measured ?? at;
    const asked = source.plain ? [] : source.values.flatMap(({ path }, index) => (path === null ? index : []));
    if (asked.length === 0) {
      this.#accept(sensor, topic, json, raw, measured);
      return;
    }
    const expressionsOf = asked.map((index) => source.values[index]?.text ?? "");
    expressions.ask(`topic ${id}`, expressionsOf, { json: text }, (results) =>
      this.#evaluated(sensor, topic, json, raw, asked, results, measured),
    );
  }

  #evaluated(
    sensor: SensorPlan,
    topic: string,
    json: unknown,
    raw: readonly unknown[],
    asked: readonly number[],
    results: readonly ExpressionResult[],
    measured: Instant,
  ): void {
    const complete = [...raw];
    for (const [position, index] of asked.entries()) {
      const result = results[position];
      if (!result?.ok) {
        this.#refuse(sensor.id, topic, `the expression of ${sensor.topic?.values[index]?.name} ${result?.problem ?? "made no value"}`);
        return;
      }
      complete[index] = result.value;
    }
    this.#accept(sensor, topic, json, complete, measured);
  }

  #accept(asked: SensorPlan, topic: string, json: unknown, raw: readonly unknown[], measured: Instant): void {
    const { send, clock } = this.#options;
    const sensor = this.#indexOf(asked);
    if (!asked.topic || sensor === undefined) return;
    const reading = valuesOf(asked.topic, json, raw);
    if (!reading.ok) {
      this.#refuse(asked.id, topic, reading.problem);
      return;
    }
    this.#taken++;
    const at = clock.now();
    send({ type: "sensor-read", sensor, values: reading.values, at, ...(measured < at && { measured }) });
  }

  /** The last value stays, and grows old: whoever sends nonsense must not make it look fresh, nor end it. */
  #refuse(sensor: string, topic: string, problem: string): void {
    this.#malformed++;
    const message = `sensor ${sensor}: a message on ${printable(topic)} was not taken: ${problem}`;
    this.#tell(sensor, { message, fields: { event: "value-refused", sensor, topic: printable(topic) } });
  }

  /** Where the sensor is by now; undefined when a reload has made another one of it. */
  #indexOf({ id, source }: SensorPlan): number | undefined {
    const { plan } = this.#options.current();
    const index = plan.sensorIndex.get(id);
    return index !== undefined && plan.sensors[index]?.source === source ? index : undefined;
  }

  #sensorsOf(topic: string): readonly number[] {
    const { plan } = this.#options.current();
    if (this.#hearers?.plan !== plan) this.#hearers = hearersOf(plan);
    const { exact, wild, known } = this.#hearers;
    if (wild.length === 0) return exact.get(topic) ?? none;
    const before = known.get(topic);
    if (before) return before;
    const matching = wild.flatMap(({ filter, sensor }) => (matchesFilter(filter, topic) ? sensor : []));
    const found = [...(exact.get(topic) ?? none), ...matching];
    if (known.size >= maxKnown) known.clear();
    // Strangers choose them.
    if (topic.length <= 256) known.set(topic, found);
    return found;
  }
}

function hearersOf(plan: Plan): Hearers {
  const exact = new Map<string, number[]>();
  const wild: { filter: string; sensor: number }[] = [];
  for (const [sensor, { topic }] of plan.sensors.entries()) {
    if (topic === null) continue;
    if (/[+#]/.test(topic.filter)) wild.push({ filter: topic.filter, sensor });
    else exact.set(topic.filter, [...(exact.get(topic.filter) ?? []), sensor]);
  }
  return { plan, exact, wild, known: new Map() };
}
