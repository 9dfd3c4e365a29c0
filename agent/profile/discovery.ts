import type { Config } from "../../config/schema.ts";
import type { Plan } from "../core/plan.ts";
import type { Component, Components } from "./component.ts";
import { addInputs } from "./discovery-inputs.ts";
import { addNode } from "./discovery-node.ts";
import { addCovers, addOutputs } from "./discovery-outputs.ts";
import { addSensors } from "./discovery-sensors.ts";
import type { Named } from "./quantities.ts";

/** Who this is, and what the configuration does not say. */
export interface Identity {
  /** Made from the machine: it stays the same under another name. */
  uid: string;
  version: string;
  /** Of the machine, when it is known. */
  model: string | undefined;
  /** What a sensor measures. */
  quantities(sensor: string): readonly Named[];
}

/** The root has no other keys: one that Home Assistant does not know drops the device, and one that it shares goes to every component. */
export interface Document {
  device: { identifiers: string[]; name: string; manufacturer?: string; model?: string; sw_version: string };
  origin: { name: "pinbus"; sw_version: string };
  qos: 1;
  components: Components;
}

/** Everything that Home Assistant is told of this node. */
export function discoveryDocument(plan: Plan, config: Config, identity: Identity): Document {
  const { pins, node } = components(plan, config, identity);
  return documentOf(config, identity, { ...pins, ...node });
}

/** What goes where: one document, or two of one device when one would be more than `largest` bytes. By topic. */
export function discoveryDocuments(plan: Plan, config: Config, identity: Identity, largest: number): Map<string, Document> {
  const topic = (part: string) => `${config.homeassistant.prefix}/device/${identity.uid}${part}/config`;
  const whole = discoveryDocument(plan, config, identity);
  if (byteLength(JSON.stringify(whole)) + margin(topic("")) <= largest) return new Map([[topic(""), whole]]);
  const { pins, node } = components(plan, config, identity);
  return new Map([
    [topic("-io"), documentOf(config, identity, pins)],
    [topic("-sys"), documentOf(config, identity, node)],
  ]);
}

/** What a packet has besides its payload, with room for components that are still to be removed. */
export function margin(topic: string): number {
  return byteLength(topic) + 64;
}

/** In UTF-8, which the core has no other way to know. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

function components(plan: Plan, config: Config, { uid, quantities }: Identity): { pins: Components; node: Components } {
  const [pins, node]: [Components, Components] = [{}, {}];
  const addTo = (group: Components) => (key: string, component: Component) => {
    // A trigger is no entity.
    group[key] = component.platform === "device_automation" ? component : { unique_id: `${uid}_${key}`, ...component };
  };
  addInputs(plan, config, addTo(pins));
  addOutputs(plan, config, addTo(pins));
  addCovers(plan, config, addTo(pins));
  addSensors(plan, config, quantities, addTo(pins));
  addNode(plan, config, addTo(node));
  return { pins, node };
}

function documentOf({ node, homeassistant }: Config, { uid, version, model }: Identity, components: Components): Document {
  const maker = model?.startsWith("Raspberry Pi") ? { manufacturer: "Raspberry Pi" } : {};
  return {
    device: { identifiers: [uid], name: homeassistant.name ?? node, ...maker, ...(model !== undefined && { model }), sw_version: version },
    origin: { name: "pinbus", sw_version: version },
    qos: 1,
    components,
  };
}
