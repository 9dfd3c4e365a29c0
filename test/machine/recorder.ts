import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lineKey, wires } from "./wires.ts";

/** What was done to one line of a simulated chip, in the order of the kernel's clock. */
export interface Touch {
  /** ms of CLOCK_MONOTONIC, the clock of the edges and of `process.hrtime`. */
  at: number;
  /** The outside world pulled; a program drove the line or took it as an input; the kernel got the line back. */
  did: "pulled" | "driven" | "taken as input" | "released";
  /** `lineKey` of it. */
  line: string;
  /** Of what was pulled or driven. */
  level: 0 | 1;
  pid: number;
}

/** A level that the wire took, and why. */
export interface Edge {
  at: number;
  level: 0 | 1;
  by: Touch["did"];
}

const tracing = "/sys/kernel/tracing";

/** Where gpio-sim moves a line; the label of its chip is what the first member of each structure leads to. */
const probes = [
  "set gpio_sim_set line=$arg2:u32 value=$arg3:u32",
  "set_multiple gpio_sim_set_multiple mask=+0($arg2):x64 bits=+0($arg3):x64",
  "out gpio_sim_direction_output line=$arg2:u32 value=$arg3:u32",
  "in gpio_sim_direction_input line=$arg2:u32",
  "free gpio_sim_free line=$arg2:u32",
  "pull gpio_sim_apply_pull.isra.0 line=$arg2:u32 value=$arg3:u32",
];

/**
 * A witness that pinbus knows nothing of: the kernel's own trace of everything that moves a simulated line, also for as short as
 * nobody could see it by looking, also by whom no program is left to ask. `check` compares what it believes with the wire itself.
 */
export class Recorder {
  #levels = new Map<string, 0 | 1>();
  #pulls = new Map<string, 0 | 1>();

  /** Switched on once, while nothing moves: a probe patches the running kernel, which an emulated second processor can trip over. */
  constructor() {
    trace("tracing_on", "0");
    trace("options/record-cmd", "0");
    trace("trace_clock", "mono");
    trace("buffer_size_kb", "16384");
    for (const probe of probes) {
      const [name, ...rest] = probe.split(" ");
      const [symbol, ...fields] = rest;
      // The file appends only when it is opened so.
      writeFileSync(join(tracing, "kprobe_events"), `p:pinbus/${name} ${symbol} chip=+0(+0($arg1)):string ${fields.join(" ")}\n`, {
        flag: "a",
      });
    }
    // Not recorded, only counted: at its end the edge has its number and can be read.
    writeFileSync(join(tracing, "kprobe_events"), "r:pinbus_counted/edge edge_irq_thread\n", { flag: "a" });
    trace("events/pinbus_counted/edge/filter", "__probe_func == 0");
    trace("events/pinbus_counted/edge/enable", "1");
    trace("events/pinbus/enable", "1");
    trace("tracing_on", "1");
  }

  /** Forgets what was; the wires as they are now are where the next edges start from. */
  mark(): void {
    trace("trace", "");
    const now = wires();
    this.#levels = new Map(now.map((wire) => [lineKey(wire), wire.level]));
    this.#pulls = new Map(now.map((wire) => [lineKey(wire), wire.pull]));
  }

  /** The levels at the mark, by line. */
  levels(): ReadonlyMap<string, 0 | 1> {
    return this.#levels;
  }

  /** Everything since the mark. Throws if the kernel's buffer was too small for it. */
  touches(): Touch[] {
    const text = readFileSync(join(tracing, "trace"), "utf8");
    const [, kept, written] = /entries-in-buffer\/entries-written: (\d+)\/(\d+)/.exec(text) ?? [];
    if (kept === undefined || kept !== written) throw new Error(`the kernel's trace kept ${kept} of ${written} entries`);
    return [...text.matchAll(/-(\d+) +\[\d+\].*? (\d+\.\d+): (\w+): \(gpio_sim.*?\) chip="([^"]*)"(.*)/g)].flatMap(touchesOf);
  }

  /** The edges of each line since the mark, as somebody would see them who watches the wire; no entry for a line that kept still. */
  edges(touches: readonly Touch[] = this.touches()): Map<string, Edge[]> {
    const levels = new Map(this.#levels);
    const pulls = new Map(this.#pulls);
    const driven = new Set<string>();
    const edges = new Map<string, Edge[]>();
    for (const { at, did, line, level } of touches) {
      if (did === "pulled") pulls.set(line, level);
      if (did === "driven") driven.add(line);
      else if (did !== "pulled") driven.delete(line);
      if (did === "taken as input" || (did === "pulled" && driven.has(line))) continue;
      const next = did === "released" ? (pulls.get(line) ?? 0) : level;
      // A new chip begins low.
      if ((levels.get(line) ?? 0) === next) continue;
      levels.set(line, next);
      const list = edges.get(line);
      if (list) list.push({ at, level: next, by: did });
      else edges.set(line, [{ at, level: next, by: did }]);
    }
    return edges;
  }

  /** Throws when the wires are not at the levels that the recorded edges lead to: then the record is not complete. */
  check(edges = this.edges()): void {
    const wrong = wires().filter(
      (wire) => wire.level !== (edges.get(lineKey(wire))?.at(-1)?.level ?? this.#levels.get(lineKey(wire)) ?? 0),
    );
    if (wrong.length > 0) throw new Error(`the record does not lead to what is on the wire of ${wrong.map(lineKey).join(", ")}`);
  }
}

/** Edges that the kernel's character device has numbered, on all lines, since a recorder was made; other processes may ask, too. */
export function handedOut(): number {
  const [, hits, missed] = /^ *edge +(\d+) +(\d+)/m.exec(readFileSync(join(tracing, "kprobe_profile"), "utf8")) ?? [];
  if (hits === undefined || missed !== "0") throw new Error(`the kernel's probe missed ${missed} edges`);
  return Number(hits);
}

function touchesOf([, pid, seconds, probe = "", chip = "", rest = ""]: RegExpMatchArray): Touch[] {
  const field = (name: string) => new RegExp(` ${name}=(\\S+)`).exec(rest)?.[1] ?? "";
  const touch = (did: Touch["did"], offset: number, level: boolean): Touch => ({
    at: Number(seconds) * 1000,
    did,
    line: lineKey({ chip, offset }),
    level: level ? 1 : 0,
    pid: Number(pid),
  });
  const offset = Number(field("line"));
  const level = field("value") !== "0";
  switch (probe) {
    case "set_multiple": {
      const mask = BigInt(field("mask"));
      const bits = BigInt(field("bits"));
      const offsets = Array.from({ length: 64 }, (_, at) => at).filter((at) => (mask >> BigInt(at)) & 1n);
      return offsets.map((at) => touch("driven", at, ((bits >> BigInt(at)) & 1n) === 1n));
    }
    case "set":
    case "out":
      return [touch("driven", offset, level)];
    case "in":
      return [touch("taken as input", offset, false)];
    case "free":
      return [touch("released", offset, false)];
    default:
      return [touch("pulled", offset, level)];
  }
}

function trace(name: string, text: string): void {
  writeFileSync(join(tracing, name), text);
}
