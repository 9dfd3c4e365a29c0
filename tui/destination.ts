/**
 * Where ssh goes: `[user@]machine`, or `ssh://[user@]machine[:port]`. A leading dash would be an option of ssh, and options can run programs; other
 * signs may mean something to a shell that the person's own ssh configuration starts.
 */
const destination = /^(?:ssh:\/\/)?(?:[a-z0-9_.][a-z0-9_.+\\-]*@)?[a-z0-9_[:][a-z0-9_.:%[\]-]*$/i;
const longest = 320;

/** Whether text may be given to ssh as a machine. */
export function isDestination(text: string): boolean {
  return text.length <= longest && destination.test(text);
}

/** As whom a person logs in elsewhere: as where he is, else as here; "" when that is no name that ssh takes. */
export function loginName(host: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const name = host?.includes("@") ? host.replace(/^ssh:\/\//, "").split("@")[0] : (env.USER ?? env.LOGNAME);
  return name !== undefined && isDestination(`${name}@machine`) ? name : "";
}
