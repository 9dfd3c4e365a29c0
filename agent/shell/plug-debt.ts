export interface PlugDebtOptions {
  /** It is to be off, and has not said yet that it is. */
  owes(): boolean;
  /** The agent stops: from now on it is to be off because of that. */
  stopping(): boolean;
  /** Over a restart. */
  keep(exit: boolean): void;
  done(): void;
  /** An earlier run has kept it. */
  kept: boolean;
}

/** Most answer by then, and nothing is written for them. */
const keptAfter = 500;

/** Whether a plug is still to be switched off, for the disk. */
export class PlugDebt {
  readonly #options: PlugDebtOptions;
  #kept: boolean;
  /** What it owes and is not kept yet; `exit`: only since the agent stops. */
  #owed: { exit: boolean; timer: NodeJS.Timeout } | undefined;

  constructor(options: PlugDebtOptions) {
    this.#options = options;
    this.#kept = options.kept;
  }

  /** It may owe one now, or may not any more. */
  look(): void {
    const { owes, stopping, done } = this.#options;
    if (owes()) {
      if (!this.#kept) this.#owed ??= { exit: stopping(), timer: setTimeout(() => this.#keep(), keptAfter) };
      return;
    }
    this.close();
    if (this.#kept) done();
    this.#kept = false;
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
