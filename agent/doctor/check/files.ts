import type { Facts, FileFacts } from "../facts.ts";
import { type Check, known, ok, problem, type Remark, warning } from "../finding.ts";
import { kept, keptWord, say, told } from "../sentence.ts";

const day = 24 * 3600 * 1000;
/** How long before its end a certificate is told, as the agent does it. */
const notice = 14 * day;

export const configuration: Check = {
  id: "configuration",
  about: "what `pinbus check` says of the configuration",
  why: "the agent does not start with a configuration that is wrong",
  look: ({ config, configErrors }) => {
    if (configErrors.length > 0) return configErrors.map(({ what, mend }) => problem(what, ...mend));
    return known(config, ({ file, warnings }) => {
      const again = say`pinbus check --config ${keptWord("file", file)}`;
      return warnings.length > 0 ? warnings.map((what) => warning(what, again)) : [ok(say`${kept("file", file)} is fine`)];
    });
  },
};

export const permissions: Check = {
  id: "permissions",
  about: "who may read secrets and keys, and who may write the configuration",
  why: "who reads the password switches your outputs; who writes the configuration is the agent",
  look: (facts) =>
    known(facts.files, (all) => {
      const groups = groupsOfService(facts);
      const remarks = all.flatMap((file) => permissionRemarks(file, groups));
      return remarks.length > 0
        ? remarks
        : [ok(say`${all.filter(({ mode }) => mode !== null).length} files: nobody else may read secrets or write settings`)];
    }),
};

/** The groups of the user pinbus in the service; undefined when no service reads this configuration. */
function groupsOfService({ config, accounts }: Facts): Set<string> | undefined {
  if (!("value" in config && config.value.standard && "value" in accounts && accounts.value.daemon)) return undefined;
  const own = [...accounts.value.groups].flatMap(([group, members]) => (members.includes("pinbus") ? [group] : []));
  // Those of the unit.
  return new Set([...own, "pinbus", "gpio", "systemd-journal"]);
}

function permissionRemarks(file: FileFacts, service: Set<string> | undefined): Remark[] {
  const { role, path, kind, mode, owner, group } = file;
  if (mode === null) return [];
  const place = keptWord("path", path);
  const what = say`${told(role)}, ${kept("path", path)}`;
  // Not o-rwx alone: of a file of root's the service is one of the others.
  const closing =
    service && kind === "secret" ? say`sudo chgrp pinbus ${place} && sudo chmod 640 ${place}` : say`sudo chmod o-rwx ${place}`;
  // In a folder with the sticky bit, such as /tmp, nobody replaces what is another's.
  const sticky = (mode & 0o1000) !== 0;
  if ((mode & 0o002) !== 0 && !sticky) return [problem(say`everybody may write ${what}`, say`sudo chmod o-w ${place}`)];
  if (kind !== "open" && (mode & 0o004) !== 0) return [problem(say`everybody may read ${what}`, closing)];
  if (service && (kind === "secret" || role === "the configuration") && !mayRead(file, service))
    return [problem(say`the user pinbus may not read ${what}`, say`sudo chgrp pinbus ${place} && sudo chmod 640 ${place}`)];
  const foreign = !["root", "pinbus"].includes(group);
  if (kind !== "open" && foreign && group !== owner && (mode & 0o040) !== 0)
    return [warning(say`the group ${kept("group", group)} may read ${what}`, say`sudo chgrp pinbus ${place}`)];
  if (foreign && group !== owner && (mode & 0o020) !== 0 && !sticky)
    return [warning(say`the group ${kept("group", group)} may write ${what}`, say`sudo chmod g-w ${place}`)];
  return [];
}

/** Only the first class that fits counts: an owner who may not read does not read as one of the group. */
function mayRead({ mode, owner, group }: FileFacts, groups: ReadonlySet<string>): boolean {
  const bit = owner === "pinbus" ? 0o400 : groups.has(group) ? 0o040 : 0o004;
  return ((mode ?? 0) & bit) !== 0;
}

export const certificates: Check = {
  id: "certificates",
  about: "from when and until when each certificate holds",
  why: "from the day on which a certificate ends, nobody connects with it any more",
  look: ({ certificates: fact, now, brokers }) =>
    known(fact, (own) => {
      const theirs =
        "value" in brokers
          ? brokers.value.flatMap(({ server, certificate }) =>
              certificate === null ? [] : { role: "of the broker", path: server, from: 0, to: certificate.to },
            )
          : [];
      return [...own, ...theirs].map(({ role, path, from, to }) => {
        const what = say`${told(role)}, ${kept("path", path)}`;
        const days = Math.floor(Math.abs(to - now) / day);
        if (to < now) return problem(say`the certificate ${what} expired ${days} days ago`, say`get a new one, then pinbus reload`);
        if (from > now)
          return problem(say`the certificate ${what} is not valid yet: its day comes, or this machine's clock is wrong`, say`timedatectl`);
        if (to - now < notice) return warning(say`the certificate ${what} ends in ${days} days`, say`get a new one, then pinbus reload`);
        return ok(say`the certificate ${what} holds for ${days} more days`);
      });
    }),
};
