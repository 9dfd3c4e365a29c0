import type { AccessRules } from "../../../agent/embedded/access.ts";
import { parseAcl } from "../../../agent/embedded/acl.ts";
import { keptHash, type PasswordHash } from "../../../agent/embedded/password-file.ts";
import type { Random } from "./seeded.ts";

const rights = ["readwrite", "readwrite", "read", "write", "deny"] as const;
type Right = (typeof rights)[number];

export const members = ["pupil", "other"] as const;
export const memberTopics = ["m/0", "m/1", "m/2/3"];
const memberFilters = [...memberTopics, "mw/#"];
const words = ["word", "word", "new word"];
/** Who is in the chaos besides. */
const world = new Map([["user", keptHash("word")]]);

/** Who may connect and do what, in the words of this test. */
export interface ChaosRules {
  passwords: ReadonlyMap<string, string>;
  /** By user and filter; undefined: everybody may everything. */
  rights: ReadonlyMap<string, Right> | undefined;
}

export const openRules: ChaosRules = { passwords: new Map(members.map((user) => [user, "word"])), rights: undefined };

/** Others than before: a user who is removed, added or has another password, topics that are denied, and allowed again. */
export function drawRules({ chance, pick }: Random, { passwords, rights: before }: ChaosRules): ChaosRules {
  const all = new Map(passwords);
  if (chance(50)) {
    const user = pick(members);
    if (all.has(user) && chance(60)) all.delete(user);
    else all.set(user, pick(words));
  }
  if (chance(20)) return { passwords: all, rights: undefined };
  const some = new Map(before);
  for (const user of members)
    for (const filter of memberFilters) if (!some.has(`${user} ${filter}`) || chance(40)) some.set(`${user} ${filter}`, pick(rights));
  return { passwords: all, rights: some };
}

/** The same for the broker, by way of what stands in a file. */
export function accessOf({ passwords, rights: wanted }: ChaosRules): AccessRules {
  const users = new Map<string, PasswordHash>([...world, ...Array.from(passwords, ([user, word]) => [user, keptHash(word)] as const)]);
  if (!wanted) return { anonymous: true, users };
  const everything = ["topic readwrite #", "topic read $SYS/#"];
  const lines = [...everything, "user user", ...everything];
  for (const user of members)
    lines.push(`user ${user}`, ...memberFilters.map((filter) => `topic ${wanted.get(`${user} ${filter}`)} ${filter}`));
  const reading = parseAcl(lines.join("\n"));
  if (!reading.ok) throw new Error("the rules of this test are wrong");
  return { anonymous: true, users, acl: reading.acl };
}

/** `user`: undefined for who names none. */
export function may({ rights: given }: ChaosRules, user: string | undefined, access: "read" | "write", topic: string): boolean {
  if (!given || user === undefined) return true;
  const right = given.get(`${user} ${topic.startsWith("mw/") ? "mw/#" : topic}`);
  return right === "readwrite" || right === access;
}

export function letsIn({ passwords }: ChaosRules, user: string | undefined, word: string): boolean {
  return user === undefined || passwords.get(user) === word;
}
