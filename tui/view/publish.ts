import { shown } from "../editor.ts";
import { scrollTo } from "../layout.ts";
import { shownLines } from "../lines.ts";
import type { State } from "../model.ts";
import { payloadFact, payloadFormats, publishProblem, publishWarning } from "../publication.ts";
import { type PublishList, type PublishOverlay, publicationOf, publishChoices } from "../publish.ts";
import { frame, innerCols } from "./box.ts";
import type { Canvas, Line } from "./canvas.ts";

const width = 72;
const mostLines = 8;
/** Lines of the dialog besides those of the payload. */
const otherLines = 6;

export function drawPublish(state: State, canvas: Canvas, overlay: PublishOverlay): void {
  if (overlay.list !== null) {
    drawChoices(state, canvas, overlay.list);
    return;
  }
  const inner = innerCols(canvas, width);
  const { field } = overlay;
  const mark = (of: number) => (field === of ? ">" : " ");
  const choice = (values: readonly (string | number)[], chosen: string | number) =>
    values.map((value) => (value === chosen ? `(${value})` : ` ${value} `)).join("");
  const publication = publicationOf(overlay);
  const fact = payloadFact(publication);
  const problem = publishProblem(overlay.topic.text) ?? (fact.ok ? null : fact.text);
  const warning = publishWarning(publication);
  const format = `${mark(4)}Payload ${choice(payloadFormats, overlay.format)}`;
  const beside = format.length + fact.text.length + 2 <= inner;
  const status =
    problem ??
    warning ??
    (beside ? (overlay.recalled >= 0 ? `${overlay.recalled + 1} of ${state.published.length} published` : "") : fact.text);
  const payload = shownLines(overlay.payload, inner - 1, Math.max(1, Math.min(mostLines, canvas.rows - 3 - otherLines)), field === 1);
  const topic = field === 0 ? shown(overlay.topic, inner - 9) : overlay.topic.text;
  const retain = `${mark(3)}Retain [${overlay.retain ? "x" : " "}]${overlay.retain ? " the broker keeps it" : ""}`;
  const lines: Line[] = [
    [`${mark(0)}Topic   ${topic}`, field === 0 ? "bold" : "dialog"],
    [`${mark(2)}QoS ${choice([0, 1, 2], overlay.qos)}     ${retain}`, field === 2 || field === 3 ? "bold" : "dialog"],
    [beside ? format.padEnd(inner - fact.text.length) + fact.text : format, field === 4 ? "bold" : "dialog"],
    ...payload.map((line, at): Line => [`${at === 0 ? mark(1) : " "}${line}`, field === 1 ? "bold" : "dialog"]),
    [problem === null && warning === null ? status : `! ${status}`, problem === null && warning === null ? "dim" : "warn"],
    overlay.name === null ? ["", "dialog"] : [`Name of the preset: ${shown(overlay.name, inner - 21)}`, "bold"],
    [overlay.name === null ? keys(inner) : "Enter Save   Esc Back", "key"],
  ];
  frame(canvas, "Publish", width, lines);
}

function keys(columns: number): string {
  const all = "Ctrl-S Send  Ctrl-R History  Ctrl-O Presets  Ctrl-T Keep  Esc Cancel";
  return all.length <= columns ? all : "Ctrl-S Send  Tab Field  Esc Cancel";
}

function drawChoices(state: State, canvas: Canvas, list: PublishList): void {
  const choices = publishChoices(state, list.field.text);
  const visible = Math.max(1, Math.min(canvas.rows - 7, choices.length));
  const index = Math.min(list.index, choices.length - 1);
  const top = scrollTo(list, index, choices.length, visible);
  const inner = innerCols(canvas, width);
  const lines: Line[] = [[`/ ${shown(list.field, inner - 3)}`, "bold"]];
  for (const [offset, { label }] of choices.slice(top, top + visible).entries()) {
    const chosen = top + offset === index;
    lines.push([`${chosen ? ">" : " "} ${label}`, chosen ? "selected" : "dialog"]);
  }
  const none = list.field.text === "" ? "nothing published yet, and no preset: Ctrl-T in the dialog keeps one" : "nothing matches";
  if (choices.length === 0) lines.push([none, "dim"]);
  lines.push(["Enter Take  Ctrl-X Remove  Esc Back", "key"]);
  frame(canvas, "Presets and history", width, lines);
}
