import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { Log } from "../../../agent/shell/log.ts";

export const silent: Log = { error() {}, warn() {}, info() {}, debug() {} };

/** A log that keeps `level: message` of each entry. */
export function keptLog(): Log & { entries: string[] } {
  const entries: string[] = [];
  const keep = (level: string) => (message: string) => {
    entries.push(`${level}: ${message}`);
  };
  return { entries, error: keep("error"), warn: keep("warn"), info: keep("info"), debug: keep("debug") };
}

/** A folder that is removed with the test. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pinbus-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** How long the observable may take. A machine that is slow or loaded gets time; a test that passes takes none of it. */
export const patience = { timeout: 60_000, interval: 10 };

/** Waits for the observable. */
export function eventually<T>(read: () => T) {
  return expect.poll(read, patience);
}
