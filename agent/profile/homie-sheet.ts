import type { InputPlan } from "../core/input-plan.ts";
import type { OutputPlan } from "../core/output-plan.ts";
import type { Plan } from "../core/plan.ts";
import { nameOf } from "./component.ts";
import { hasPulse } from "./covers.ts";
import { eventTypes } from "./discovery-inputs.ts";
import type { Heard, ProfileEffect, World } from "./profile.ts";
import { isNumeric, type Named } from "./quantities.ts";

/** As the convention describes a property; what is left out has its default. */
interface Property {
  datatype: "boolean" | "enum" | "float" | "integer" | "string";
  format?: string;
  settable?: true;
  retained?: false;
  unit?: string;
}

/** `topic` is below the device's. `momentary`: it is not retained, and nobody hears it later. */
interface Said {
  topic: string;
  payload: string;
  momentary?: true;
}

type Message = Omit<Heard, "topic">;

/** A node of this agent as a device of Homie: what it is, and how what it says is said there. */
export interface Sheet {
  /** The description without its version. */
  device: { homie: "5.0"; name: string; type: "pinbus"; nodes: Record<string, { name: string; properties: Record<string, Property> }> };
  /** By a topic of this agent: what is said when that is published there. */
  says: Map<string, (payload: string, world: World) => Said[]>;
  /** By a property, `out-lamp/state`: what a message on its `set` wants. */
  sets: Map<string, (message: Message) => ProfileEffect>;
  /** Topics below the device's that are retained: properties and alerts. */
  retained: string[];
}

/** One node of the sheet while it is filled. */
interface Entry {
  id: string;
  add(property: string, description: Property): string;
}

const onOff = { datatype: "boolean", format: "off,on" } as const;

export function sheetOf({ plan, config }: World, quantities: (sensor: string) => readonly Named[]): Sheet {
  const name = config.homie.name ?? config.node;
  const sheet: Sheet = { device: { homie: "5.0", name, type: "pinbus", nodes: {} }, says: new Map(), sets: new Map(), retained: [] };
  const entry = (id: string, called: string): Entry => {
    const properties: Record<string, Property> = {};
    sheet.device.nodes[id] = { name: called, properties };
    sheet.retained.push(`$alert/${id}`);
    return {
      id,
      add(property, description) {
        properties[property] = description;
        if (description.retained !== false) sheet.retained.push(`${id}/${property}`);
        return `${id}/${property}`;
      },
    };
  };
  for (const input of plan.inputs) addInput(sheet, entry(`in-${input.id}`, nameOf(input.id, config.inputs[input.id]?.name)), input);
  for (const output of plan.outputs) {
    const { id, pwm } = output;
    if (pwm !== null) addPwm(sheet, entry(`pwm-${id}`, nameOf(id, null)), plan, output);
    else addOutput(sheet, entry(`out-${id}`, nameOf(id, config.outputs[id]?.name)), plan, output, hasPulse(config.outputs[id]));
  }
  for (const { id, published, stateTopic, availabilityTopic, qualityTopic } of plan.sensors) {
    if (!published) continue;
    const { add, id: node } = entry(`sensor-${id}`, nameOf(id, config.sensors[id]?.homeassistant?.name));
    const values = quantities(id).map((quantity) => ({ quantity, topic: add(quantity.name.replaceAll("_", "-"), measured(quantity)) }));
    sheet.says.set(stateTopic, (payload) => {
      const body = bodyOf(payload);
      return values.map(({ quantity, topic }) => ({
        topic,
        payload: isNumeric(quantity) ? float(body[quantity.name]) : text(body[quantity.name]),
      }));
    });
    // A value that does not hold is none.
    sheet.says.set(availabilityTopic, (payload) => (payload === "online" ? [] : values.map(({ topic }) => ({ topic, payload: "" }))));
    sheet.says.set(qualityTopic, (payload) => [{ topic: `$alert/${node}`, payload: payload === "ok" ? "" : payload }]);
  }
  for (const { id, stateTopic } of plan.rules) {
    const topic = entry(`rule-${id}`, `Rule ${nameOf(id, null).toLowerCase()}`).add("enabled", { ...onOff, settable: true });
    sheet.says.set(stateTopic, (payload) => [{ topic, payload: boolean(payload) }]);
    sheet.sets.set(topic, (message) => ({
      type: "commandRule",
      rule: id,
      message: { ...message, payload: wordFor(message) ?? notBoolean },
    }));
  }
  return sheet;
}

function addInput(sheet: Sheet, { id, add }: Entry, input: InputPlan): void {
  const { stateTopic, eventTopic, counter, gestures } = input;
  const problem = ({ plan, state }: World) => state.inputs[plan.inputIndex.get(input.id) ?? -1]?.problem ?? null;
  if (counter?.kind === "counter") {
    const unit = (text: string | null) => (text === null ? {} : { unit: text });
    const total = add("total", { datatype: "float", ...unit(counter.unit) });
    const pulses = add("pulses", { datatype: "integer" });
    const rate = add("rate", { datatype: "float", ...unit(counter.rateUnit) });
    sheet.says.set(stateTopic, (payload, world) => {
      const body = bodyOf(payload);
      return [
        { topic: total, payload: float(body.total) },
        { topic: pulses, payload: integer(body.pulses) },
        { topic: rate, payload: float(body.rate) },
        { topic: `$alert/${id}`, payload: problem(world) ?? "" },
      ];
    });
    return;
  }
  if (counter?.kind === "encoder") {
    const position = add("position", { datatype: "integer" });
    sheet.says.set(stateTopic, (payload, world) => [
      { topic: position, payload: integer(bodyOf(payload).position) },
      { topic: `$alert/${id}`, payload: problem(world) ?? "" },
    ]);
  } else {
    const state = add("state", onOff);
    sheet.says.set(stateTopic, (payload, world) => [
      { topic: state, payload: boolean(payload) },
      { topic: `$alert/${id}`, payload: alertOf(payload, problem(world)) },
    ]);
  }
  // Of several clicks their number is part of the word: an event has one value.
  const words = eventTypes(input).flatMap((type) =>
    type.startsWith("multi_press") ? Array.from({ length: gestures.most - 1 }, (_, index) => `${type}_${index + 2}`) : type,
  );
  if (words.length === 0) return;
  const event = add("event", { datatype: "enum", format: words.join(","), retained: false });
  sheet.says.set(eventTopic, (payload) => {
    const { event_type: type, multi_press_count: count } = bodyOf(payload);
    const word = count === undefined ? String(type) : `${type}_${count}`;
    return words.includes(word) ? [{ topic: event, payload: word, momentary: true }] : [];
  });
}

/** What is there to be pulsed is pulsed by `true`: a motor of a gate must not stay on. */
function addOutput(sheet: Sheet, { id, add }: Entry, plan: Plan, { id: output, stateTopic }: OutputPlan, pulsed: boolean): void {
  const topic = add("state", { ...onOff, settable: true });
  sheet.says.set(stateTopic, (payload, { state }) => [
    { topic, payload: boolean(payload) },
    { topic: `$alert/${id}`, payload: alertOf(payload, state.outputs[plan.outputIndex.get(output) ?? -1]?.problem ?? null) },
  ]);
  sheet.sets.set(topic, (message) => {
    const word = wordFor(message);
    return commandOf(output, message, word === undefined ? notBoolean : { state: word === "ON" && pulsed ? "PULSE" : word });
  });
}

function addPwm(sheet: Sheet, { id, add }: Entry, plan: Plan, { id: output, pwm, stateTopic }: OutputPlan): void {
  const servo = pwm?.kind === "servo";
  const [key, range] = servo ? ["pulse_us", { format: `0:${pwm.high}`, unit: "µs" }] : ["value", { format: "0:100", unit: "%" }];
  const topic = add("level", { datatype: "integer", ...range, settable: true });
  sheet.says.set(stateTopic, (payload, { state }) => {
    const level = integer(bodyOf(payload)[key]);
    const { problem = null } = state.outputs[plan.outputIndex.get(output) ?? -1] ?? {};
    return [
      { topic, payload: level },
      { topic: `$alert/${id}`, payload: alertOf(level === "" ? "UNKNOWN" : level, problem) },
    ];
  });
  sheet.sets.set(topic, (message) =>
    commandOf(output, message, /^\d{1,6}$/.test(message.payload) ? { [key]: Number(message.payload) } : notInteger),
  );
}

/** As a command on `P/out/<id>/set`; what is no value of the convention is malformed there as well, and answered. */
function commandOf(output: string, message: Message, wish: object | string): ProfileEffect {
  const payload = typeof wish === "string" ? wish : JSON.stringify({ ...wish, cause: "homie" });
  return { type: "command", output, message: { ...message, payload } };
}

const notBoolean = "not true or false";
const notInteger = "no whole number";

function wordFor({ payload }: Message): "ON" | "OFF" | undefined {
  return payload === "true" ? "ON" : payload === "false" ? "OFF" : undefined;
}

function alertOf(payload: string, problem: string | null): string {
  return payload === "UNKNOWN" ? (problem ?? "its state is not known") : "";
}

function measured(quantity: Named): Property {
  return { datatype: isNumeric(quantity) ? "float" : "string", ...(quantity.unit !== null && { unit: quantity.unit }) };
}

// Payloads of the convention; an empty one says that there is no value.

function boolean(payload: string): string {
  return payload === "ON" ? "true" : payload === "OFF" ? "false" : "";
}

/** Without a plus in its exponent, which the convention does not have. */
function float(value: unknown): string {
  return typeof value === "number" && Number.isFinite(value) ? String(value).replace("+", "") : "";
}

function integer(value: unknown): string {
  return typeof value === "number" && Number.isSafeInteger(Math.round(value)) ? String(Math.round(value)) : "";
}

/** An empty text is one byte 0: nothing at all would delete the topic. */
function text(value: unknown): string {
  return value === undefined || value === null ? "" : String(value) || "\0";
}

/** What this agent has published itself. */
function bodyOf(payload: string): Record<string, unknown> {
  return JSON.parse(payload) as Record<string, unknown>;
}
