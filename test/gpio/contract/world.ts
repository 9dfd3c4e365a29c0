import type { Capabilities, Driver } from "../../../gpio/driver.ts";
import type { WireLevel } from "../../../gpio/sim-board.ts";

/**
 * The outside of a driver: whoever presses buttons, measures wires, pulls boards out and runs other programs. Offsets are
 * those of `chip`; levels are those of the wire.
 */
export interface World {
  readonly driver: Driver;
  readonly chip: string;
  drive(offset: number, level: WireLevel): void;
  wire(offset: number): WireLevel;
  /** Flips the wire `count` times, each flip long enough to be seen, while the event loop stands still. */
  hammer(offset: number, count: number): void;
  /** Flips the wire `count` times as fast as the outside can, beside the event loop; resolves after the last. */
  burst(offset: number, count: number): Promise<void>;
  /** Another program holds the line. */
  hold(offset: number, consumer: string): { free(): void };
  /** Samples wires while `during` runs: the levels that were seen on each. */
  sample(offsets: readonly number[], during: () => void): Promise<Set<WireLevel>[]>;
  removeBoard(): Promise<void>;
  returnBoard(): Promise<void>;
  /** Another process with its own driver; absent where there is only one process. */
  readonly processes?: Processes;
}

export interface Processes {
  /** A process that holds an output at the level, and is then killed. */
  killedHolder(offset: number, active: boolean): Promise<void>;
  /** What a user gets who asks for an input: "ok", or code and message. */
  openAs(user: string, offset: number): Promise<string>;
  /** Exports a line in sysfs and leaves it so; frees it when called again with false. */
  leaveExport(offset: number, exported: boolean): void;
}

export type Need = keyof Capabilities | "processes";

export interface Case {
  /** A sentence about every driver that meets the needs. */
  name: string;
  needs?: readonly Need[];
  /** Only for drivers that do not declare this. */
  lacks?: keyof Capabilities;
  run(world: World): void | Promise<void>;
}

/** Why a case does not apply, or undefined when it does. */
export function leftOut(test: Case, { driver, processes }: World): string | undefined {
  for (const need of test.needs ?? []) {
    if (need === "processes" ? !processes : !driver.capabilities[need]) return `${driver.name} has no ${need}`;
  }
  return test.lacks && driver.capabilities[test.lacks] ? `${driver.name} has ${test.lacks}` : undefined;
}
