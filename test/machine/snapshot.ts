import { run } from "./commands.ts";

/** What packages write to; /run and /tmp only by name. */
const folders = ["/etc", "/usr", "/var", "/opt", "/srv"];
/** What dpkg, apt, journald and the manual's index write for every package, and the accounts, which stay. */
const others =
  /^\/var\/(cache|log|tmp)\/|^\/var\/lib\/(dpkg|apt|systemd\/(timers|catalog)|mosquitto|PackageKit)\/|^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid|\.pwd\.lock)-?$|^\/etc\/ld\.so\.cache$/;

/** Each file with its kind, mode, owner, size and time; of a folder no time, because that changes with what was in it. */
export async function filesOf(): Promise<Map<string, string>> {
  const all = await run(
    "find",
    ...folders,
    "-xdev",
    "-type",
    "d",
    "-printf",
    "%p\t%y %m %u %g\n",
    "-o",
    "-printf",
    "%p\t%y %m %u %g %s %T@ %l\n",
  );
  const named = await run(
    "find",
    "/run",
    "/tmp",
    "/dev/shm",
    "-name",
    "*pinbus*",
    "!",
    "-path",
    "/run/systemd/system/*",
    "-printf",
    "%p\t%y\n",
  );
  const lines = `${all}${named}`.split("\n").filter((line) => line !== "");
  const entries = lines.map((line): [string, string] => [line.slice(0, line.indexOf("\t")), line.slice(line.indexOf("\t") + 1)]);
  return new Map(entries.filter(([path]) => !others.test(path)));
}

/** What is new, gone or different, one line each. */
export function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const fresh = [...after].filter(([path]) => !before.has(path)).map(([path]) => `new: ${path}`);
  const gone = [...before].filter(([path]) => !after.has(path)).map(([path]) => `gone: ${path}`);
  const different = [...after].flatMap(([path, now]) => {
    const then = before.get(path);
    return then === undefined || then === now ? [] : [`different: ${path} (${then} → ${now})`];
  });
  return [...fresh, ...gone, ...different];
}
