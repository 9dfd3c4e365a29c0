import { closeSync, fsyncSync, mkdirSync, openSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { whyUnwritten } from "../../config/file-words.ts";
import { decodeText, readBounded } from "../../config/text.ts";
import type { Fault } from "../../config/yaml.ts";
import { type Change, defaultSettings, type Settings } from "../kept.ts";
import { type Look, parseTheme } from "../theme.ts";
import { settingsPath } from "./files.ts";

const maxBytes = 256 * 1024;

export interface LoadedSettings {
  path: string;
  settings: Settings;
  look: Look;
  /** Undefined when the file names none. */
  filters: readonly string[] | undefined;
  /** What is wrong with the file, in a sentence; null when nothing. */
  problem: string | null;
}

export interface SettingsOptions {
  /** A file in place of the usual one. */
  settings?: string | undefined;
  /** Comes before what the file says. */
  theme?: string | undefined;
  env: NodeJS.ProcessEnv;
}

/** What is right in the file counts, and a file that is not there is an empty one. Rejects with a sentence for a theme that is none. */
export async function loadSettings(options: SettingsOptions): Promise<LoadedSettings> {
  const path = options.settings ?? settingsPath(options.env);
  const { settings, problem } = await read(path, options.settings !== undefined);
  const theme = options.theme === undefined ? settings.theme : parseTheme(options.theme);
  const look = { theme, background: settings.background };
  return { path, settings, look, filters: settings.filters.length > 0 ? settings.filters : undefined, problem };
}

async function read(path: string, named: boolean): Promise<{ settings: Settings; problem: string | null }> {
  try {
    const text = contents(path);
    if (text === undefined) return { settings: defaultSettings, problem: named ? `${basename(path)}: there is no such file` : null };
    const { readSettings } = await library();
    const { settings, faults } = readSettings(text);
    return { settings, problem: sentence(path, faults) };
  } catch (error) {
    return { settings: defaultSettings, problem: (error as Error).message };
  }
}

/**
 * Writes one change into the file as it stands now, comments and all: by a temporary file, so that nobody ever sees half of it, and not over
 * what somebody else has written meanwhile. Rejects with a sentence when that cannot be; a file with a fault is left alone.
 */
export async function keep(path: string, change: Change): Promise<void> {
  const { amend, readSettings } = await library();
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const before = contents(path);
    const problem = sentence(path, readSettings(before ?? "").faults);
    if (problem !== null) throw new Error(`not kept in the file, which has a fault: ${problem}`);
    const after = amend(before ?? "", change);
    if (after === before) return;
    const unreadable = problemOf(path, after, readSettings);
    if (unreadable !== null) throw new Error(`not kept in the file, which could not be read again: ${unreadable}`);
    if (replace(path, before, after)) return;
  }
  throw new Error(`${path}: somebody else is writing it, nothing was kept there`);
}

/** False when somebody else has written it meanwhile. */
function replace(path: string, before: string | undefined, after: string): boolean {
  let temporary: string | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // A link leads to where somebody keeps it: that file is replaced, and not the link.
    const target = before === undefined ? path : realpathSync(path);
    temporary = `${target}.${process.pid}.tmp`;
    writeFile(temporary, after);
    if (contents(path) !== before) return false;
    renameSync(temporary, target);
    return true;
  } catch (error) {
    throw new Error(`${path} could not be written: ${whyUnwritten(error)}; this terminal keeps it until it ends`);
  } finally {
    if (temporary !== undefined) rmSync(temporary, { force: true });
  }
}

/** YAML takes longer to load than the terminal UI itself: nobody who has no such file waits for it. */
function library(): Promise<Library> {
  return import("../settings.ts");
}

type Library = typeof import("../settings.ts");

/** Undefined when there is no such file; throws a sentence when it cannot be read. */
function contents(path: string): string | undefined {
  const reading = readBounded(path, maxBytes);
  if (!reading.ok) {
    if (reading.message === "there is no such file") return undefined;
    throw new Error(`${basename(path)}: ${reading.message}, ${reading.fix}`);
  }
  const decoded = decodeText(reading.bytes);
  if (!decoded.ok) throw new Error(`${basename(path)}:${decoded.line}:${decoded.column}: ${decoded.message}, ${decoded.fix}`);
  return decoded.text;
}

/** Why a text could not be read as the file; null when it can. */
function problemOf(path: string, text: string, readSettings: Library["readSettings"]): string | null {
  const bytes = Buffer.from(text);
  if (bytes.length > maxBytes) return `${basename(path)} would be larger than ${maxBytes / 1024} kB`;
  const decoded = decodeText(bytes);
  return decoded.ok ? sentence(path, readSettings(text).faults) : `${basename(path)}:${decoded.line}:${decoded.column}: ${decoded.message}`;
}

function writeFile(path: string, text: string): void {
  const fd = openSync(path, "wx", 0o600);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function sentence(path: string, faults: readonly Fault[]): string | null {
  const [first, ...more] = faults;
  if (first === undefined) return null;
  const rest = more.length > 0 ? ` (and ${more.length} more)` : "";
  return `${basename(path)}:${first.line}:${first.column}: ${first.message}, ${first.fix}${rest}`;
}
