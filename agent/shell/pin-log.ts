import { spoken } from "../core/length.ts";
import type { LogEvent } from "../core/log-events.ts";
import type { Effect } from "../core/model.ts";
import { Digest, type Summary } from "./digest.ts";
import type { Log } from "./log.ts";

type Entry = Extract<Effect, { type: "log" }>;

/** So many gestures of an input, changes of an output, firings of a rule, and comings and goings of a device are written one by one within a minute. */
const entriesAMinute = 20;

interface Bound {
  /** Whom it is about, by the field with its id. */
  of: "input" | "output" | "rule" | "peer" | "sensor";
  /** In front of its id. */
  name: string;
  /** By what it is counted: a word, or the field that has it. */
  by: { word: string } | { field: "gesture" | "state" };
  /** Whether the sum says how it was left. */
  last: boolean;
}

const peer = { of: "peer", name: "peer ", last: true } as const;
const sensor = { of: "sensor", name: "sensor ", last: true } as const;

/**
 * By what an entry is bounded, and how it is counted. Only these may be counted instead of written: what was refused, what failed here, `max_on`
 * and a failsafe stand in the log by themselves. Of other devices nobody knows how often their wills come and go.
 */
const bounded: Readonly<Partial<Record<LogEvent, Bound>>> = {
  gesture: { of: "input", name: "", by: { field: "gesture" }, last: false },
  "output-moved": { of: "output", name: "", by: { field: "state" }, last: true },
  "rule-fired": { of: "rule", name: "rule ", by: { word: "fired" }, last: false },
  "peer-online": { ...peer, by: { word: "online" } },
  "peer-offline": { ...peer, by: { word: "offline" } },
  "plug-lost": { of: "output", name: "the plug of ", by: { word: "lost" }, last: true },
  "sensor-failed": { ...sensor, by: { word: "failed" } },
  "sensor-returned": { ...sensor, by: { word: "returned" } },
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
    const bound = level !== "debug" && fields.event !== undefined ? bounded[fields.event] : undefined;
    if (bound === undefined) {
      // What was counted is older: told behind this, its last change would be taken for how the output is.
      if (fields.output !== undefined && fields.state !== undefined) this.#digest.end(`output ${fields.output}`);
      this.#tell(entry);
    } else {
      const word = "word" in bound.by ? bound.by.word : fields[bound.by.field];
      this.#digest.take(keyOf(bound, fields), (word ?? "").toLowerCase(), entry);
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
    const bound = last.fields.event && bounded[last.fields.event];
    if (!bound) return;
    const { of, name } = bound;
    const id = last.fields[of] ?? "";
    const times = Array.from(words, ([word, number]) => `${word} ${number} times`).join(", ");
    const end = bound.last ? `; the last: ${last.message}` : "";
    const span = lasted >= 59_500 ? "in the last minute" : `in the last ${spoken(Math.max(1000, Math.round(lasted / 1000) * 1000))}`;
    const message = `${name}${id}: ${times} ${span}, not logged one by one${end}`;
    this.#log[last.level](message, { event: "repeated", [of]: id, count });
  }
}

/** A plug that comes and goes must not hide how its output moves, nor the other way round. */
function keyOf({ of, name }: Bound, fields: Entry["fields"]): string {
  return `${name || `${of} `}${fields[of]}`;
}
