import { connectAsync, type MqttClient } from "mqtt";
import { objectionsTo } from "./homeassistant-schema.ts";

// Plays Home Assistant's side of MQTT discovery: it takes what the schema takes, keeps entities by their unique id, follows their states and
// availabilities, ignores retained events, and publishes what a person does there.

interface Availability {
  topic: string;
  value_template?: string;
}

interface Config {
  platform: string;
  unique_id: string;
  name?: string;
  state_topic?: string;
  command_topic?: string;
  value_template?: string;
  availability?: Availability[];
  retain?: boolean;
  [key: string]: unknown;
}

export interface Entity {
  config: Config;
  /** Undefined until it was told. */
  state: string | undefined;
  available: boolean;
}

export interface Homeassistant {
  /** What it would have refused, or warned of. */
  readonly objections: string[];
  /** Discovery messages since it was started, by topic. */
  readonly discovered: { topic: string; payload: string; retained: boolean }[];
  /** By the part of the unique id behind the device's. */
  entity(id: string): Entity | undefined;
  /** Every entity by that part. */
  ids(): string[];
  /** Names of the devices it knows. */
  devices(): string[];
  /** Events of an event entity, since it was started; each as its JSON. */
  events(id: string): Record<string, unknown>[];
  /** Publishes one of the payloads of an entity: `payload_press`, or a word. */
  command(id: string, payload: string): Promise<unknown>;
  /** As after a restart of Home Assistant: it knows nothing, asks for everything retained, and says that it is there, retained, as some have it. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startHomeassistant(url: string, prefix = "homeassistant"): Promise<Homeassistant> {
  let memory = emptyMemory();
  let client: MqttClient;

  const take = (topic: string, payload: string, retained: boolean): void => {
    if (topic.startsWith(`${prefix}/device/`)) discover(topic, payload, retained);
    memory.newest.set(topic, payload);
    for (const config of memory.entities.values())
      if (config.platform === "event" && config.state_topic === topic && !retained)
        memory.events.push({ id: config.unique_id, event: JSON.parse(payload) as Record<string, unknown> });
  };

  const discover = (topic: string, payload: string, retained: boolean): void => {
    memory.discovered.push({ topic, payload, retained });
    if (payload === "") {
      for (const [key] of [...memory.entities].filter(([key]) => key.startsWith(`${topic} `))) memory.entities.delete(key);
      memory.devices.delete(topic);
      return;
    }
    const found = objectionsTo(payload);
    memory.objections.push(...found);
    if (found.length > 0) return;
    const document = JSON.parse(payload) as { device: { name: string }; components: Record<string, Config> };
    memory.devices.set(topic, document.device.name);
    for (const [name, config] of Object.entries(document.components)) {
      const key = `${topic} ${name} ${config.platform}`;
      if (Object.keys(config).length === 1) {
        if (!memory.entities.delete(key)) memory.objections.push(`${name} was removed, and never there`);
        continue;
      }
      const twin = [...memory.entities].find(
        ([other, { unique_id, platform }]) => other !== key && unique_id === config.unique_id && platform === config.platform,
      );
      if (twin) memory.objections.push(`${config.unique_id} is there twice`);
      memory.entities.set(key, config);
      const topics = new Set([config.state_topic, ...(config.availability ?? []).map((one) => one.topic)].flatMap((one) => one ?? []));
      const fresh = [...topics].filter((one) => !memory.subscribed.has(one));
      for (const one of fresh) memory.subscribed.add(one);
      if (fresh.length > 0) client.subscribe(fresh, { qos: 1 });
    }
  };

  const connect = async () => {
    client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
    client.on("message", (topic, payload, { retain }) => take(topic, payload.toString(), retain));
    await client.subscribeAsync([`${prefix}/device/+/config`, `${prefix}/device/+/+/config`], { qos: 1 });
  };
  const configOf = (id: string) => [...memory.entities.values()].find(({ unique_id }) => partOf(unique_id) === id);

  await connect();
  return {
    get objections() {
      return memory.objections;
    },
    get discovered() {
      return memory.discovered;
    },
    entity(id) {
      const config = configOf(id);
      if (!config) return undefined;
      const raw = memory.newest.get(config.state_topic ?? "");
      const available = (config.availability ?? []).every(({ topic, value_template }) => {
        const said = memory.newest.get(topic);
        return said !== undefined && rendered(value_template, said) === "online";
      });
      return { config, state: raw === undefined ? undefined : rendered(config.value_template, raw), available };
    },
    ids: () => [...memory.entities.values()].map(({ unique_id }) => partOf(unique_id)).sort(),
    devices: () => [...memory.devices.values()],
    events: (id) => memory.events.filter((one) => partOf(one.id) === id).map(({ event }) => event),
    async command(id, payload) {
      const { command_topic, retain } = configOf(id) ?? {};
      if (command_topic === undefined) throw new Error(`${id} takes no command`);
      return client.publishAsync(command_topic, payload, { qos: 1, retain: retain ?? false });
    },
    async restart() {
      await client.endAsync(true);
      memory = emptyMemory();
      await connect();
      await client.publishAsync(`${prefix}/status`, "online", { qos: 1, retain: true });
    },
    stop: () => client.endAsync(true),
  };
}

function emptyMemory() {
  return {
    objections: [] as string[],
    discovered: [] as { topic: string; payload: string; retained: boolean }[],
    /** By topic, key and platform. */
    entities: new Map<string, Config>(),
    devices: new Map<string, string>(),
    newest: new Map<string, string>(),
    subscribed: new Set<string>(),
    events: [] as { id: string; event: Record<string, unknown> }[],
  };
}

/** `pinbus-4f1c0a9b22de_out_lamp` is `out_lamp`. */
function partOf(id: string): string {
  return id.replace(/^[^_]*_/, "");
}

/** The few templates that this device has. */
function rendered(template: string | undefined, value: string): string {
  if (template === undefined) return value;
  const [, name] = /^\{\{ value_json\.(\w+) \}\}$/.exec(template) ?? [];
  if (name !== undefined) return String((JSON.parse(value) as Record<string, unknown>)[name] ?? "None");
  if (template === "{{ 'offline' if value == 'UNKNOWN' else 'online' }}") return value === "UNKNOWN" ? "offline" : "online";
  throw new Error(`the template ${template} is not known`);
}
