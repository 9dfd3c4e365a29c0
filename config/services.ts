import { isMap, mapFormat } from "./compound.ts";
import { bad, ok, oneOf, text, unit } from "./formats.ts";
import type { Format } from "./leaf.ts";

/** What may be done with a unit from here. */
export type ServiceVerb = "start" | "stop" | "restart";

export interface ServiceSettings {
  unit: string;
  /** `user` = the service manager of the user that the agent runs as. */
  manager: "system" | "user";
  log_file: string | null;
  control: ServiceVerb[];
}

/** As it stands in the file: a unit that is only looked at is its name alone. */
export type ServiceEntry = string | ServiceSettings;

const verb = oneOf("start", "stop", "restart");

const verbs: Format<ServiceVerb[]> = {
  name: "verbs",
  shape: "a list of `start`, `stop`, `restart`",
  read(value) {
    if (!Array.isArray(value)) return bad("it is not a list", "write [start, stop, restart] or some of them");
    const found = new Set<ServiceVerb>();
    for (const item of value) {
      const reading = verb.read(item);
      if (!reading.ok) return reading;
      found.add(reading.value);
    }
    return ok([...found]);
  },
  write: (value) => `[${value.join(", ")}]`,
};

// Not relative to the file: what is read there is another program's.
const wholePath = text(
  "absolute path",
  "an absolute path",
  /^\/[^\0\r\n]{1,4000}$/,
  "write the whole path, like /var/log/mosquitto/mosquitto.log",
);
const settings: Format<ServiceSettings> = mapFormat({
  name: "service",
  shape: `${unit.shape}, or \`{unit: mosquitto.service, log_file: /var/log/mosquitto/mosquitto.log, control: [start, stop, restart], manager: system}\``,
  fix: "write {unit: ssh.service}",
  fields: { unit, manager: oneOf("system", "user"), log_file: wholePath, control: verbs },
  needs: ["unit"],
  value: ({ unit: name, manager = "system", log_file = null, control = [] }) => ok({ unit: name, manager, log_file, control }),
  write({ unit: name, manager, log_file, control }) {
    const parts = [`unit: ${JSON.stringify(name)}`];
    if (log_file !== null) parts.push(`log_file: ${JSON.stringify(log_file)}`);
    if (control.length > 0) parts.push(`control: ${verbs.write(control)}`);
    if (manager !== "system") parts.push(`manager: ${manager}`);
    return `{${parts.join(", ")}}`;
  },
});

export const service: Format<ServiceEntry> = {
  ...settings,
  read: (value, source) => (isMap(value) ? settings : unit).read(value, source),
  write: (value) => (typeof value === "string" ? value : settings.write(value)),
};

/** The whole of an entry. */
export function serviceOf(entry: ServiceEntry): ServiceSettings {
  return typeof entry === "string" ? { unit: entry, manager: "system", log_file: null, control: [] } : entry;
}
