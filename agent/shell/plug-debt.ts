export interface PlugDebtOptions {
  /** It is to be off, and has not said yet that it is. */
  owes(): boolean;
  /** The agent stops: from now on it is to be off because of that. */
  stopping(): boolean;
  /** The next start would not switch it off by itself. */
  fragile(): boolean;
  /** Over the end of this process, before it returns. */
  note(exit: boolean): void;
  /** Over a restart and a power cut. */
  keep(exit: boolean): void;
  done(): void;
  /** An earlier run has kept it. */
  kept: boolean;
}

/** Most answer by then, and no disk is waited for. */
const keptAfter = 500;

/** Whether a plug is still to be switched off, for the disk. */
export class PlugDebt {
  readonly #options: PlugDebtOptions;
  #kept: boolean;
  /** What it owes and is not kept yet; `exit`: only since the agent stops. */
  #owed: { exit: boolean; noted: boolean; timer: NodeJS.Timeout } | undefined;

  constructor(options: PlugDebtOptions) {
    this.#options = options;
    this.#kept = options.kept;
  }

  /** It may owe one now, or may not any more. */
  look(): void {
    const { owes, done } = this.#options;
    if (owes()) {
      if (!this.#kept) this.#owed ??= this.#begin();
      return;
    }
    const isWritten = this.#kept || this.#owed?.noted === true;
    this.close();
    if (isWritten) done();
    this.#kept = false;
  }

  #begin(): { exit: boolean; noted: boolean; timer: NodeJS.Timeout } {
    const { stopping, fragile, note } = this.#options;
    const [exit, noted] = [stopping(), fragile()];
    if (noted) note(exit);
    return { exit, noted, timer: setTimeout(() => this.#keep(), keptAfter) };
  }

  /** This run ends: what it owes is kept now. */
  leave(): void {
    this.#keep();
    this.close();
  }

  close(): void {
    clearTimeout(this.#owed?.timer);
    this.#owed = undefined;
  }

  #keep(): void {
    if (!this.#owed || this.#kept) return;
    this.#kept = true;
    this.#options.keep(this.#owed.exit);
  }
}
