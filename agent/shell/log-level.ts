import type { AdjustableLog, LogLevel } from "./log.ts";

export interface TemporaryLevelOptions {
  log: AdjustableLog;
  /** What holds when nobody has asked for another one. */
  configured(): LogLevel;
}

const loudness: Record<LogLevel, number> = { error: 0, warn: 1, info: 2, debug: 3 };

/** Another log level for a limited time; then the configured one holds again. A reload ends it. */
export class TemporaryLevel {
  readonly #options: TemporaryLevelOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TemporaryLevelOptions) {
    this.#options = options;
  }

  /** False for a level that would leave out what the configuration wants to see: nobody may silence the log. */
  set(level: LogLevel, forMs: number, from: string): boolean {
    const { log, configured } = this.#options;
    if (loudness[level] < loudness[configured()]) return false;
    clearTimeout(this.#timer);
    log.setLevel(level);
    log.info(`the log level is ${level} for ${Math.round(forMs / 1000)} s: ${from}`);
    this.#timer = setTimeout(() => {
      this.end();
      log.info(`the log level is ${configured()} again`);
    }, forMs);
    this.#timer.unref();
    return true;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#options.log.setLevel(this.#options.configured());
  }
}
