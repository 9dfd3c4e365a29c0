import { printable } from "../shell/printable.ts";
import { columns } from "./command.ts";
import { ageText } from "./sensor-text.ts";
import { type Item, itemText } from "./watch-items.ts";

const redrawEvery = 1000;
// No line may wrap, or the table would not stand where it is drawn over.
const wrapOff = "\u001b[?7l";
const wrapOn = "\u001b[?7h";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";

/** A table that is drawn over itself, below what the terminal showed before; it stays there when it is closed. */
export class LiveTable {
  readonly #out: Pick<NodeJS.WriteStream, "write" | "rows">;
  readonly #timer: NodeJS.Timeout;
  #items: readonly Item[] = [];
  /** The agent's clock, and ours when it told. */
  #at = 0;
  #received = 0;
  #lines = 0;

  constructor(out: Pick<NodeJS.WriteStream, "write" | "rows">) {
    this.#out = out;
    out.write(wrapOff);
    this.#timer = setInterval(() => this.#draw(), redrawEvery);
  }

  show(items: readonly Item[], at: string): void {
    this.#items = items;
    this.#at = Date.parse(at);
    this.#received = Date.now();
    this.#draw();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#out.write(wrapOn);
  }

  #draw(): void {
    const rows = tableLines(this.#items, this.#at + Date.now() - this.#received);
    // The line after the table takes a row as well.
    const room = Math.max(1, (this.#out.rows ?? 24) - 1);
    const shown =
      rows.length > room ? [...rows.slice(0, room - 1), `${rows.length - room + 1} more: name those that you want to see`] : rows;
    const up = this.#lines === 0 ? "" : `\u001b[${this.#lines}A`;
    this.#out.write(`\r${up}${shown.map((line) => `${printable(line)}${clearLine}\n`).join("")}${clearBelow}`);
    this.#lines = shown.length;
  }
}

/** `tent.humidity  48.2 %  12 s`: what it is, since when or how old, and of an output why. */
export function tableLines(items: readonly Item[], now: number): string[] {
  return columns(
    items.map((item) => [item.value === null ? "!" : " ", item.id, itemText(item), ageText(now - Date.parse(item.ts)), item.cause ?? ""]),
  );
}
