import { inputDevice as inputDeviceFormat } from "../../config/keys.ts";
import { type InputDevice, inputDevices, stableLinks } from "../../gpio/input-devices.ts";
import { exit } from "../exit.ts";
import { type Command, columns, print, readArgs } from "./command.ts";

/** `pinbus keys`: input devices, as lines of a configuration. It reads what sysfs tells everybody, opens no device and hears no key. */
export const keys: Command = {
  usage: "[--json]",
  summary: "find keyboards, pedals and remote controls, and print the lines of configuration for them",
  async run(args) {
    const { values } = readArgs(args, { json: { type: "boolean" } } as const, { min: 0, max: 0 });
    const found = foundKeys(inputDevices(), stableLinks());
    if (values.json) print(JSON.stringify(found));
    else for (const line of linesOf(found)) print(line);
    return exit.ok;
  },
};

/** An input device, and how a configuration names it. */
export interface FoundKeys {
  /** The path that stays the same; without one the name, unless two devices have it; then the path of today. */
  evdev: string;
  name: string;
  keys: readonly string[];
}

export function foundKeys(devices: readonly InputDevice[], links: ReadonlyMap<string, string>): FoundKeys[] {
  return devices.map((device) => {
    const { event, name } = device;
    const single = inputDeviceFormat.read(name).ok && !name.startsWith("/") && devices.filter((other) => other.name === name).length === 1;
    return { evdev: links.get(event) ?? (single ? name : `/dev/input/${event}`), name, keys: device.keys() };
  });
}

/** So many keys of a device are named; who has more knows what stands on them. */
const most = 4;

/** YAML that can be pasted as it is. */
export function linesOf(found: readonly FoundKeys[]): string[] {
  if (found.length === 0) return ["The kernel shows no input device with keys. One on USB is there as soon as it is plugged in."];
  let number = 0;
  const rows = found.flatMap(({ evdev, name, keys: all }) =>
    all.slice(0, all.length > most ? 1 : most).map((key) => {
      const settings = `evdev: ${JSON.stringify(evdev)}, key: ${key}${key.startsWith("SW_") ? ", kind: switch" : ""}`;
      const others = all.length > most ? `: one of ${all.length} keys, \`pinbus keys --json\` names them` : "";
      number++;
      return [`  key-${number}: { ${settings} }`, `# ${name}${others}`];
    }),
  );
  return ["inputs:", ...columns(rows)];
}
