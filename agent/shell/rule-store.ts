import { join } from "node:path";
import { KeptMap } from "./kept-map.ts";
import type { Log } from "./log.ts";

/** Remembers which rules were enabled and disabled by a command or a rule. Written in the background. */
export class RuleStore {
  readonly #enabled: KeptMap<boolean>;

  constructor(dir: string, log: Log, onProblem?: (problem: string | null) => void) {
    const file = join(dir, "rules.json");
    this.#enabled = new KeptMap({
      file,
      log,
      read(id, enabled) {
        if (typeof enabled !== "boolean") throw new Error(`"${id}" is not true or false`);
        return enabled;
      },
      unread: (why) => `${file} could not be read: ${why}; every rule is enabled`,
      lost: "what is enabled is not known after a restart",
      ...(onProblem && { onProblem }),
    });
  }

  load(): this {
    this.#enabled.load();
    return this;
  }

  /** Why the last write failed; null when everything is on disk. */
  get problem(): string | null {
    return this.#enabled.problem;
  }

  enabled(id: string): boolean | undefined {
    return this.#enabled.get(id);
  }

  keep(id: string, enabled: boolean): void {
    this.#enabled.set(id, enabled);
    void this.#enabled.write();
  }

  /** Resolves when everything is on disk, or could not be written. */
  flushed(): Promise<void> {
    return this.#enabled.write();
  }
}
