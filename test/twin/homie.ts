import { connectAsync } from "mqtt";

// Plays a controller of Homie 5, written from the convention: it finds devices by their $state, reads their descriptions, keeps what their properties
// say, and objects to what the convention does not allow.

export interface Property {
  name?: string;
  datatype: string;
  format?: string;
  settable?: boolean;
  retained?: boolean;
  unit?: string;
}
interface Description {
  homie: string;
  version: number;
  name?: string;
  nodes?: Record<string, { name?: string; type?: string; properties?: Record<string, Property> }>;
}
interface Device {
  state: string;
  description: Description | undefined;
  /** By `node/property`; retained ones. */
  values: Map<string, string>;
  /** Those that are not retained, in order: `node/property value`. */
  events: string[];
  alerts: Map<string, string>;
}

/** As it was published; `retain` is null where the subscriber cannot know that. */
export interface Message {
  topic: string;
  payload: string;
  qos: number;
  retain: boolean | null;
}

const idPattern = /^[a-z0-9-]+$/;
const states = ["init", "ready", "disconnected", "sleeping", "lost"];
const numeric = { integer: /^-?\d+$/, float: /^-?\d+(\.\d+)?([eE]-?\d+)?$/ };
const datatypes = ["integer", "float", "boolean", "string", "enum", "color", "datetime", "duration", "json"];
const known = { device: ["homie", "version", "nodes", "name", "type", "children", "root", "parent", "extensions"] };

export class HomieController {
  readonly objections: string[] = [];
  readonly devices = new Map<string, Device>();
  /** Every state that a device had, in order. */
  readonly states: string[] = [];
  /** What came before the description that it needs. */
  #early: Message[] = [];
  readonly #versions = new Map<string, { version: number; text: string }>();

  hear({ topic, payload, qos, retain }: Message): void {
    const [domain = "", version, id = "", ...rest] = topic.split("/");
    const say = (text: string) => this.objections.push(`${topic}: ${text}`);
    if (version !== "5" || !idPattern.test(domain) || !idPattern.test(id)) return void say("is no topic of a device");
    if (rest.at(-1) === "set" && rest.length === 3) return;
    for (const level of rest) if (!idPattern.test(level.replace(/^\$(?=state$|description$|alert$)/, ""))) say("has a level that is no id");
    const device: Device = this.devices.get(id) ?? { state: "", description: undefined, values: new Map(), events: [], alerts: new Map() };
    const mustRetain = () => retain === false && say("is not retained");
    const [first = "", second = ""] = rest;
    if (first === "$state") {
      mustRetain();
      this.states.push(payload);
      if (payload === "") return void this.devices.delete(id);
      if (!states.includes(payload)) say(`has no state ${payload}`);
      if (payload === "ready" && device.state === "init" && device.description === undefined) say("is ready without a description");
      device.state = payload;
      this.devices.set(id, device);
      return;
    }
    // What is left of a device that was removed.
    if (!this.devices.has(id) && payload === "") return;
    if (first === "$description") {
      mustRetain();
      this.devices.set(id, device);
      this.#describe(device, id, payload, say);
      return;
    }
    if (first === "$alert") {
      mustRetain();
      if (payload === "") device.alerts.delete(second);
      else device.alerts.set(second, payload);
      return;
    }
    const path = rest.join("/");
    if (payload === "") return void device.values.delete(path);
    if (device.description === undefined) return void this.#early.push({ topic, payload, qos, retain });
    const property = device.description?.nodes?.[first]?.properties?.[second];
    if (property === undefined || rest.length !== 2) return void say("is no property that was described");
    const wrong = objectionTo(property, payload);
    if (wrong !== null) return void say(wrong);
    if (property.retained === false) {
      if (retain === true || qos !== 0) say("is an event, which is not retained and has QoS 0");
      device.events.push(`${path} ${payload}`);
    } else {
      mustRetain();
      device.values.set(path, payload);
    }
  }

  /** Why a value may not be sent to the `set` of a property; null when it may. */
  refusesToSet(device: string, path: string, value: string): string | null {
    const [node = "", name = ""] = path.split("/");
    const property = this.devices.get(device)?.description?.nodes?.[node]?.properties?.[name];
    if (property?.settable !== true) return "it is not settable";
    return objectionTo(property, value);
  }

  #describe(device: Device, id: string, text: string, say: (text: string) => void): void {
    if (text === "") return;
    const description = JSON.parse(text) as Description;
    if (!/^5\.\d+$/.test(description.homie)) say("names no version of the convention");
    for (const key of Object.keys(description)) if (!known.device.includes(key)) say(`has the unknown field ${key}`);
    const { version } = description;
    if (!Number.isSafeInteger(version)) say("has no version");
    const before = this.#versions.get(id);
    if (before && before.text !== text) {
      if (version <= before.version) say("has changed without a higher version");
      if (!["init", "disconnected", "lost"].includes(device.state)) say(`has changed while the device was ${device.state}`);
    }
    this.#versions.set(id, { version, text });
    for (const [node, { properties = {} }] of Object.entries(description.nodes ?? {})) {
      if (!idPattern.test(node)) say(`the node ${node} has no id`);
      for (const [name, property] of Object.entries(properties)) {
        if (!idPattern.test(name)) say(`the property ${name} has no id`);
        const wrong = objectionToProperty(property);
        if (wrong !== null) say(`${node}/${name} ${wrong}`);
      }
    }
    device.description = description;
    for (const message of this.#early.splice(0)) this.hear(message);
  }
}

function objectionToProperty({ datatype, format, settable = false, retained = true, unit = "" }: Property): string | null {
  if (!datatypes.includes(datatype)) return `has the unknown datatype ${datatype}`;
  if (typeof settable !== "boolean" || typeof retained !== "boolean" || typeof unit !== "string") return "has a field of another type";
  const words: string[] = format?.split(",") ?? [];
  if (datatype === "enum" && (format === undefined || words.includes("") || new Set(words).size !== words.length))
    return "has no list of words";
  if (datatype === "boolean" && format !== undefined && (words.length !== 2 || words.includes(""))) return "needs two words";
  if ((datatype === "integer" || datatype === "float") && format !== undefined) {
    const parts = format.split(":");
    if (parts.length < 2 || parts.length > 3 || !parts.every((part) => part === "" || numeric[datatype].test(part))) return "has no range";
  }
  return null;
}

/** Why a payload is no value of a property; null when it is one. */
function objectionTo({ datatype, format }: Property, payload: string): string | null {
  switch (datatype) {
    case "boolean":
      return payload === "true" || payload === "false" ? null : `${payload} is no boolean`;
    case "enum":
      return format?.split(",").includes(payload) ? null : `${payload} is none of ${format}`;
    case "integer":
    case "float": {
      if (!numeric[datatype].test(payload)) return `${payload} is no ${datatype}`;
      const [low = "", high = ""] = format?.split(":") ?? [];
      const inside = (low === "" || Number(payload) >= Number(low)) && (high === "" || Number(payload) <= Number(high));
      return inside ? null : `${payload} is not in ${format}`;
    }
    default:
      return null;
  }
}

export interface HomieOnBroker extends HomieController {
  set(device: string, path: string, value: string, retain?: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** It hears all devices of a domain. What is retained comes in any order, and what happens then in its own. */
export async function startHomie(url: string, domain = "homie"): Promise<HomieOnBroker> {
  const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
  const controller = new HomieController();
  client.on("message", (topic, payload, { qos }) => controller.hear({ topic, payload: payload.toString(), qos, retain: null }));
  await client.subscribeAsync(`${domain}/5/#`, { qos: 1 });
  return Object.assign(controller, {
    async set(device: string, path: string, value: string, retain = false) {
      await client.publishAsync(`${domain}/5/${device}/${path}/set`, value, { qos: 1, retain });
    },
    stop: () => client.endAsync(true),
  });
}
