import { historyLength, refusalsKept } from "../core/history.ts";

/** A line of the file, as it is written there. */
export interface HistoryLine {
  output: string;
  state: string;
  text: string;
}

/** The lines of the file that count: the newest of each output, oldest first. */
export class HistoryLines {
  readonly #byOutput: Map<string, HistoryLine[]>;

  constructor(byOutput: Map<string, HistoryLine[]> = new Map()) {
    this.#byOutput = byOutput;
  }

  add(line: HistoryLine): void {
    this.#byOutput.set(line.output, trimmed([...(this.#byOutput.get(line.output) ?? []), line]));
  }

  /** With these as well, but no more than `bytes`: when there is no room for all, each output keeps as many of its newest as any other. */
  within(bytes: number, newer: readonly HistoryLine[]): HistoryLines {
    const all = new HistoryLines(new Map(this.#byOutput));
    for (const line of newer) all.add(line);
    const kept = new Map<string, HistoryLine[]>();
    let left = bytes;
    for (let age = 0; age < historyLength + refusalsKept; age++) {
      for (const [output, own] of all.#byOutput) {
        const line = own.at(-1 - age);
        if (line === undefined) continue;
        left -= Buffer.byteLength(line.text) + 1;
        if (left < 0) return new HistoryLines(kept);
        kept.set(output, [line, ...(kept.get(output) ?? [])]);
      }
    }
    return new HistoryLines(kept);
  }

  toString(): string {
    return textOf([...this.#byOutput.values()].flat());
  }
}

export function textOf(lines: readonly HistoryLine[]): string {
  return lines.map(({ text }) => `${text}\n`).join("");
}

/** The newest changes and the newest refusals, in their order. */
export function trimmed<T extends { state: string }>(entries: readonly T[]): T[] {
  let [changes, refusals] = [0, 0];
  return entries
    .toReversed()
    .filter(({ state }) => (state === "REFUSED" ? ++refusals <= refusalsKept : ++changes <= historyLength))
    .toReversed();
}
