import type { Config } from "../config/schema.ts";
import { readBounded } from "../config/text.ts";
import { SettingError } from "./certificate.ts";
import { Access, type AccessRules } from "./embedded/access.ts";
import { parsePasswordFile } from "./embedded/password-file.ts";
import type { Log } from "./shell/log.ts";

const maxFileBytes = 1024 * 1024;

/** Who may connect to the built-in broker. Throws SettingError when the file cannot be read. */
export function createAccess(config: Config["broker"], log: Log): Access {
  return new Access(readRules(config, log));
}

/** The same after a reload. A file that cannot be read now changes nothing. */
export function renewAccess(access: Access, config: Config["broker"], log: Log): void {
  try {
    access.rules = readRules(config, log);
  } catch (error) {
    log.error(`${(error as Error).message}; the built-in broker keeps the users that it had`);
  }
}

/** Why these settings could not be served now; empty when they can. */
export function accessProblems(config: Config["broker"]): string[] {
  try {
    readRules(config, { warn: () => undefined });
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

function readRules({ password_file: file, anonymous }: Config["broker"], log: Pick<Log, "warn">): AccessRules {
  if (file === null) return { anonymous: anonymous !== "false", users: null };
  const reading = readBounded(file, maxFileBytes);
  if (!reading.ok) throw new SettingError("broker.password_file", `${file}: ${reading.message}: ${reading.fix}`);
  const { users, problems } = parsePasswordFile(reading.bytes.toString("utf8"));
  for (const { line, message } of problems) log.warn(`${file}:${line}: ${message}`);
  if (users.size === 0) log.warn(`${file} has no user who can log in: add one with \`pinbus passwd ${file} USER\``);
  if (reading.stats?.isFile() && (reading.stats.mode & 0o004) !== 0) log.warn(`everybody may read ${file}: run chmod o-r ${file}`);
  return { anonymous: anonymous === "true", users };
}
