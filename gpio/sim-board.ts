import { setTimeout } from "node:timers/promises";
import { type BoardKind, boardChips } from "./board.ts";
import type { ChipInfo, LineInfo } from "./driver.ts";
import { busyError, noChipError, noLineError } from "./errors.ts";
import { highestCode } from "./key-codes.ts";
import type { Bias, LineAddress } from "./line.ts";
import { monotonicNs } from "./monotonic.ts";
import { boardPwms } from "./pwm-board.ts";
import { SimPwmBoard } from "./pwm-sim.ts";

/** The level on the wire, before active-low. */
export type WireLevel = "high" | "low";

/** What the simulated world does to a line: `open` lets go of it, so that its pull decides. */
export interface Step {
  /** Milliseconds since the start of the script; ascending. */
  afterMs: number;
  level: WireLevel | "open";
}

/** A program's hold on a line; the driver makes one for each request. */
export interface Claim {
  readonly consumer: string;
  readonly output: boolean;
  /** The level on the wire changed while this claim was an input. */
  changed(high: boolean, atNs: number): void;
  /** The chip went away; the claim is over. */
  gone(): void;
}

interface Line {
  name: string;
  pulledHigh: boolean;
  world: WireLevel | "open";
  /** Stays after a release, as on Raspberry Pi OS (RP1 persist_gpio_outputs), until somebody else asks for the line. */
  driven: WireLevel | undefined;
  claim: Claim | undefined;
}

interface Chip {
  label: string;
  number: number;
  present: boolean;
  /** An input device and not a chip: it is not listed. */
  device: boolean;
  lines: Line[];
}

/** As many as the kernel has codes of keys and switches. */
const deviceKeys = highestCode.key + 1 + highestCode.switch + 1;

/**
 * The simulated board: chips with the labels and lines of a real Pi, and the world around them. Programs reach it through
 * the driver in `sim.ts`; the world presses lines, looks at the wire, takes chips away and holds lines.
 */
export class SimBoard {
  readonly kind: BoardKind;
  readonly pwm: SimPwmBoard;
  readonly #chips: Chip[];
  readonly #now: () => number;

  /** `now`: nanoseconds of a clock that never goes back; by default the one of `process.hrtime`. */
  constructor(kind: BoardKind = "pi4", now: () => number = monotonicNs) {
    this.kind = kind;
    this.pwm = new SimPwmBoard([boardPwms[kind]]);
    this.#now = now;
    this.#chips = boardChips[kind].map(({ label, names, lines }, number) => ({
      label,
      number,
      present: true,
      device: false,
      lines: Array.from({ length: lines }, (_, offset) => newLine(names(offset), offset)),
    }));
  }

  chips(): ChipInfo[] {
    const present = this.#chips.filter((chip) => chip.present && !chip.device).sort((a, b) => a.number - b.number);
    return present.map(({ label, number, lines }) => ({ label, name: `gpiochip${number}`, lines: lines.length }));
  }

  /** An input device, unless it is there or was taken away with `removeChip`; nothing of it is pressed. */
  addDevice(label: string): void {
    if (this.#chips.some((chip) => chip.label === label)) return;
    const lines = Array.from({ length: deviceKeys }, () => newLine("", deviceKeys));
    this.#chips.push({ label, number: -1, present: true, device: true, lines });
  }

  /** Throws LineError "no-chip". */
  lines(label: string): LineInfo[] {
    return this.#presentChip(label).lines.map(({ name, claim, driven }, offset) => ({
      offset,
      name,
      holder: claim ? claim.consumer || "?" : "",
      direction: driven ? "output" : "input",
    }));
  }

  /** The outside world sets the level of the wire (or lets go of it). An output that drives the line wins. */
  press(chip: string, offset: number, level: WireLevel | "open", atNs = this.#now()): void {
    this.#change({ chip, offset }, atNs, (line) => {
      line.world = level;
    });
  }

  /** What a meter on the wire would show. */
  level(chip: string, offset: number): WireLevel {
    return wire(this.#line({ chip, offset }));
  }

  /** Plays a script in real time; each edge carries its scripted time. Resolves after the last step. */
  async play(chip: string, offset: number, steps: readonly Step[], signal?: AbortSignal): Promise<void> {
    const start = this.#now();
    for (const { afterMs, level } of steps) {
      const wait = afterMs - (this.#now() - start) / 1e6;
      if (wait > 0) await setTimeout(wait, undefined, signal ? { signal } : {});
      signal?.throwIfAborted();
      this.press(chip, offset, level, start + afterMs * 1e6);
    }
  }

  /** Somebody else takes the line; throws LineError "busy" when it is held. */
  hold(chip: string, offset: number, consumer: string): void {
    this.claim({ chip, offset }, { consumer, output: false, changed() {}, gone() {} });
  }

  /** Whoever holds the line lets go of it. */
  free(chip: string, offset: number): void {
    this.#line({ chip, offset }).claim = undefined;
  }

  /** As pulling out the hardware: every hold on it ends, its outputs are no longer driven. */
  removeChip(label: string): void {
    const chip = this.#presentChip(label);
    chip.present = false;
    for (const [offset, line] of chip.lines.entries()) {
      const { claim } = line;
      chip.lines[offset] = newLine(line.name, chip.device ? deviceKeys : offset);
      claim?.gone();
    }
  }

  /** The chip is back, under another number, as on Linux while somebody still has the old one open. */
  returnChip(label: string): void {
    const chip = this.#chips.find((known) => known.label === label);
    if (!chip) throw noChipError(label, boardLabels(this.#chips));
    if (chip.present) return;
    chip.number = Math.max(...this.#chips.map(({ number }) => number)) + 1;
    chip.present = true;
  }

  /** For the driver. A claim that fails leaves the line as it was. */
  claim(address: LineAddress, claim: Claim, set: { bias?: Bias; level?: WireLevel } = {}): void {
    const line = this.#line(address);
    if (line.claim) throw busyError(address, line.claim.consumer);
    line.claim = claim;
    if (set.level) line.driven = set.level;
    else if (set.bias) line.driven = undefined;
    if (set.bias === "pull-up" || set.bias === "pull-down") line.pulledHigh = set.bias === "pull-up";
  }

  /** For the driver: the owner of a claim drives its line. */
  drive(address: LineAddress, level: WireLevel): void {
    this.#line(address).driven = level;
  }

  /** For the driver; does nothing when the claim is over. */
  release(address: LineAddress, claim: Claim): void {
    const line = this.#chips.find(({ label }) => label === address.chip)?.lines[address.offset];
    if (line?.claim === claim) line.claim = undefined;
  }

  #change(address: LineAddress, atNs: number, change: (line: Line) => void): void {
    const line = this.#line(address);
    const before = wire(line);
    change(line);
    const after = wire(line);
    if (before !== after && line.claim && !line.claim.output) line.claim.changed(after === "high", atNs);
  }

  #line(address: LineAddress): Line {
    const { lines } = this.#presentChip(address.chip);
    const line = lines[address.offset];
    if (!line) throw noLineError(address, lines.length);
    return line;
  }

  #presentChip(label: string): Chip {
    const present = this.#chips.filter((chip) => chip.present);
    const chip = present.find((there) => there.label === label);
    if (!chip) throw noChipError(label, boardLabels(present));
    return chip;
  }
}

function boardLabels(chips: readonly Chip[]): string[] {
  return chips.filter(({ device }) => !device).map(({ label }) => label);
}

function newLine(name: string, offset: number): Line {
  // Reset state of a Pi's pulls: up on GPIO0 to 8, down on the others (BCM2835 ARM Peripherals, table 6-31).
  return { name, pulledHigh: offset <= 8, world: "open", driven: undefined, claim: undefined };
}

function wire({ driven, world, pulledHigh }: Line): WireLevel {
  if (driven) return driven;
  if (world !== "open") return world;
  return pulledHigh ? "high" : "low";
}
