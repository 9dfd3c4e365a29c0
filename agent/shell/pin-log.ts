import { spoken } from "../core/length.ts";
import type { LogEvent } from "../core/log-events.ts";
import type { Effect } from "../core/model.ts";
import { Digest, type Summary } from "./digest.ts";
import type { Log } from "./log.ts";

type Entry = Extract<Effect, { type: "log" }>;

/** So many gestures of an input, changes of an output and firings of a rule are written one by one within a minute. */
const entriesAMinute = 20;

/**
 * By what an entry is bounded, and how it is counted. Only these may be counted instead of written: what was refused, what failed, `max_on`
 * and a failsafe stand in the log by themselves.
 */
const bounded: Readonly<Partial<Record<LogEvent, { of: "input" | "output" | "rule"; by: "gesture" | "state" | null }>>> = {
  gesture: { of: "input", by: "gesture" },
  "output-moved": { of: "output", by: "state" },
  "rule-fired": { of: "rule", by: null },
};

/** What the core has to say, with a bound for each pin and rule that chatters. */
export class PinLog {
  readonly #log: Log;
  readonly #digest: Digest<Entry>;

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#digest = new Digest({ most: entriesAMinute, now, tell: (entry) => this.#tell(entry), sum: (summary) => this.#sum(summary) });
  }

  write({ type, level, message, fields }: Entry): void {
    // Read once: they are made when they are read.
    const entry = { type, level, message, fields };
    const bound = level === "info" && fields.event !== undefined ? bounded[fields.event] : undefined;
    if (bound === undefined) {
      // What was counted is older: told behind this, its last change would be taken for how the output is.
      if (fields.output !== undefined && fields.state !== undefined) this.#digest.end(`output ${fields.output}`);
      this.#tell(entry);
    } else {
      const word = bound.by === null ? "fired" : fields[bound.by];
      this.#digest.take(`${bound.of} ${fields[bound.of]}`, (word ?? "").toLowerCase(), entry);
    }
  }

  /** Before the end: what was counted and not told yet. */
  flush(): void {
    this.#digest.flush();
  }

  #tell({ level, message, fields }: Entry): void {
    this.#log[level](message, { ...fields });
  }

  #sum({ words, count, last, lasted }: Summary<Entry>): void {
    const { event, input, output, rule } = last.fields;
    const of = (event && bounded[event]?.of) ?? "rule";
    const id = { input, output, rule }[of] ?? "";
    const times = Array.from(words, ([word, number]) => `${word} ${number} times`).join(", ");
    const name = of === "rule" ? `rule ${id}` : id;
    const end = of === "output" ? `; the last: ${last.message}` : "";
    const span = lasted >= 59_500 ? "in the last minute" : `in the last ${spoken(Math.max(1000, Math.round(lasted / 1000) * 1000))}`;
    const message = `${name}: ${times} ${span}, not logged one by one${end}`;
    this.#log.info(message, { event: "repeated", [of]: id, count });
  }
}
