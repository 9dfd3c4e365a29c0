/** The longest id. */
const longest = 32;

/** Ids out of names that may be anything: each is another one. */
export class Ids {
  readonly #taken = new Set<string>();
  /** The last number behind each beginning. */
  readonly #numbers = new Map<string, number>();
  /** The names of inputs and outputs that are written otherwise. */
  readonly changed: [name: string, id: string][] = [];

  /** `Front Door_1` → `front-door-1`; `kind` where nothing is left of the name. */
  of(name: string, kind: "input" | "output" | "sensor"): string {
    const plain = name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-+|-+$/g, "")
      .slice(0, 28);
    const base = plain === "" || plain === "constructor" ? kind : plain;
    let id = base;
    let number = this.#numbers.get(base) ?? 1;
    while (this.#taken.has(id)) {
      number += 1;
      id = `${base.slice(0, longest - 1 - String(number).length)}-${number}`;
    }
    this.#numbers.set(base, number);
    this.#taken.add(id);
    if (id !== name && kind !== "sensor") this.changed.push([name, id]);
    return id;
  }
}
