import type { FileFacts } from "../facts.ts";
import { type Check, known, ok, problem, type Remark, warning } from "../finding.ts";
import { kept, say, told } from "../sentence.ts";

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
      const again = say`pinbus check --config ${kept("file", file)}`;
      return warnings.length > 0 ? warnings.map((what) => warning(what, again)) : [ok(say`${kept("file", file)} is fine`)];
    });
  },
};

export const permissions: Check = {
  id: "permissions",
  about: "who may read secrets and keys, and who may write the configuration",
  why: "who reads the password switches your outputs; who writes the configuration is the agent",
  look: ({ files }) =>
    known(files, (all) => {
      const remarks = all.flatMap(permissionRemarks);
      return remarks.length > 0
        ? remarks
        : [ok(say`${all.filter(({ mode }) => mode !== null).length} files: nobody else may read secrets or write settings`)];
    }),
};

function permissionRemarks({ role, path, kind, mode, owner, group }: FileFacts): Remark[] {
  if (mode === null) return [];
  const place = kept("path", path);
  const what = say`${told(role)}, ${place}`;
  // In a folder with the sticky bit, such as /tmp, nobody replaces what is another's.
  const sticky = (mode & 0o1000) !== 0;
  if ((mode & 0o002) !== 0 && !sticky) return [problem(say`everybody may write ${what}`, say`sudo chmod o-w ${place}`)];
  if (kind === "secret" && (mode & 0o004) !== 0) return [problem(say`everybody may read ${what}`, say`sudo chmod o-rwx ${place}`)];
  const foreign = !["root", "pinbus"].includes(group);
  if (kind === "secret" && foreign && group !== owner && (mode & 0o040) !== 0)
    return [warning(say`the group ${kept("group", group)} may read ${what}`, say`sudo chgrp pinbus ${place}`)];
  if (foreign && group !== owner && (mode & 0o020) !== 0 && !sticky)
    return [warning(say`the group ${kept("group", group)} may write ${what}`, say`sudo chmod g-w ${place}`)];
  return [];
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
