import { quoteText } from "../../config/problem.ts";
import { suggest } from "../../config/suggest.ts";
import type { Spot, Tree } from "../../config/yaml.ts";

/** What becomes of a thing: it is not there any more; somebody has to do something for it; it is otherwise; it is good to know. */
export type Kind = "left out" | "to do" | "different" | "note";

export interface Remark extends Spot {
  kind: Kind;
  message: string;
  fix: string;
}

/** Of one file; a thousand mistakes are one. */
const maxRemarks = 300;

/** What is to be said of a file, in its order. */
export class Remarks {
  readonly #all: Remark[] = [];
  readonly #said = new Set<string>();
  #more = 0;

  say(kind: Kind, { line, column }: Spot, message: string, fix: string): void {
    // A part of the file that is read twice has its mistakes twice.
    const key = `${line}:${column} ${message}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    if (this.#all.length < maxRemarks) this.#all.push({ kind, line, column, message, fix });
    else this.#more += 1;
  }

  get all(): Remark[] {
    const sorted = this.#all.toSorted((a, b) => a.line - b.line || a.column - b.column);
    if (this.#more > 0)
      sorted.push({ kind: "left out", line: 0, column: 0, message: `there are ${this.#more} more remarks`, fix: "solve these first" });
    return sorted;
  }
}

/** PyYAML reads YAML 1.1, where these words are booleans. */
const words: Readonly<Record<string, boolean>> = { yes: true, no: false, on: true, off: false, true: true, false: false };

/**
 * A map of another program's configuration, which may hold anything. What has the wrong type is told and taken for absent; what nobody has asked for is
 * told by `rest`.
 */
export class Foreign {
  readonly spot: Spot;
  readonly remarks: Remarks;
  readonly #entries: ReadonlyMap<string, { spot: Spot; value: Tree }>;
  readonly #asked = new Set<string>();

  constructor(tree: Tree | undefined, remarks: Remarks, spot: Spot = { line: 0, column: 0 }) {
    const entries = tree?.kind === "map" ? tree.entries : [];
    this.spot = tree ?? spot;
    this.remarks = remarks;
    this.#entries = new Map(entries.map(({ key, value, line, column }) => [key, { spot: { line, column }, value }]));
  }

  has(key: string): boolean {
    return this.#value(key) !== undefined;
  }

  /** Where a key stands; else where the map does. */
  at(key: string): Spot {
    return this.#entries.get(key)?.spot ?? this.spot;
  }

  /** As it was written: `0123` stays that. */
  text(key: string): string | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (value.kind === "scalar") return typeof value.value === "string" ? value.value : value.source;
    return this.#wrong(key, "text");
  }

  number(key: string): number | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    const number = value.kind === "scalar" ? Number(value.value) : Number.NaN;
    return Number.isFinite(number) && this.text(key) !== "" ? number : this.#wrong(key, "a number");
  }

  whole(key: string): number | undefined {
    const number = this.number(key);
    return number === undefined || Number.isSafeInteger(number) ? number : this.#wrong(key, "a whole number");
  }

  flag(key: string): boolean | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const word = text.toLowerCase();
    return Object.hasOwn(words, word) ? words[word] : this.#wrong(key, "yes or no");
  }

  map(key: string): Foreign {
    const value = this.#value(key);
    if (value !== undefined && value.kind !== "map") this.#wrong(key, "a map");
    return new Foreign(value, this.remarks, this.at(key));
  }

  /** The maps of a list. */
  list(key: string): Foreign[] {
    const value = this.#value(key);
    if (value === undefined) return [];
    if (value.kind !== "list") {
      this.#wrong(key, "a list");
      return [];
    }
    return value.items.flatMap((item) => {
      if (item.kind === "map") return new Foreign(item, this.remarks);
      this.remarks.say("left out", item, "an item of the list is no map", "look how it is indented");
      return [];
    });
  }

  texts(key: string): string[] {
    const value = this.#value(key);
    if (value === undefined) return [];
    if (value.kind !== "list") return [this.text(key) ?? ""];
    return value.items.flatMap((item) => (item.kind === "scalar" ? [typeof item.value === "string" ? item.value : item.source] : []));
  }

  /** Says why these keys have no counterpart here, where they stand in the file. */
  without(kind: Kind, reasons: Readonly<Record<string, readonly [message: string, fix: string]>>): void {
    for (const [key, [message, fix]] of Object.entries(reasons)) if (this.has(key)) this.remarks.say(kind, this.at(key), message, fix);
  }

  /** Tells of every key that nobody has asked for. */
  rest(known: readonly string[] = []): void {
    for (const [key, { spot }] of this.#entries) {
      if (this.#asked.has(key) || known.includes(key)) continue;
      const close = suggest(key, this.#asked);
      this.remarks.say(
        "left out",
        spot,
        `${quoteText(key)} is not taken over`,
        close && !this.#entries.has(close) ? `did you mean ${close}?` : "look what it was to do",
      );
    }
  }

  /** An empty value is an absent one. */
  #value(key: string): Tree | undefined {
    this.#asked.add(key);
    const value = this.#entries.get(key)?.value;
    return value?.kind === "scalar" && value.value === null ? undefined : value;
  }

  #wrong(key: string, wanted: string): undefined {
    this.remarks.say("left out", this.at(key), `${key} is not ${wanted}`, "write it so and import the file again");
    return undefined;
  }
}
