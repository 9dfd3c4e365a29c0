import { isAbsolute, normalize, relative, resolve } from "node:path";
import { protocolOf } from "../../config/listeners.ts";
import type { LoadResult } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import { serviceOf } from "../../config/services.ts";
import { shellWord } from "../../config/shell-word.ts";
import { unitWord, unitWords } from "./unit-word.ts";

/** A line of a drop-in for `pinbus.service`, and why the configuration needs it. */
export interface UnitLine {
  directive: string;
  /** Several in one line, as they are meant: `textOf` writes them as systemd takes them. */
  values: readonly string[];
  because: string;
}

/** A configuration, where it stands, and the files that it names. */
export type Named = Pick<LoadResult & { ok: true }, "config" | "file" | "files">;
/** A setting and what it names. */
type Place = { setting: string; path: string };

/** Of the unit: what it may write, and the folders of people, which it does not see (`ProtectHome=`). */
const writable = ["/var/lib/pinbus", "/run/pinbus"];
const homes = ["/home", "/root", "/run/user"];
/** Below /run, but not for a service to own: `RuntimeDirectory=` removes its folders. */
const ofSystem = ["dbus", "lock", "log", "mount", "systemd", "udev"].map((name) => `/run/${name}`);

/**
 * What this configuration needs beyond `systemd/pinbus.service`: nothing for the character device, for what the kernel shows of sensors in
 * sysfs, and for the usual folders.
 */
export function unitLines(named: Named): UnitLine[] {
  const { config } = named;
  const lines: UnitLine[] = [];
  if (config.gpio.driver === "sysfs")
    lines.push({ directive: "ReadWritePaths", values: ["-/sys/class/gpio", "-/sys/devices"], because: "gpio.driver is sysfs" });
  if (config.gpio.driver !== "sim" && Object.keys(config.pwm).length > 0)
    lines.push({ directive: "ReadWritePaths", values: ["-/sys/class/pwm", "-/sys/devices"], because: "there is a PWM" });
  const keyed = Object.values(config.inputs).some(({ evdev }) => evdev !== null);
  if (config.gpio.driver !== "sim" && keyed) {
    const because =
      "there is an input with evdev: the service may read every input device, and asks the kernel for the configured keys alone";
    lines.push({ directive: "SupplementaryGroups", values: ["input"], because });
    lines.push({ directive: "DeviceAllow", values: ["char-input", "r"], because });
  }
  const own = ownFolders(config);
  const read = [...readPaths(config), ...passwordFiles(named).map((path) => ({ setting: "a password", path }))];
  const shown = own.filter(({ path }) => isBelow(path, homes));
  const hidden = read.filter(({ path }) => isBelow(path, homes) && !isBelow(path, pathsOf(shown)));
  for (const place of own) if (!shown.includes(place)) lines.push(...folderLines(place));
  if (shown.length + hidden.length > 0) {
    const because = `${[...shown, ...hidden].map(({ setting }) => setting).join(", ")} below a home directory`;
    lines.push({ directive: "ProtectHome", values: ["tmpfs"], because });
    for (const place of shown) lines.push({ directive: "BindPaths", values: [`-${place.path}`], because: madeByHand(place) });
    for (const { setting, path } of hidden) lines.push({ directive: "BindReadOnlyPaths", values: [`-${path}`], because: setting });
  }
  for (const { setting, path } of read)
    if (isBelow(path, ["/dev"])) lines.push({ directive: "DeviceAllow", values: [path, "r"], because: setting });
  // The unit lets run what is below /usr, where /bin and /sbin are too.
  for (const { setting, path } of programsOf(config.sensors, config.gpio))
    if (!isBelow(path, ["/usr", "/bin", "/sbin"])) lines.push({ directive: "ExecPaths", values: [tidy(path)], because: setting });
  const low = config.mqtt.server.length > 0 ? undefined : config.broker.listeners.find(({ port }) => port > 0 && port < 1024);
  if (low) {
    const because = `the built-in broker listens on port ${low.port} (${protocolOf(low)}), below 1024`;
    lines.push({ directive: "PrivateUsers", values: ["no"], because });
    for (const directive of ["CapabilityBoundingSet", "AmbientCapabilities"])
      lines.push({ directive, values: ["CAP_NET_BIND_SERVICE"], because });
  }
  return lines.filter((line, index) => lines.findIndex((other) => textOf(other) === textOf(line)) === index);
}

/** Folders in which the agent makes files, besides those of the unit. */
export function ownFolders({ state_dir, control }: Config): Place[] {
  const all = { state_dir, "control.socket": parent(control.socket), "control.view": parent(control.view) };
  return Object.entries(all)
    .map(([setting, path]) => ({ setting, path: tidy(path).replace(/^\/var\/run(?=\/)/, "/run") }))
    .filter(({ path }) => isAbsolute(path) && !isBelow(path, writable));
}

/** Whether the service makes the folder, of itself or by its drop-in. */
export function isMadeByService(path: string): boolean {
  return isBelow(path, writable) || runtimeName(path) !== undefined;
}

/** What makes a folder of which the service only may write what is there. */
export const makingOf = (path: string) => `sudo install -d -o pinbus -g pinbus ${shellWord(path)}`;

/** /run is empty after each boot, and a path that is not there ends the service with 226, and `safe` too, unless it has a `-`. */
function folderLines(place: Place): UnitLine[] {
  const because = `${place.setting} is there`;
  const name = runtimeName(place.path);
  if (name === undefined) return [{ directive: "ReadWritePaths", values: [`-${place.path}`], because: madeByHand(place) }];
  const line = { directive: "RuntimeDirectory", values: [name], because };
  // What is kept there goes on after a restart.
  return place.setting === "state_dir" ? [line, { directive: "RuntimeDirectoryPreserve", values: ["restart"], because }] : [line];
}

function madeByHand({ setting, path }: Place): string {
  return `${setting} is there; if the folder is missing: ${makingOf(path)}`;
}

/** For `RuntimeDirectory=`, in which a colon begins another name. */
function runtimeName(path: string): string | undefined {
  return isBelow(path, [...homes, ...ofSystem]) ? undefined : /^\/run\/([^:]+)$/.exec(path)?.[1];
}

/** Programs that sensors run. */
function programsOf(sensors: Config["sensors"], gpio: Config["gpio"]): Place[] {
  return Object.entries(gpio.driver === "sim" ? {} : sensors).flatMap(
    ([
      id,
      {
        driver,
        command: [path],
      },
    ]) => (driver === "command" && path !== undefined ? { setting: `sensors.${id}.command`, path } : []),
  );
}

/** Files of others that the agent reads. */
function readPaths({ gpio, mqtt, broker, sensors, services }: Config): Place[] {
  const named: readonly (readonly [string, string | null])[] = [
    ...(["ca", "cert", "key"] as const).map((key) => [`mqtt.${key}`, mqtt[key]] as const),
    ...(["cert", "key", "ca", "password_file", "acl_file"] as const).map((key) => [`broker.${key}`, broker[key]] as const),
    ...(["ca", "cert", "key"] as const).map((key) => [`broker.bridge.${key}`, broker.bridge[key]] as const),
    ...Object.entries(gpio.driver === "sim" ? {} : sensors).map(([id, { path }]) => [`sensors.${id}.path`, path] as const),
    ...programsOf(sensors, gpio).map(({ setting, path }) => [setting, path] as const),
    ...services.map((entry, index) => [`services[${index}].log_file`, serviceOf(entry).log_file] as const),
  ];
  return named.flatMap(([setting, path]) => (path === null || !isAbsolute(path) ? [] : { setting, path: tidy(path) }));
}

/** Files of `password: {file: PATH}`: of what the loader read, those that are the value of no setting. */
export function passwordFiles({ config, file, files }: Named): string[] {
  const values = new Set(textsIn(config));
  return files.filter((path) => path !== resolve(file) && isAbsolute(path) && !values.has(path));
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** `DeviceAllow=/dev/iio r` */
export function textOf({ directive, values }: UnitLine): string {
  return `${directive}=${values.map(unitWord).join(" ")}`;
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
const pathLists = new Set(["ReadWritePaths", "BindPaths", "BindReadOnlyPaths"]);
const lists = new Set([
  ...pathLists,
  "SupplementaryGroups",
  "ExecPaths",
  "RuntimeDirectory",
  "DeviceAllow",
  "CapabilityBoundingSet",
  "AmbientCapabilities",
]);

/** Those of `lines` that the unit does not have. `texts`: the unit, then its drop-ins, in systemd's order. */
export function missingLines(lines: readonly UnitLine[], texts: readonly string[]): UnitLine[] {
  const settings = readUnit(texts);
  return lines.filter(({ directive, values }) => {
    const there = settings.get(directive) ?? [];
    if (!lists.has(directive)) return there.at(-1) !== values.join(" ");
    if (directive === "DeviceAllow") return !there.some((entry) => unitWords(entry)[0] === values[0]);
    const words = there.flatMap(unitWords);
    if (!pathLists.has(directive)) return !values.every((value) => words.includes(value));
    return !values.every((value) => isBelow(plain(value), words.map(plain)));
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

const pathsOf = (places: readonly Place[]) => places.map(({ path }) => path);

/** systemd takes no path with `..`. */
const tidy = (path: string) => normalize(path).replace(/(?<=.)\/$/, "");

function parent(path: string): string {
  return path.replace(/\/[^/]*$/, "") || "/";
}
