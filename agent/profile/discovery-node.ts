import type { Config } from "../../config/schema.ts";
import type { Plan } from "../core/plan.ts";
import { type Add, availableWith, type Component, nameOf } from "./component.ts";

/** Figures below `P/$SYS/`, as they appear; those of the network only when somebody enables them there. */
const figures: readonly (readonly [figure: string, name: string, more: Partial<Component>])[] = [
  ["host/boot_time", "Boot time", { device_class: "timestamp" }],
  ["host/temperature", "Processor temperature", { device_class: "temperature", unit_of_measurement: "°C", state_class: "measurement" }],
  ["host/load/1min", "Load", { state_class: "measurement" }],
  ["host/memory/used", "Memory used", { device_class: "data_size", unit_of_measurement: "B", state_class: "measurement" }],
  ["host/disk/free", "Disk free", { device_class: "data_size", unit_of_measurement: "B", state_class: "measurement" }],
  ...(["eth0", "wlan0"] as const).flatMap((port) =>
    (["received", "sent"] as const).map(
      (way) =>
        [
          `host/network/${port}/${way}`,
          `${port} ${way}`,
          { device_class: "data_size", unit_of_measurement: "B", state_class: "total_increasing", enabled_by_default: false },
        ] as const,
    ),
  ),
  [
    "host/wifi/wlan0/signal",
    "wlan0 signal",
    { device_class: "signal_strength", unit_of_measurement: "dBm", state_class: "measurement", enabled_by_default: false },
  ],
];
const warnings: readonly (readonly [figure: string, name: string])[] = [
  ["host/under_voltage/now", "Under-voltage"],
  ["host/throttled/now", "Throttled"],
];
/** The states that systemd gives a unit, and what the agent says when it does not know. */
const unitStates = ["active", "reloading", "inactive", "failed", "activating", "deactivating", "maintenance", "refreshing", "unknown"];

const diagnostic = { entity_category: "diagnostic" } as const;

/** What the agent says of itself and its machine, and what may be asked of it. */
export function addNode(plan: Plan, config: Config, add: Add): void {
  const { topics } = plan;
  // Without an availability: it is what would show that the agent is gone.
  add("node_online", {
    platform: "binary_sensor",
    name: "Online",
    device_class: "connectivity",
    ...diagnostic,
    state_topic: topics.status,
    payload_on: "online",
    payload_off: "offline",
  });
  add("node_health", {
    platform: "sensor",
    name: "Health",
    device_class: "enum",
    options: ["ok", "degraded", "failing"],
    ...diagnostic,
    state_topic: topics.health,
    value_template: "{{ value_json.health }}",
    json_attributes_topic: topics.health,
    ...availableWith(plan),
  });
  add("node_started", {
    platform: "sensor",
    name: "Agent started",
    device_class: "timestamp",
    ...diagnostic,
    state_topic: topics.info,
    value_template: "{{ value_json.started }}",
    ...availableWith(plan),
  });
  for (const [figure, name, more] of figures)
    add(keyOf("sys", figure), {
      platform: "sensor",
      name,
      ...more,
      ...diagnostic,
      state_topic: topics.sys(figure),
      ...availableWith(plan),
    });
  for (const [figure, name] of warnings)
    add(keyOf("sys", figure), {
      platform: "binary_sensor",
      name,
      device_class: "problem",
      ...diagnostic,
      state_topic: topics.sys(figure),
      payload_on: "ON",
      payload_off: "OFF",
      ...availableWith(plan),
    });
  for (const entry of config.services) {
    const unit = typeof entry === "string" ? entry : entry.unit;
    add(keyOf("service", unit), {
      platform: "sensor",
      name: unit,
      device_class: "enum",
      options: unitStates,
      ...diagnostic,
      state_topic: topics.service(unit),
      ...availableWith(plan),
    });
  }
  addRules(plan, add);
  addButtons(plan, config, add);
}

function addRules(plan: Plan, add: Add): void {
  for (const { id, stateTopic, setTopic } of plan.rules)
    add(`rule_${id}`, {
      platform: "switch",
      name: `Rule ${nameOf(id, null).toLowerCase()}`,
      entity_category: "config",
      command_topic: setTopic,
      state_topic: stateTopic,
      retain: false,
      optimistic: false,
      ...availableWith(plan),
    });
}

/** Only what `commands` serves: a button that is always refused is none. */
function addButtons(plan: Plan, { commands, outputs }: Config, add: Add): void {
  const press = (name: string, command: string, payload: object) => ({
    platform: "button" as const,
    name,
    command_topic: plan.topics.nodeCommand(command),
    payload_press: JSON.stringify(payload),
    retain: false,
    ...availableWith(plan),
  });
  if (commands.includes("reload")) add("cmd_reload", { ...press("Reload the configuration", "reload", {}), entity_category: "config" });
  if (!commands.includes("identify")) return;
  for (const { id, identify } of plan.outputs)
    if (identify)
      add(`cmd_identify_${id}`, {
        ...press(`Identify ${nameOf(id, outputs[id]?.name)}`, "identify", { output: id }),
        device_class: "identify",
        entity_category: "config",
      });
}

/** `host/load/1min` as a part of a key. */
function keyOf(kind: string, text: string): string {
  return `${kind}_${text.replaceAll(/[^a-zA-Z0-9_-]+/g, "_")}`;
}
