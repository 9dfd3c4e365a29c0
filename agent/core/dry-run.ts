import type { AgentEvent, Effect, Instant, SetRequest, TimerKey } from "./model.ts";
import type { Plan } from "./plan.ts";
import { reduce } from "./reduce.ts";
import { missedText, Schedule, type Zone } from "./schedule.ts";
import { startDutyLevel, startLevel } from "./start.ts";
import type { State } from "./state.ts";
import type { Location } from "./sun.ts";

/** The answers of lines, timers, the clock and reloads to what the core decided; it may decide something else now. Everything else came from outside. */
const answers: ReadonlySet<AgentEvent["type"]> = new Set([
  "output-written",
  "output-failed",
  "outputs-leaving",
  "timer-due",
  "counter-kept",
  "time-came",
]);

/** An agent says at least once a day what time it is. */
const longestGap = 2 * 86_400_000;

/** Where the times of day and the sun of the plan come. */
export interface Place {
  /** Null = the one whose offset was recorded with each reading of the clock. */
  zone: Zone | null;
  location: Location | null;
}

/**
 * The core under a plan that was not the recorded one: events from outside as recorded, lines that take every write at once, timers that
 * are never late, and times of day that come by the recorded readings of the clock. Each effect goes to `tell` with the time at which it was decided.
 */
export class DryRun {
  readonly plan: Plan;
  readonly state: State;
  readonly #timers = new Map<TimerKey, Instant>();
  readonly #levels: boolean[];
  readonly #tell: (effect: Effect, at: Instant) => void;
  readonly #zone: Zone;
  readonly #schedule: Schedule;
  #now: Instant;
  #observed: AgentEvent[] = [];

  constructor(plan: Plan, state: State, at: Instant, { zone, location }: Place, tell: (effect: Effect, at: Instant) => void) {
    this.plan = plan;
    this.state = state;
    this.#now = at;
    this.#tell = tell;
    this.#levels = state.inputs.map(({ debounce }) => debounce.raw);
    this.#zone = zone ?? (() => state.zone);
    this.#schedule = new Schedule(plan.listeners.clock, this.#zone, location);
  }

  /** A timer that ran when the recording began, or an effect of carrying the state over to the plan. */
  begin(timers: Iterable<readonly [TimerKey, Instant]>, effects: readonly Effect[]): void {
    for (const [key, at] of timers) if (this.plan.timers.has(key)) this.#timers.set(key, at);
    for (const effect of effects) this.#perform(effect);
    this.#look();
  }

  /** Requests a line that the recorded configuration did not have; what is on it is not known. */
  open(output: number): void {
    const active = startLevel(this.plan, this.state, output, () => undefined, this.#now);
    this.#turn({ type: "output-opened", output, active, at: this.#now, why: "reload", ...this.#level(output, this.#now) });
  }

  /** Takes the next recorded event; one that is not from outside only lets time pass. */
  feed(event: AgentEvent): void {
    this.advance(event.at);
    if (answers.has(event.type) || (event.type === "level-read" && event.why === "gap")) return;
    if (event.type === "edge") this.#levels[event.input] = event.edge === "rising";
    if (event.type === "level-read") this.#levels[event.input] = event.active;
    if (event.type === "output-opened") {
      const active = startLevel(this.plan, this.state, event.output, () => event.active, event.at);
      this.#turn({ ...event, active, ...this.#level(event.output, event.at) });
    } else if (event.type === "clock-read") {
      this.#turn(event);
      this.#look();
    } else this.#turn(event);
  }

  /** Lets the timers run, and the times of day come, that are due by then. Throws SyntaxError when that is days ahead. */
  advance(to: Instant): void {
    if (to - this.#now > longestGap) throw new SyntaxError("it comes days after what is before it: events are missing");
    for (;;) {
      const next = this.#next(to);
      const { first } = this.#schedule;
      const come = first === null ? null : first - this.state.clockOffset;
      if (first !== null && come !== null && come <= (next?.[1] ?? to)) {
        this.#now = Math.max(this.#now, come);
        this.#look(first);
      } else if (next) {
        const [key, at] = next;
        this.#timers.delete(key);
        this.#now = Math.max(this.#now, at);
        this.#turn({ type: "timer-due", key, at });
      } else break;
    }
    this.#now = Math.max(this.#now, to);
  }

  /** What has come by now, and in any case by `first`: of clocks that nobody has the sum may be less. */
  #look(first = Number.NEGATIVE_INFINITY): void {
    const { clockSet, clockOffset: offset } = this.state;
    const at = this.#now;
    const wall = Math.max(first, at + offset);
    const zone = this.#zone(wall);
    // By the zone of the plan, and the hour may just have changed.
    if (clockSet && zone !== this.state.zone) this.#turn({ type: "clock-read", offset, set: true, zone, at });
    for (const come of this.#schedule.look(at, clockSet ? wall : null)) {
      if (come.missed) this.#tell({ type: "log", level: "warn", message: missedText(come), fields: {} }, at);
      else this.#turn({ type: "time-came", trigger: come.trigger, at });
    }
  }

  #level(output: number, at: Instant): { level?: number } {
    return this.plan.outputs[output]?.pwm ? { level: startDutyLevel(this.plan, this.state, output, at) } : {};
  }

  #next(to: Instant): [TimerKey, Instant] | undefined {
    let first: [TimerKey, Instant] | undefined;
    for (const timer of this.#timers) if (timer[1] <= to && (!first || timer[1] < first[1])) first = timer;
    return first;
  }

  #turn(event: AgentEvent): void {
    for (let next: AgentEvent | undefined = event; next; next = this.#observed.shift())
      for (const effect of reduce(this.plan, this.state, next)) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    const at = this.#now;
    if (effect.type === "startTimer") this.#timers.set(effect.key, effect.at);
    else if (effect.type === "stopTimer") this.#timers.delete(effect.key);
    else if (effect.type === "readLevel") {
      const active = this.#levels[effect.input] ?? false;
      this.#observed.push({ type: "level-read", input: effect.input, active, at, why: "gap" });
    } else if (effect.type === "setOutput") this.#observed.push(this.#write(effect));
    else if (effect.type === "keepCounter") this.#observed.push({ ...effect, type: "counter-kept", problem: null, at });
    this.#tell(effect, at);
  }

  #write({ output, active, request }: { output: number; active: boolean; request: SetRequest }): AgentEvent {
    const at = this.#now;
    if (this.state.outputs[output]?.written !== undefined) return { type: "output-written", output, active, request, at };
    return { type: "output-failed", output, active, request, at, problem: "the line is not available now" };
  }
}
