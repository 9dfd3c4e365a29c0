export interface Rect {
  row: number;
  col: number;
  rows: number;
  cols: number;
}

/** Where things are. Below 80x24 the panes of a tab collapse to one; below 40x12 nothing fits. */
export interface Layout {
  tooSmall: boolean;
  /** One pane fills the body. */
  single: boolean;
  header: number;
  body: Rect;
  message: number;
  hints: number;
}

export function layout(cols: number, rows: number, zoom = false): Layout {
  return {
    tooSmall: cols < 40 || rows < 12,
    single: zoom || cols < 80 || rows < 24,
    header: 0,
    body: { row: 1, col: 0, rows: Math.max(0, rows - 3), cols },
    message: rows - 2,
    hints: rows - 1,
  };
}

/** The widths of the columns of the Topics tab: tree, value, and (on a wide screen) pins; one column between them. */
export function topicColumns(body: Rect): [tree: Rect, value: Rect, pins: Rect | null] {
  const left = Math.min(60, Math.max(42, Math.round(body.cols / 3)));
  const right = body.cols >= 130 ? 39 : 0;
  const middle = body.cols - left - 1 - (right > 0 ? right + 1 : 0);
  const tree = { ...body, cols: left };
  const value = { ...body, col: left + 1, cols: middle };
  return [tree, value, right > 0 ? { ...body, col: body.cols - right, cols: right } : null];
}

/** Is there room beside the topics for what the tabs Pins, Host, Broker and Services tell in short? */
export function showsAll(body: Rect): boolean {
  return body.cols >= 130 && body.rows >= 36;
}

/** Cuts the body of the tab Topics: on a large screen packets and journal of the agent's Pi are below the rest, if there is an agent. */
export function topicRows(body: Rect, agent: boolean): [rest: Rect, packets: Rect, journal: Rect] {
  const each = agent && showsAll(body) ? Math.floor(body.rows / 8) : 0;
  const [rest, below] = splitRows(body, body.rows - 2 * each);
  return [rest, ...splitRows(below, each)];
}

/** Cuts a rectangle into rows: `first` of them above, the rest below. */
export function splitRows(rect: Rect, first: number): [Rect, Rect] {
  const top = Math.max(0, Math.min(rect.rows, first));
  return [
    { ...rect, rows: top },
    { ...rect, row: rect.row + top, rows: rect.rows - top },
  ];
}

/** Cuts a rectangle into two beside each other: `first` columns at the left, one between them, the rest at the right. */
export function splitCols(rect: Rect, first: number): [Rect, Rect] {
  return [
    { ...rect, cols: first },
    { ...rect, col: rect.col + first + 1, cols: rect.cols - first - 1 },
  ];
}

/** What is left of a rectangle below its first row. */
export function below(rect: Rect): Rect {
  return { ...rect, row: rect.row + 1, rows: rect.rows - 1 };
}

/** A rectangle in the middle of the screen for a dialog. */
export function centred(cols: number, rows: number, width: number, height: number): Rect {
  const w = Math.min(cols, width);
  const h = Math.min(rows, height);
  return { row: Math.max(0, (rows - h) >> 1), col: Math.max(0, (cols - w) >> 1), rows: h, cols: w };
}

/** What scrolls: its first visible row. */
export interface Scroll {
  top: number;
}

/** Moves the window as little as needed so that `index` is in it; returns the first visible row. */
export function scrollTo(scroll: Scroll, index: number, count: number, height: number): number {
  const last = Math.max(0, count - height);
  if (index >= 0 && index < scroll.top) scroll.top = index;
  if (index >= scroll.top + height) scroll.top = index - height + 1;
  scroll.top = Math.max(0, Math.min(last, scroll.top));
  return scroll.top;
}

/** The items of a list that a rectangle shows, each with its row: the window moves as little as needed to have the one at `index` in it. */
export function inWindow<T>(scroll: Scroll, items: readonly T[], index: number, rect: Rect): { item: T; row: number; chosen: boolean }[] {
  const top = scrollTo(scroll, index, items.length, rect.rows);
  return items
    .slice(top, top + Math.max(0, rect.rows))
    .map((item, offset) => ({ item, row: rect.row + offset, chosen: top + offset === index }));
}
