import { shown } from "../editor.ts";
import type { Overlay } from "../overlay.ts";
import type { Line } from "./canvas.ts";

/** The lines of the dialog that asks where a node is. */
export function attachLines({ base, field, readOnly, problem }: Overlay & { kind: "attach" }, width: number): Line[] {
  return [
    [base, "bold"],
    [`> ${shown(field, width - 2)}`, "bold"],
    [`[${readOnly ? "x" : " "}] look only${readOnly ? "" : ": outputs can be armed there"}`, "dialog"],
    [problem ?? "as the node says itself: is it the machine that you mean?", problem === null ? "dim" : "warn"],
    ["", "dialog"],
    ["Enter Attach   Tab Look only   Esc Cancel   there: q returns", "key"],
  ];
}
