import { shown } from "../editor.ts";
import { count } from "../format.ts";
import { type ClearOverlay, clearRate } from "../retained.ts";
import { frame, innerCols } from "./box.ts";
import type { Canvas, Line } from "./canvas.ts";

const width = 70;

export function drawClear(canvas: Canvas, { branch, found, field }: ClearOverlay): void {
  const inner = innerCols(canvas, width);
  const heading = "Clear retained";
  if (found === null) {
    frame(canvas, heading, width, [
      [`${branch}/#`, "bold"],
      ["the broker is asked which topics hold a retained message", "dialog"],
      ["", "dialog"],
      ["Esc Cancel", "key"],
    ]);
    return;
  }
  const { topics, path } = found;
  const seconds = Math.ceil(topics / clearRate);
  const empty = topics === 1 ? "1 empty retained message" : `${count(topics)} empty retained messages`;
  // A small screen gets the same in fewer words.
  const told =
    inner >= 60
      ? [
          `-> ${count(topics)} ${topics === 1 ? "topic holds" : "topics hold"} a retained message`,
          `Sends ${empty} at ${clearRate}/s (about ${seconds} s).`,
          "Everybody who listens there sees them as empty messages.",
          "This cannot be undone. A backup is written first:",
        ]
      : [`-> ${count(topics)} hold a retained message`, `Sends as many empty ones (${seconds} s):`, "others see them. No undo. Backup at"];
  const lines: Line[] = [
    [`${branch}/#`, "bold"],
    ...told.map((text, at): Line => [text, at === told.length - 1 ? "warn" : at === 0 ? "bold" : "dialog"]),
    [`  ${path}`, "dialog"],
    [`Type the count to confirm:  ${shown(field, Math.max(2, inner - 28))}`, "bold"],
    [inner >= 42 ? "Enter Clear   b Backup only   Esc Cancel" : "Enter Clear  b Backup  Esc Cancel", "key"],
  ];
  frame(canvas, heading, width, lines);
}
