// Two of forty widgets: "blessed" itself loads all of them, and takes half as long again.
// @ts-expect-error: there are types for the whole only.
import tput from "blessed/lib/tput.js";
// @ts-expect-error: as above.
import box from "blessed/lib/widgets/box.js";
// @ts-expect-error: as above.
import screen from "blessed/lib/widgets/screen.js";

/** What `@types/blessed` does not know, and the little of it that is used. Nothing here exists outside blessed 0.1.81. */
export interface Coords {
  xi: number;
  xl: number;
  yi: number;
  yl: number;
}
/** A cell: attribute and character. */
export type Cell = [attr: number, char: string];
export type Line = Cell[] & { dirty: boolean };

export interface Screen {
  lines: Line[];
  program: { cols: number; rows: number; isAlt: boolean; _buf: string; flush(): void };
  tput: { strings: { parm_right_cursor?: string } };
  enter(): void;
  /** Forgets what is on the terminal: clears it, and the next render writes every cell. */
  alloc(): void;
  render(): void;
  destroy(): void;
}

export interface Element {
  screen: Screen;
  lpos: Coords | undefined;
  /** `true`: from this frame's parent sizes. */
  _getCoords(get: true): Coords | undefined;
  render(): Coords | undefined;
}

interface Internals {
  screen(options: Record<string, unknown>): Screen;
  /** A constructor function; an ES class can extend it. */
  Box: new (options: {
    parent: Screen;
    top: number;
    left: number;
    width: string;
    height: string;
  }) => Element;
}

export const { screen: createScreen, Box }: Internals = { screen, Box: box };

type Capability = (this: unknown, params: unknown[]) => unknown;
interface Compiler {
  _compile(info: unknown, name: string, text: unknown): unknown;
}

const compiler: Compiler = tput.prototype;
const compile = compiler._compile;

/** Blessed makes a function of each of some 400 capabilities while it starts, and calls twenty of them: the rest of the work is left. */
compiler._compile = function (info, name, text) {
  if (typeof text !== "string" || text === "") return compile.call(this, info, name, text);
  let compiled: Capability | undefined;
  const late: Capability = (params) => {
    compiled ??= compile.call(this, info, name, text) as Capability;
    return compiled.call(this, params);
  };
  return late;
};
