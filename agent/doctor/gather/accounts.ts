import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Accounts, Caller } from "../facts.ts";
import type { Fact } from "../finding.ts";

export interface Names {
  users: ReadonlyMap<number, string>;
  groups: ReadonlyMap<number, string>;
}

/** Users and groups of the machine, as /etc/passwd and /etc/group have them. */
export async function readNames(root: string): Promise<Names & { accounts: Fact<Accounts> }> {
  const [passwd, group] = await Promise.all(
    ["etc/passwd", "etc/group"].map(async (file) => {
      const text = await readFile(join(root, file), "utf8").catch(() => "");
      return text.split("\n").map((line) => line.split(":"));
    }),
  );
  const groups = new Map((group ?? []).map(([name = "", , id]) => [Number(id), name]));
  const members = new Map((group ?? []).map(([name = "", , , list = ""]) => [name, list.split(",").filter((user) => user !== "")]));
  for (const [user = "", , , gid] of passwd ?? []) {
    const primary = groups.get(Number(gid));
    const others = primary === undefined ? undefined : members.get(primary);
    if (primary !== undefined && others && !others.includes(user)) members.set(primary, [...others, user]);
  }
  members.delete("");
  return {
    users: new Map((passwd ?? []).map(([name = "", , id]) => [Number(id), name])),
    groups,
    accounts: { value: { groups: members, daemon: (passwd ?? []).some(([name]) => name === "pinbus") } },
  };
}

/** Who asks: the groups of this process, which are older than those of the machine until the next log-in. */
export function callerOf({ groups }: Names): Caller {
  const ids = [...(process.getgroups?.() ?? []), process.getegid?.() ?? -1];
  const root = process.geteuid?.() === 0;
  let user = String(process.geteuid?.() ?? "");
  try {
    user = userInfo().username;
  } catch {
    // A uid without an entry in the user database.
  }
  return { user, root, groups: [...new Set(ids.flatMap((id) => groups.get(id) ?? []))] };
}
