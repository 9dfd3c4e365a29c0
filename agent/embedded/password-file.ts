import { createHash, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** How a password is kept, as mosquitto's own tool writes it. */
export interface PasswordHash {
  kind: "pbkdf2" | "sha512";
  /** 1 for sha512. */
  iterations: number;
  salt: Buffer;
  hash: Buffer;
}

export interface PasswordFile {
  users: ReadonlyMap<string, PasswordHash>;
  /** Lines that let nobody in, or should be renewed: what, and what to do. Never any part of a password. */
  problems: readonly { line: number; message: string }[];
}

const hashBytes = 64;
/** mosquitto 2.0 reads no other length. */
const saltBytes = 12;
/** mosquitto 2.1 writes so many; every mosquitto reads the number from the line. */
const newIterations = 1000;
/** A line that asks for more would keep a processor busy at each connect. */
const maxIterations = 1_000_000;
const derive = promisify(pbkdf2);

/** The format of `mosquitto_passwd`: `user:$7$iterations$salt$hash`, or the older `user:$6$salt$hash`. A line that cannot be used is told and lets nobody in. */
export function parsePasswordFile(text: string): PasswordFile {
  const users = new Map<string, PasswordHash>();
  const problems: { line: number; message: string }[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const report = (message: string) => problems.push({ line: index + 1, message });
    const colon = line.indexOf(":");
    const user = line.slice(0, colon);
    if (colon < 1) {
      report("it is not user:hash; write it with `pinbus passwd`");
      continue;
    }
    const hash = parseHash(line.slice(colon + 1));
    if (typeof hash === "string") report(cannotLogIn(user, hash));
    else if (users.has(user)) report(`user ${JSON.stringify(user)} stands here a second time; remove one of the lines`);
    else users.set(user, hash);
    if (typeof hash === "object" && hash.kind === "sha512") report(shouldRenew(user));
  }
  return { users, problems };
}

/** `why` is what `parseHash` says. */
export function cannotLogIn(user: string, why: string): string {
  return `user ${JSON.stringify(user)} cannot log in: ${why}`;
}

/** For a hash of the kind sha512. */
export function shouldRenew(user: string): string {
  return `user ${JSON.stringify(user)} has a hash of the old kind ($6$); renew it with \`pinbus passwd\``;
}

/** Whether this is the password. Works in a thread of its own, and compares in constant time. */
export async function isPassword({ kind, iterations, salt, hash }: PasswordHash, password: Buffer): Promise<boolean> {
  const found =
    kind === "pbkdf2"
      ? await derive(password, salt, iterations, hashBytes, "sha512")
      : createHash("sha512").update(password).update(salt).digest();
  return timingSafeEqual(found, hash);
}

/** The work of so many rounds, for nothing. */
export async function spend(iterations: number): Promise<void> {
  if (iterations > 0) await derive("", "", iterations, hashBytes, "sha512");
}

export function sameHash(a: PasswordHash, b: PasswordHash): boolean {
  return a.kind === b.kind && a.iterations === b.iterations && a.salt.equals(b.salt) && a.hash.equals(b.hash);
}

/** A line for the file. `user` must not contain a colon. */
export async function passwordLine(user: string, password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, salt, newIterations, hashBytes, "sha512");
  return `${user}:$7$${newIterations}$${salt.toString("base64")}$${hash.toString("base64")}`;
}

const ownSalt = randomBytes(saltBytes);

/** Of a password that the configuration tells; only ever in memory. The same each time, so that a reload disconnects nobody for it. */
export function keptHash(password: string): PasswordHash {
  return { kind: "sha512", iterations: 1, salt: ownSalt, hash: createHash("sha512").update(password).update(ownSalt).digest() };
}

/** The hash, or why it cannot be used and what to do. */
export function parseHash(text: string): PasswordHash | string {
  const [empty, kind, ...parts] = text.split("$");
  if (empty === "" && kind?.startsWith("argon2"))
    return "its hash is of the kind argon2, which is not supported; write it with `mosquitto_passwd -H sha512-pbkdf2` or `pinbus passwd`";
  if (empty !== "" || (kind !== "6" && kind !== "7")) return "its password is no hash that is known here; write it with `pinbus passwd`";
  const rounds = kind === "7" ? (parts.shift() ?? "") : "1";
  const [salt = "", hash = "", ...more] = parts;
  const decoded = { salt: fromBase64(salt), hash: fromBase64(hash) };
  const iterations = /^\d{1,7}$/.test(rounds) ? Number(rounds) : 0;
  const goodSalt = decoded.salt?.length === saltBytes || (kind === "7" && decoded.salt?.length === hashBytes);
  if (!decoded.salt || !goodSalt || decoded.hash?.length !== hashBytes || more.length > 0 || iterations < 1 || iterations > maxIterations)
    return "its hash is damaged; write it with `pinbus passwd`";
  return { kind: kind === "7" ? "pbkdf2" : "sha512", iterations, salt: decoded.salt, hash: decoded.hash };
}

/** Node ignores what is no base64. */
function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}
