import { readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { LineError } from "./errors.ts";

/** Users and groups as the system knows them; an argument so that a test can bring its own. */
export interface Identity {
  user: string;
  /** Effective group ids of this process. */
  groups: readonly number[];
  /** Text of /etc/group. */
  groupFile: string;
}

export function currentIdentity(): Identity {
  const groups = [...(process.getgroups?.() ?? []), process.getegid?.() ?? -1];
  let user = String(process.geteuid?.() ?? "");
  try {
    user = userInfo().username;
  } catch {
    // a uid without an entry in the user database
  }
  let groupFile = "";
  try {
    groupFile = readFileSync("/etc/group", "utf8");
  } catch {
    // then groups have only their number
  }
  return { user, groups, groupFile };
}

/** Why this process may not open `path`: which group is missing and how to get it. */
export function permissionError(path: string, cause: unknown, identity = currentIdentity()): LineError {
  let gid = 0;
  let mode = 0;
  try {
    ({ gid, mode } = statSync(path));
  } catch {
    // then only the path can be named
  }
  return new LineError("permission", `${identity.user} may not open ${path}: ${permissionCure(gid, mode, identity)}`, { cause });
}

export function permissionCure(gid: number, mode: number, identity: Identity): string {
  const group = groupOf(gid, identity.groupFile);
  const forGroup = (mode & 0o020) !== 0;
  if (gid === 0 || !forGroup)
    return "it is open to root only; the udev rule that gives GPIO to the group gpio is missing (pinbus brings it as systemd/60-pinbus.rules)";
  if (identity.groups.includes(gid))
    return `the group ${group.name} is there, so something else forbids it (DeviceAllow= of the unit, a container)`;
  if (group.members.includes(identity.user))
    return `${identity.user} is in the group ${group.name}, but not yet in this session: log out and in again`;
  return `it belongs to the group ${group.name}; run \`sudo usermod -aG ${group.name} ${identity.user}\`, then log out and in again`;
}

function groupOf(gid: number, groupFile: string): { name: string; members: string[] } {
  for (const line of groupFile.split("\n")) {
    const [name, , id, members] = line.split(":");
    if (name && Number(id) === gid) return { name, members: (members ?? "").split(",") };
  }
  return { name: String(gid), members: [] };
}
