import { isAbsolute, relative } from "node:path";
import { protocolOf } from "../../config/listeners.ts";
import type { Config } from "../../config/schema.ts";
import { serviceOf } from "../../config/services.ts";

/** A line of a drop-in for `pinbus.service`, and why the configuration needs it. */
export interface UnitLine {
  directive: string;
  /** Several in one line, as systemd takes them. */
  values: readonly string[];
  because: string;
}

/** Of the unit: what it may write, and the folders of people, which it does not see (`ProtectHome=`). */
const writable = ["/var/lib/pinbus", "/run/pinbus"];
const homes = ["/home", "/root", "/run/user"];

/**
 * What this configuration needs beyond `systemd/pinbus.service`: nothing for the character device, 1-wire, thermal zones and the usual folders.
 */
export function unitLines(config: Config): UnitLine[] {
  const lines: UnitLine[] = [];
  if (config.gpio.driver === "sysfs")
    lines.push({ directive: "ReadWritePaths", values: ["-/sys/class/gpio", "-/sys/devices"], because: "gpio.driver is sysfs" });
  for (const [setting, path] of Object.entries({
    state_dir: config.state_dir,
    "control.socket": parent(config.control.socket),
    "control.view": parent(config.control.view),
  }))
    if (isAbsolute(path) && !isBelow(path, writable))
      lines.push({ directive: "ReadWritePaths", values: [path], because: `${setting} is there` });
  const read = readPaths(config);
  const hidden = read.filter(({ path }) => isBelow(path, homes));
  if (hidden.length > 0) {
    const because = `${hidden.map(({ setting }) => setting).join(", ")} below a home directory`;
    lines.push({ directive: "ProtectHome", values: ["tmpfs"], because });
    for (const { setting, path } of hidden) lines.push({ directive: "BindReadOnlyPaths", values: [`-${path}`], because: setting });
  }
  for (const { setting, path } of read)
    if (isBelow(path, ["/dev"])) lines.push({ directive: "DeviceAllow", values: [path, "r"], because: setting });
  const low = config.mqtt.server.length > 0 ? undefined : config.broker.listeners.find(({ port }) => port > 0 && port < 1024);
  if (low) {
    const because = `the built-in broker listens on port ${low.port} (${protocolOf(low)}), below 1024`;
    lines.push({ directive: "PrivateUsers", values: ["no"], because });
    for (const directive of ["CapabilityBoundingSet", "AmbientCapabilities"])
      lines.push({ directive, values: ["CAP_NET_BIND_SERVICE"], because });
  }
  return lines.filter((line, index) => lines.findIndex((other) => textOf(other) === textOf(line)) === index);
}

/** Files of others that the agent reads. */
function readPaths({ gpio, mqtt, broker, sensors, services }: Config): { setting: string; path: string }[] {
  const named: readonly (readonly [string, string | null])[] = [
    ...(["ca", "cert", "key"] as const).map((key) => [`mqtt.${key}`, mqtt[key]] as const),
    ...(["cert", "key", "ca", "password_file", "acl_file"] as const).map((key) => [`broker.${key}`, broker[key]] as const),
    ...(["ca", "cert", "key"] as const).map((key) => [`broker.bridge.${key}`, broker.bridge[key]] as const),
    ...Object.entries(gpio.driver === "sim" ? {} : sensors).map(([id, { path }]) => [`sensors.${id}.path`, path] as const),
    ...services.map((entry, index) => [`services[${index}].log_file`, serviceOf(entry).log_file] as const),
  ];
  return named.flatMap(([setting, path]) => (path === null || !isAbsolute(path) ? [] : { setting, path }));
}

/** `DeviceAllow=/dev/iio r` */
export function textOf({ directive, values }: UnitLine): string {
  return `${directive}=${values.join(" ")}`;
}

/** The drop-in as a file, with a reason above each line; undefined when the unit is enough as it is. */
export function dropInText(lines: readonly UnitLine[]): string | undefined {
  if (lines.length === 0) return undefined;
  const body = lines.flatMap((line, index) => [...(lines[index - 1]?.because === line.because ? [] : [`# ${line.because}`]), textOf(line)]);
  return ["# What this configuration needs besides pinbus.service; `pinbus service drop-in` prints it.", "[Service]", ...body, ""].join(
    "\n",
  );
}

/** Lists are added up; an empty value forgets those before. Of the others the last one counts. */
const lists = new Set(["ReadWritePaths", "BindReadOnlyPaths", "DeviceAllow", "CapabilityBoundingSet", "AmbientCapabilities"]);

/** Those of `lines` that the unit does not have. `texts`: the unit, then its drop-ins, in systemd's order. */
export function missingLines(lines: readonly UnitLine[], texts: readonly string[]): UnitLine[] {
  const settings = readUnit(texts);
  return lines.filter(({ directive, values }) => {
    const there = settings.get(directive) ?? [];
    if (!lists.has(directive)) return there.at(-1) !== values.join(" ");
    if (directive === "DeviceAllow") return !there.some((entry) => entry.split(/\s+/)[0] === values[0]);
    const words = there.flatMap((entry) => entry.split(/\s+/)).map(plain);
    if (directive !== "ReadWritePaths" && directive !== "BindReadOnlyPaths") return !values.every((value) => words.includes(value));
    return !values.every((value) => isBelow(plain(value), words));
  });
}

/** The values of each directive of `[Service]`. */
function readUnit(texts: readonly string[]): Map<string, string[]> {
  const settings = new Map<string, string[]>();
  for (const text of texts) {
    let section = "";
    for (const line of text.replaceAll(/\\\n/g, " ").split("\n")) {
      section = /^\[(.*)\]\s*$/.exec(line)?.[1] ?? section;
      const [, directive = "", value = ""] = /^([A-Za-z]+)=\s*(.*?)\s*$/.exec(line) ?? [];
      if (section !== "Service" || directive === "") continue;
      const before = value === "" ? [] : (settings.get(directive) ?? []);
      settings.set(directive, value === "" ? [] : [...before, value]);
    }
  }
  return settings;
}

/** Without systemd's marks in front: `-/sys` may be missing, `+/sys` is of the host. `SOURCE:DESTINATION` stands for its source. */
function plain(path: string): string {
  return path.replace(/^[-+]+/, "").replace(/:.*/, "");
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => {
    const way = relative(folder, path);
    return way === "" || (!way.startsWith("..") && !isAbsolute(way));
  });
}

function parent(path: string): string {
  return path.replace(/\/[^/]*$/, "") || "/";
}
