import { mkdirSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { replaceFile } from "./atomic-file.ts";
import type { Log } from "./log.ts";

/** Remembers which rules were enabled and disabled by a command or a rule. Written in the background. */
export class RuleStore {
  readonly #file: string;
  readonly #log: Log;
  #enabled = new Map<string, boolean>();
  #writing: Promise<void> | undefined;
  #dirty = false;

  constructor(dir: string, log: Log) {
    this.#file = join(dir, "rules.json");
    this.#log = log;
  }

  /** Reads the file. One that cannot be understood is kept aside as `rules.json.bad`. */
  load(): this {
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o750 });
      const entries = Object.entries(JSON.parse(readFileSync(this.#file, "utf8")) as Record<string, unknown>);
      this.#enabled = new Map(
        entries.map(([id, enabled]) => {
          if (typeof enabled !== "boolean") throw new Error(`"${id}" is not true or false`);
          return [id, enabled];
        }),
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return this;
      this.#log.error(`${this.#file} could not be read: ${(error as Error).message}; every rule is enabled`);
      try {
        renameSync(this.#file, `${this.#file}.bad`);
      } catch {
        // Not readable and not movable: writing will say so again.
      }
    }
    return this;
  }

  enabled(id: string): boolean | undefined {
    return this.#enabled.get(id);
  }

  keep(id: string, enabled: boolean): void {
    this.#enabled.set(id, enabled);
    this.#dirty = true;
    this.#writing ??= this.#write();
  }

  /** Resolves when everything is on disk, or could not be written. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await replaceFile(this.#file, `${JSON.stringify(Object.fromEntries(this.#enabled))}\n`);
      } catch (error) {
        this.#log.error(`${this.#file} could not be written: ${(error as Error).message}; what is enabled is not known after a restart`);
      }
    }
    this.#writing = undefined;
  }
}
