/** What a piece of text is, not how it looks: the shell chooses colour, bold or inverse. */
export type Style =
  | "text"
  | "dim"
  | "bold"
  | "title"
  | "tab"
  | "tab-active"
  | "selected"
  | "ok"
  | "warn"
  | "bad"
  | "on"
  | "off"
  | "key"
  | "dialog";

/** A line of text, and what it is. */
export type Line = readonly [text: string, style: Style];

/** The only way of a view onto the screen. Rows and columns count from 0; what does not fit is cut. */
export interface Canvas {
  readonly cols: number;
  readonly rows: number;
  /** Text is untrusted: the shell makes it into cells. Without `width` the text ends at the right edge. */
  put(row: number, text: string, style: Style, col?: number, width?: number): void;
  /** A title rule: line art with a title in it, drawn as ASCII when needed. */
  rule(row: number, title: string, style?: Style, col?: number, width?: number): void;
  vline(col: number, top: number, bottom: number): void;
}
