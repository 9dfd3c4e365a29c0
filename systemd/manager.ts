/** Which service manager a systemctl or journalctl speaks to. */
export function managerArgs(user: boolean): string[] {
  return user ? ["--user"] : [];
}

/** The environment of a systemctl or journalctl whose output is read by a program; the manager of a user is found by two variables. */
export function systemctlEnv(): NodeJS.ProcessEnv {
  const { PATH = "/usr/bin:/bin", XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS } = process.env;
  return {
    PATH,
    LC_ALL: "C",
    SYSTEMD_COLORS: "0",
    SYSTEMD_PAGER: "",
    ...(XDG_RUNTIME_DIR !== undefined && { XDG_RUNTIME_DIR }),
    ...(DBUS_SESSION_BUS_ADDRESS !== undefined && { DBUS_SESSION_BUS_ADDRESS }),
  };
}
