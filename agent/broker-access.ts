import { exposed } from "../config/exposed.ts";
import type { Config } from "../config/schema.ts";
import { looksHashed } from "../config/secret.ts";
import { decodeText, readBounded } from "../config/text.ts";
import { SettingError } from "./certificate.ts";
import { Access, type AccessRules, agentUser } from "./embedded/access.ts";
import { type Acl, parseAcl } from "./embedded/acl.ts";
import type { Limits } from "./embedded/limits.ts";
import { cannotLogIn, keptHash, type PasswordHash, parseHash, parsePasswordFile, shouldRenew } from "./embedded/password-file.ts";
import type { Log } from "./shell/log.ts";

const maxFileBytes = 1024 * 1024;
/** So many bad lines or users are told at once. */
const maxTold = 5;

/** Who may connect to the built-in broker, and what they may do. Throws SettingError when a file cannot be read. */
export function createAccess(config: Config["broker"], log: Pick<Log, "warn">): Access {
  return new Access(readRules(config, log));
}

/** The same after a reload. A file that cannot be read now, or of which nothing is left, changes nothing. */
export function renewAccess(access: Access, config: Config["broker"], log: Log): void {
  try {
    access.rules = readRules(config, log, true);
  } catch (error) {
    log.error(`${(error as Error).message}; the built-in broker keeps the users and rules that it had`);
  }
}

/** Why a running broker could not go over to these settings; empty when it can. */
export function accessProblems(config: Config["broker"]): string[] {
  try {
    readRules(config, { warn: () => undefined }, true);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** How much the built-in broker takes on. */
export function limitsOf(config: Config["broker"]): Limits {
  return {
    maxConnections: config.max_connections,
    maxPacket: config.max_packet,
    connectTimeout: config.connect_timeout,
    maxKeepalive: config.keepalive_max,
    maxQueuedBytes: config.max_queued_bytes,
    maxInflight: config.max_inflight,
    maxConnects: config.max_connects,
    maxFailedLogins: config.max_failed_logins,
  };
}

/** `isRunning`: there are rules that may be kept. */
function readRules(config: Config["broker"], log: Pick<Log, "warn">, isRunning = false): AccessRules {
  const { password_file, username, password, acl_file, anonymous } = config;
  const own = configuredUsers(config, log);
  const listed = password_file === null ? null : readUsers(password_file, own, username, log, isRunning);
  if (username !== null && password !== null) own.set(username, keptHash(password));
  const users = listed === null && own.size === 0 ? null : new Map([...(listed ?? []), ...own]);
  const acl = acl_file === null ? undefined : readAcl(acl_file);
  if (acl_file !== null && acl) for (const warning of doubts(acl, users)) log.warn(`${acl_file}: ${warning}`);
  return { anonymous: users === null ? anonymous !== "false" : anonymous === "true", users, acl };
}

/** Those of `broker.users`. */
function configuredUsers({ users }: Config["broker"], log: Pick<Log, "warn">): Map<string, PasswordHash> {
  const hashes = new Map<string, PasswordHash>();
  const problems: string[] = [];
  for (const [user, given] of Object.entries(users)) {
    const hash = looksHashed(given) ? parseHash(given) : keptHash(given);
    if (typeof hash === "string") problems.push(cannotLogIn(user, hash));
    else hashes.set(user, hash);
    if (typeof hash === "object" && looksHashed(given) && hash.kind === "sha512") log.warn(`broker.users: ${shouldRenew(user)}`);
  }
  if (problems.length > 0) throw new SettingError("broker.users", some(problems, "users"));
  return hashes;
}

function readUsers(
  file: string,
  own: ReadonlyMap<string, PasswordHash>,
  configured: string | null,
  log: Pick<Log, "warn">,
  isRunning: boolean,
): NonNullable<AccessRules["users"]> {
  const reading = readBounded(file, maxFileBytes);
  if (!reading.ok)
    throw new SettingError("broker.password_file", `${file}: ${reading.message}: ${reading.fix}; \`pinbus passwd ${file} USER\` writes it`);
  const { users, problems } = parsePasswordFile(reading.bytes.toString("utf8"));
  const told = problems.map(({ line, message }) => `${file}:${line}: ${message}`);
  // One bad line is one user; a file without a good one is not what somebody meant to write.
  if (isRunning && users.size === 0 && problems.length > 0) throw new SettingError("broker.password_file", some(told, "lines"));
  for (const sentence of told) log.warn(sentence);
  const twice = [...own.keys()].filter((user) => users.has(user));
  const sentences = twice.map((user) => `user ${JSON.stringify(user)} stands in ${file} too; remove it there or here`);
  if (twice.length > 0) throw new SettingError("broker.users", some(sentences, "users"));
  if (configured !== null && users.has(configured))
    log.warn(`${file} has the user of broker.username too: broker.password counts, remove one of them`);
  if (users.size === 0 && own.size === 0 && configured === null)
    log.warn(`${file} has no user who can log in: add one with \`pinbus passwd ${file} USER\``);
  const problem = exposed(file, reading.stats);
  if (problem) log.warn(`${problem.message}: ${problem.fix}`);
  return users;
}

/** A file that is not understood as a whole is refused: without one of its lines somebody might do what he may not. */
function readAcl(file: string): Acl {
  const refuse = (message: string) => new SettingError("broker.acl_file", message);
  const reading = readBounded(file, maxFileBytes);
  if (!reading.ok) throw refuse(`${file}: ${reading.message}: ${reading.fix}`);
  const decoded = decodeText(reading.bytes);
  if (!decoded.ok) throw refuse(`${file}:${decoded.line}:${decoded.column}: ${decoded.message}; ${decoded.fix}`);
  const parsed = parseAcl(decoded.text);
  if (parsed.ok) return parsed.acl;
  throw refuse(
    some(
      parsed.problems.map(({ line, message }) => `${file}:${line}: ${message}`),
      "lines",
    ),
  );
}

/** The first of them, and how many more there are. */
function some(sentences: readonly string[], what: string): string {
  const more = sentences.length - maxTold;
  return [...sentences.slice(0, maxTold), ...(more > 0 ? [`and ${more} more ${what}`] : [])].join("; ");
}

/** What is allowed, but hardly meant. */
function doubts({ sections }: Acl, users: AccessRules["users"]): string[] {
  const named = [...sections.keys()].filter((user) => user !== "");
  if (users === null && named.length > 0) return ["it has rules for users, but without users everybody may call himself what he likes"];
  const unknown = named.filter((user) => user !== agentUser && !users?.has(user)).map((user) => JSON.stringify(user));
  return unknown.length > 0 ? [`it has rules for ${unknown.slice(0, maxTold).join(", ")}, who cannot log in`] : [];
}
