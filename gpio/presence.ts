import { statSync } from "node:fs";

/** How often what is held in sysfs is checked for its chip: sysfs does not say when it goes away. */
export const presenceMs = 500;

/** One folder of sysfs that is held: until it is closed, or is not the one any more that was there at first. */
export class HeldFolder {
  readonly #folder: string;
  readonly #inode: number;
  readonly #on: { free(): void; gone(): void };
  #state: "open" | "gone" | "closed" = "open";

  /** `free` lets go what belongs to it, once; `gone` is told later, unless it was closed meanwhile. Throws when the folder is not there. */
  constructor(folder: string, on: { free(): void; gone(): void }) {
    this.#folder = folder;
    this.#inode = statSync(folder).ino;
    this.#on = on;
  }

  get state(): "open" | "gone" | "closed" {
    return this.#state;
  }

  /** Looks whether it is still there: no I/O on what it stands for. */
  check(): void {
    if (this.#state !== "open" || isStillThere(this.#folder, this.#inode)) return;
    this.#state = "gone";
    this.#on.free();
    setImmediate(() => {
      if (this.#state === "gone") this.#on.gone();
    });
  }

  /** Whether it was open until now. */
  close(): boolean {
    const held = this.#state === "open";
    this.#state = "closed";
    if (held) this.#on.free();
    return held;
  }
}

function isStillThere(folder: string, inode: number): boolean {
  try {
    return statSync(folder).ino === inode;
  } catch {
    return false;
  }
}
