import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { attempt, run } from "./commands.ts";

export const home = "/usr/lib/pinbus";
const dropIns = "/run/systemd/system/pinbus.service.d";
export const configFile = "/etc/pinbus/pinbus.yaml";
export const program = ["/usr/bin/node", `${home}/dist/agent/main.cjs`] as const;

/** Puts everything where the package puts it. `tar` is what `test/machine/stage` made. */
export async function install(tar: string): Promise<void> {
  mkdirSync(home, { recursive: true });
  await run("tar", "-xf", tar, "-C", home);
  const from = (name: string) => join(home, "systemd", name);
  if (!existsSync("/usr/bin/node")) symlinkSync(process.execPath, "/usr/bin/node");
  const places = JSON.parse(readFileSync(from("places.json"), "utf8")) as Record<string, string>;
  for (const [name, place] of Object.entries(places)) {
    mkdirSync(dirname(place), { recursive: true });
    await run("cp", from(name), place);
  }
  await run("journalctl", "--update-catalog");
  await run("systemd-sysusers", "pinbus.conf");
  await run("systemd-tmpfiles", "--create", "pinbus.conf");
  await run("systemctl", "daemon-reload");
}

/** What an administrator adds for `gpio.driver: sysfs`. */
export async function allowSysfs(): Promise<void> {
  await run("install", "-D", "-m", "0644", join(home, "systemd/sysfs.conf"), "/etc/systemd/system/pinbus.service.d/sysfs.conf");
}

/** Writes the agent's configuration as an administrator would: root writes, the daemon's group reads. */
export async function configure(yaml: string): Promise<void> {
  writeFileSync(configFile, yaml);
  await run("systemd-tmpfiles", "--create", "pinbus.conf");
}

/** Replaces all drop-ins of the service by these settings of [Service]. */
export async function dropIn(...settings: string[]): Promise<void> {
  rmSync(dropIns, { recursive: true, force: true });
  if (settings.length > 0) {
    mkdirSync(dropIns, { recursive: true });
    writeFileSync(join(dropIns, "test.conf"), `[Service]\n${settings.join("\n")}\n`);
  }
  await run("systemctl", "daemon-reload");
}

/** A mosquitto without persistence on loopback, left stopped; open to everybody unless `access` says otherwise. */
export async function installBroker(...access: string[]): Promise<void> {
  const lines = ["listener 1883 127.0.0.1", ...(access.length > 0 ? access : ["allow_anonymous true"])];
  writeFileSync("/etc/mosquitto/mosquitto.conf", `${lines.join("\n")}\n`);
  await run("systemctl", "stop", "mosquitto.service");
}

/** Stopped and without memory of what went before, whatever state a failed case left. */
export async function wipe(): Promise<void> {
  await attempt("systemctl", "stop", "pinbus.service");
  await attempt("systemctl", "reset-failed", "pinbus.service");
  await attempt("systemctl", "stop", "mosquitto.service");
  rmSync("/var/lib/pinbus", { recursive: true, force: true });
}
