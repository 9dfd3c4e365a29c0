// What Home Assistant takes in a discovery message of a device, written from its documentation and from what `wire/home-assistant.md` found in its
// source: independent of what makes the documents.

type Value = "text" | "flag" | "number" | "topic" | "filter" | "template" | "texts" | readonly (string | number)[];

const entity: Record<string, Value> = {
  platform: "text",
  unique_id: "text",
  name: "text",
  availability_mode: ["all", "any", "latest"],
  enabled_by_default: "flag",
  entity_category: ["config", "diagnostic"],
  json_attributes_topic: "filter",
  icon: "text",
  qos: [0, 1, 2],
};
const switched: Record<string, Value> = {
  command_topic: "topic",
  state_topic: "filter",
  optimistic: "flag",
  retain: "flag",
  value_template: "template",
};

interface PlatformRule {
  required: readonly string[];
  keys: Record<string, Value>;
}

const sensorClasses =
  "absolute_humidity apparent_power aqi area atmospheric_pressure battery carbon_dioxide carbon_monoxide conductivity current data_rate data_size date distance duration energy energy_storage enum frequency gas humidity illuminance irradiance moisture monetary nitrogen_dioxide ozone ph pm1 pm10 pm25 power power_factor precipitation precipitation_intensity pressure signal_strength sound_pressure speed temperature timestamp volatile_organic_compounds volatile_organic_compounds_parts voltage volume volume_flow_rate volume_storage water weight wind_direction wind_speed".split(
    " ",
  );
const binaryClasses =
  "battery battery_charging carbon_monoxide cold connectivity door garage_door gas heat light lock moisture motion moving occupancy opening plug power presence problem running safety smoke sound tamper update vibration window".split(
    " ",
  );
const eventTypesOfButtons = ["press_start", "press_end", "long_press_start", "long_press_end", "multi_press_ongoing", "multi_press_end"];

const platforms: Record<string, PlatformRule> = {
  binary_sensor: {
    required: ["state_topic"],
    keys: {
      state_topic: "filter",
      payload_on: "text",
      payload_off: "text",
      value_template: "template",
      device_class: binaryClasses,
      expire_after: "number",
      off_delay: "number",
    },
  },
  button: {
    required: ["command_topic"],
    keys: { command_topic: "topic", payload_press: "text", retain: "flag", device_class: ["identify", "restart", "update"] },
  },
  cover: {
    required: [],
    keys: {
      ...switched,
      payload_open: "text",
      payload_close: "text",
      payload_stop: "text",
      state_open: "text",
      state_opening: "text",
      state_closed: "text",
      state_closing: "text",
      state_stopped: "text",
      device_class: "awning blind curtain damper door garage gate shade shutter window".split(" "),
    },
  },
  event: {
    required: ["state_topic", "event_types"],
    keys: { state_topic: "filter", event_types: "texts", device_class: ["button", "doorbell", "motion"], value_template: "template" },
  },
  light: { required: ["command_topic"], keys: { ...switched, payload_on: "text", payload_off: "text", state_value_template: "template" } },
  lock: {
    required: ["command_topic"],
    keys: { ...switched, payload_lock: "text", payload_unlock: "text", state_locked: "text", state_unlocked: "text" },
  },
  sensor: {
    required: ["state_topic"],
    keys: {
      state_topic: "filter",
      value_template: "template",
      device_class: sensorClasses,
      unit_of_measurement: "text",
      state_class: ["measurement", "total", "total_increasing", "measurement_angle"],
      expire_after: "number",
      options: "texts",
    },
  },
  switch: {
    required: ["command_topic"],
    keys: { ...switched, payload_on: "text", payload_off: "text", state_on: "text", state_off: "text", device_class: ["outlet", "switch"] },
  },
  valve: {
    required: [],
    keys: {
      ...switched,
      payload_open: "text",
      payload_close: "text",
      payload_stop: "text",
      state_open: "text",
      state_closed: "text",
      reports_position: "flag",
      device_class: ["gas", "water"],
    },
  },
};

const root = ["device", "origin", "components", "qos"];
const device: Record<string, Value> = { name: "text", manufacturer: "text", model: "text", sw_version: "text" };

/** What Home Assistant would refuse or warn of, in sentences; empty when the message is right. */
export function objectionsTo(payload: string): string[] {
  const found: string[] = [];
  const document = JSON.parse(payload) as Record<string, unknown>;
  const unknown = Object.keys(document).filter((key) => !root.includes(key));
  if (unknown.length > 0) found.push(`root: ${unknown.join(", ")} not known`);
  if (document.qos !== undefined && ![0, 1, 2].includes(document.qos as number)) found.push("root: qos");
  const { identifiers, ...facts } = (document.device ?? {}) as Record<string, unknown>;
  if (!Array.isArray(identifiers) || identifiers.length === 0) found.push("device: no identifiers");
  found.push(...wrong("device", facts, device));
  const origin = (document.origin ?? {}) as Record<string, unknown>;
  if (typeof origin.name !== "string") found.push("origin: no name");
  found.push(...wrong("origin", origin, { name: "text", sw_version: "text", support_url: "text" }));
  const components = Object.entries((document.components ?? {}) as Record<string, Record<string, unknown>>);
  for (const [key, component] of components) found.push(...objectionsToComponent(key, component));
  const ids = components.flatMap(([, { unique_id }]) => (typeof unique_id === "string" ? unique_id : []));
  if (new Set(ids).size < ids.length) found.push("unique_id: used twice");
  return found;
}

function objectionsToComponent(key: string, component: Record<string, unknown>): string[] {
  const { platform, availability, ...rest } = component;
  // How one is removed.
  if (Object.keys(component).length === 1 && typeof platform === "string") return [];
  if (platform === "device_automation") {
    const keys = {
      automation_type: ["trigger"],
      type: "text",
      subtype: "text",
      topic: "filter",
      payload: "text",
      value_template: "template",
    } as const;
    return [...wrong(key, rest, keys), ...missing(key, rest, ["automation_type", "type", "subtype", "topic"])];
  }
  const rule = platforms[String(platform)];
  if (!rule) return [`${key}: platform ${platform}`];
  const found = [...wrong(key, rest, { ...entity, ...rule.keys }), ...missing(key, rest, [...rule.required, "unique_id"])];
  for (const one of (availability ?? []) as Record<string, unknown>[])
    found.push(
      ...wrong(`${key} availability`, one, {
        topic: "filter",
        payload_available: "text",
        payload_not_available: "text",
        value_template: "template",
      }),
      ...missing(`${key} availability`, one, ["topic"]),
    );
  return [...found, ...sense(key, component)];
}

/** What is allowed one by one and makes no sense together. */
function sense(key: string, component: Record<string, unknown>): string[] {
  const { platform, device_class, event_types, state_class, options, unit_of_measurement, availability, off_delay } = component;
  const types = (event_types ?? []) as string[];
  const found: string[] = [];
  if (platform === "event" && availability !== undefined) found.push(`${key}: an event with an availability is replayed`);
  if (device_class === "doorbell" && !types.includes("ring")) found.push(`${key}: a doorbell without ring`);
  if (device_class === "button" && types.some((type) => !eventTypesOfButtons.includes(type))) found.push(`${key}: ${types}`);
  if (platform === "event" && types.length === 0) found.push(`${key}: no event types`);
  if (device_class === "enum" && (state_class !== undefined || unit_of_measurement !== undefined || !Array.isArray(options)))
    found.push(`${key}: an enum has options, and neither class nor unit`);
  if (device_class === "timestamp" && (state_class !== undefined || unit_of_measurement !== undefined))
    found.push(`${key}: a time with a unit`);
  if (["energy", "gas", "water", "volume"].includes(String(device_class)) && platform === "sensor" && state_class === "measurement")
    found.push(`${key}: ${device_class} is no measurement`);
  if (off_delay !== undefined) found.push(`${key}: off_delay`);
  return found;
}

function missing(key: string, given: Record<string, unknown>, keys: readonly string[]): string[] {
  return keys.filter((name) => given[name] === undefined).map((name) => `${key}: no ${name}`);
}

function wrong(key: string, given: Record<string, unknown>, known: Readonly<Record<string, Value>>): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const rule = known[name];
    if (rule === undefined) return [`${key}: ${name} not known`];
    return fits(rule, value) ? [] : [`${key}: ${name} is ${JSON.stringify(value)}`];
  });
}

function fits(rule: Value, value: unknown): boolean {
  if (typeof rule === "object") return rule.includes(value as string);
  switch (rule) {
    case "text":
      return typeof value === "string" && value !== "";
    case "flag":
      return typeof value === "boolean";
    case "number":
      return typeof value === "number" && value >= 0;
    case "topic":
    case "filter":
      return typeof value === "string" && value !== "" && !/[+#\0]/.test(value);
    case "template":
      return typeof value === "string" && value.includes("{{") && value.includes("}}");
    case "texts":
      return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");
  }
}
