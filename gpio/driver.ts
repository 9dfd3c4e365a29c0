import type { ActiveLevel, Bias, Edge, LineAddress } from "./line.ts";

/**
 * The interface that every GPIO driver meets, and what it promises. The contract suite in
 * `test/gpio/contract` holds each driver to every promise below and to each capability it declares.
 *
 * 1. Levels are logical: `active: "low"` inverts on read, on write and in edges.
 * 2. An output is requested with its initial level; the wire never shows the other one in between.
 * 3. `write` is synchronous: when it returns, the line has been written; when it throws, it has not.
 * 4. Edges of one line arrive in the order in which they happened, each once, on the event loop; all that wait, in one turn of it.
 * 5. After a burst the last edge delivered, or a `lost` call, leaves the caller able to know the level: `read` is right.
 * 6. A request that fails holds nothing. `close` frees the line at once, is idempotent, and no call follows it.
 * 7. A chip that goes away calls `gone` once per handle; then `read` and `write` throw `LineError` code "gone",
 *    and a new request finds the chip again by its label when it is back.
 * 8. Nothing blocks: no call waits for anything but the kernel's own answer.
 */
export interface Driver {
  readonly name: DriverName;
  readonly capabilities: Capabilities;
  /** The chips that are there now; throws LineError "permission" when some are there and none may be opened. */
  chips(): ChipInfo[];
  /** Every line of a chip, by label; throws LineError "no-chip". */
  lines(chip: string): LineInfo[];
  openInput(request: InputRequest, listener: InputListener): InputHandle;
  openOutput(request: OutputRequest, listener: LineListener): OutputHandle;
  /**
   * The level that a line has without changing its direction or level (what a former run left there), or undefined if the driver cannot look.
   * Throws LineError "busy" for a line that somebody holds.
   */
  peek(address: LineAddress, active: ActiveLevel): boolean | undefined;
  /** Frees everything that is still open. */
  close(): void;
}

export type DriverName = "sim" | "chardev" | "sysfs";

export interface Capabilities {
  /** The driver can set pull-up, pull-down and disabled. */
  bias: boolean;
  /** Edge times come from the kernel's interrupt, not from the time of reading. */
  kernelTime: boolean;
  /** Edges are numbered, so that a loss is noticed. */
  seqno: boolean;
  /** A busy line names its holder. */
  holder: boolean;
  /** The line itself can hold a level back until it has been steady. */
  debounce: boolean;
}

export interface ChipInfo {
  label: string;
  /** The kernel's name today (`gpiochip0`); for messages only, it moves. */
  name: string;
  lines: number;
}

export interface LineInfo {
  offset: number;
  /** Empty when the line has no name. */
  name: string;
  /** Who holds it; "" when nobody does, "?" when held without a name. A driver without the capability knows only its own lines and exported ones. */
  holder: string;
  /** sysfs knows it of exported lines only and says "input" of the others. */
  direction: "input" | "output";
}

interface LineRequest extends LineAddress {
  active: ActiveLevel;
  /** Shown to others who find the line busy; at most 31 characters: `pinbus:<id>`. */
  consumer: string;
}

export interface InputRequest extends LineRequest {
  /** A driver without the `bias` capability accepts only "as-is". */
  bias: Bias;
  /** Only these edges are told and numbered; both when it is left out. One interrupt is then one edge, whatever the level has become since. */
  edges?: Edge;
  /**
   * Milliseconds for which a level must hold before it is an edge; `read` gives the settled level, and `atNs` is the end of that time. The
   * kernel may add a few milliseconds (it counts jiffies). A driver without the `debounce` capability refuses it with "unsupported".
   */
  debounceMs?: number;
}

export interface OutputRequest extends LineRequest {
  /** The logical level that the line has from its first moment as an output. */
  initial: boolean;
}

export interface EdgeEvent {
  edge: Edge;
  /** Nanoseconds of CLOCK_MONOTONIC, the clock of `process.hrtime`; a double, so exact to 2 ns after 104 days. */
  atNs: number;
  /** Counts from 1 per handle; a driver without the capability counts what it delivered. */
  seqno: number;
}

export interface LineListener {
  /** The chip went away. The handle is dead; close it and ask again later. */
  gone(): void;
}

export interface InputListener extends LineListener {
  edge(event: EdgeEvent): void;
  /** Edges were lost in front of the next one (a gap in seqno): how many. Read the level. */
  lost(count: number): void;
}

export interface InputHandle {
  /** The logical level now. Throws LineError. */
  read(): boolean;
  close(): void;
}

export interface OutputHandle {
  /** Drives the line. Throws LineError when it was not driven. */
  write(active: boolean): void;
  /** The logical level now, read back. Throws LineError. */
  read(): boolean;
  close(): void;
}
