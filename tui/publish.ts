import { type Editor, editor, insert } from "./editor.ts";
import { type Effect, none } from "./effect.ts";
import { maxPresetName, maxPresets, type Preset } from "./kept.ts";
import type { Command } from "./keys.ts";
import { insertLines, moveLine } from "./lines.ts";
import type { Publication, State } from "./model.ts";
import { selectedTopic } from "./moves.ts";
import { refuse, say } from "./notice.ts";
import { type PayloadFormat, payloadBytes, payloadFact, payloadFormats, publishProblem } from "./publication.ts";

const maxSent = 20;

/** The dialog that publishes; one of its two parts may lie over it. */
export interface PublishOverlay {
  kind: "publish";
  topic: Editor;
  payload: Editor;
  format: PayloadFormat;
  qos: 0 | 1 | 2;
  retain: boolean;
  /** 0 topic, 1 payload, 2 QoS, 3 retain, 4 format. */
  field: number;
  /** Which of the former publications it shows; -1 none. */
  recalled: number;
  /** Presets and former publications to choose from. */
  list: PublishList | null;
  /** The name of a preset that is being made. */
  name: Editor | null;
}

export interface PublishList {
  field: Editor;
  index: number;
  top: number;
  /** The preset that goes when the key is pressed once more. */
  doomed: string | null;
}

const fields = 5;

/** Opens it with a preset, else with what the selection suggests. */
export function openPublish(state: State, preset?: Publication): readonly Effect[] {
  const publication = preset ?? suggested(state);
  const overlay: PublishOverlay = {
    kind: "publish",
    topic: editor(),
    payload: editor(),
    format: "text",
    qos: 0,
    retain: false,
    field: 0,
    recalled: -1,
    list: null,
    name: null,
  };
  fill(overlay, publication);
  // With all of it there, what one changes is the payload.
  if (publication.payload !== "") overlay.field = 1;
  state.overlay = overlay;
  return none;
}

/** What the dialog would send. */
export function publicationOf({ topic, payload, format, qos, retain }: PublishOverlay): Publication {
  return { topic: topic.text, payload: payload.text, ...(format !== "text" && { format }), qos, retain };
}

export interface PublishChoice {
  label: string;
  publication: Publication;
  /** The name of the preset that it is. */
  preset?: string;
}

/** Presets first, then what was published in this session; those that contain the text. */
export function publishChoices(state: State, text: string): PublishChoice[] {
  const wanted = text.toLowerCase();
  const line = ({ topic, payload }: Publication) => `${topic}  ${payload.slice(0, 80)}`;
  return [
    ...state.kept.presets.map((preset) => ({ label: `${preset.name}  ${line(preset)}`, publication: preset, preset: preset.name })),
    ...state.published.map((publication) => ({ label: line(publication), publication })),
  ]
    .map((choice: PublishChoice) => ({ ...choice, label: choice.label.replace(/\s*[\r\n\t]\s*/g, " ") }))
    .filter(({ label }) => label.toLowerCase().includes(wanted));
}

/** The text field that takes what is typed. */
export function publishField(overlay: PublishOverlay): Editor | undefined {
  if (overlay.name !== null) return overlay.name;
  if (overlay.list !== null) return overlay.list.field;
  return overlay.field === 0 ? overlay.topic : overlay.field === 1 ? overlay.payload : undefined;
}

export function setPublishField(overlay: PublishOverlay, field: Editor): void {
  if (overlay.name !== null) overlay.name = field;
  else if (overlay.list !== null) overlay.list = { field, index: 0, top: 0, doomed: null };
  else if (overlay.field === 0) overlay.topic = field;
  else if (overlay.field === 1) overlay.payload = field;
}

/** Pasted text keeps its lines in the payload, and nowhere else. */
export function pastePublish(overlay: PublishOverlay, text: string): boolean {
  const field = publishField(overlay);
  if (field === undefined) return false;
  setPublishField(overlay, field === overlay.payload ? insertLines(field, text) : insert(field, text));
  return true;
}

/** A command while the dialog is open. */
export function publishKey(state: State, overlay: PublishOverlay, command: Command, now: number): readonly Effect[] {
  if (overlay.name !== null) return command === "accept" ? savePreset(state, overlay, overlay.name.text.trim(), now) : closePart(overlay);
  if (overlay.list !== null) return choose(state, overlay, overlay.list, command, now);
  switch (command) {
    case "field-next":
      overlay.field = (overlay.field + 1) % fields;
      return none;
    case "field-previous":
      overlay.field = (overlay.field + fields - 1) % fields;
      return none;
    case "line-down":
    case "line-up": {
      const moved = overlay.field === 1 ? moveLine(overlay.payload, command === "line-down" ? 1 : -1) : undefined;
      if (moved === undefined) return publishKey(state, overlay, command === "line-down" ? "field-next" : "field-previous", now);
      overlay.payload = moved;
      return none;
    }
    case "line-break":
      if (overlay.field === 1) overlay.payload = insertLines(overlay.payload, "\n");
      return none;
    case "field-change":
      if (overlay.field === 2) overlay.qos = overlay.qos === 0 ? 1 : overlay.qos === 1 ? 2 : 0;
      if (overlay.field === 3) overlay.retain = !overlay.retain;
      if (overlay.field === 4)
        overlay.format = payloadFormats[(payloadFormats.indexOf(overlay.format) + 1) % payloadFormats.length] ?? "text";
      return none;
    case "recall": {
      const history = state.published;
      overlay.recalled = history.length === 0 ? -1 : (overlay.recalled + 1) % history.length;
      const old = history[overlay.recalled];
      if (old === undefined) return refuse(state, "nothing was published in this session yet", now);
      fill(overlay, old);
      return none;
    }
    case "choose":
      overlay.list = { field: editor(), index: 0, top: 0, doomed: null };
      return none;
    case "preset":
      overlay.name = editor(suggestedName(overlay));
      return none;
    case "cancel":
      state.overlay = null;
      return none;
    case "send":
      return send(state, overlay, now);
    default:
      return none;
  }
}

function send(state: State, overlay: PublishOverlay, now: number): readonly Effect[] {
  const publication = publicationOf(overlay);
  const fact = payloadFact(publication);
  const problem = publishProblem(publication.topic) ?? (fact.ok ? null : `${fact.text}: nothing was sent`);
  const refused = problem ?? (state.mqtt.up ? null : "not connected to a broker");
  if (refused !== null || payloadBytes(publication) === undefined) return refuse(state, refused ?? fact.text, now);
  const same = ({ topic, payload }: Publication) => topic === publication.topic && payload === publication.payload;
  state.published = [publication, ...state.published.filter((each) => !same(each))].slice(0, maxSent);
  state.overlay = null;
  return [{ type: "publish", publication }];
}

function choose(state: State, overlay: PublishOverlay, list: PublishList, command: Command, now: number): readonly Effect[] {
  const choices = publishChoices(state, list.field.text);
  list.index = Math.min(list.index, Math.max(0, choices.length - 1));
  if (command === "preset-remove") return removePreset(state, list, choices[list.index]?.preset, now);
  list.doomed = null;
  if (command === "choice-down") list.index = Math.min(Math.max(0, choices.length - 1), list.index + 1);
  else if (command === "choice-up") list.index = Math.max(0, list.index - 1);
  else {
    const chosen = choices[list.index];
    if (command === "accept" && chosen !== undefined) fill(overlay, chosen.publication);
    if (command === "accept" || command === "cancel") closePart(overlay);
  }
  return none;
}

/** The file keeps no former ones, so once is not enough. */
function removePreset(state: State, list: PublishList, name: string | undefined, now: number): readonly Effect[] {
  if (name === undefined) return refuse(state, "only a preset can be removed: the others are of this session", now);
  if (list.doomed !== name) {
    list.doomed = name;
    return refuse(state, `Ctrl-X once more removes the preset ${name}, from the settings file too`, now);
  }
  list.doomed = null;
  state.kept = { ...state.kept, presets: state.kept.presets.filter((each) => each.name !== name) };
  say(state, `the preset ${name} is removed`, now);
  return [{ type: "keep", change: { unpreset: name } }];
}

function closePart(overlay: PublishOverlay): readonly Effect[] {
  overlay.list = null;
  overlay.name = null;
  return none;
}

/** The end of the topic, and a payload that is a word. */
function suggestedName({ topic, payload }: PublishOverlay): string {
  const word = /^\S{1,12}$/.test(payload.text) ? ` ${payload.text}` : "";
  return `${topic.text.split("/").slice(-2).join(" ")}${word}`;
}

function savePreset(state: State, overlay: PublishOverlay, name: string, now: number): readonly Effect[] {
  const { topic, payload, format, qos, retain } = publicationOf(overlay);
  const preset: Preset = { name, topic, payload, ...(format !== undefined && { format }), qos, retain };
  const others = state.kept.presets.filter((each) => each.name !== name);
  const problem =
    publishProblem(topic) ??
    (name === "" ? "a preset needs a name" : null) ??
    (name.length > maxPresetName ? `a name has at most ${maxPresetName} characters` : null) ??
    (others.length >= maxPresets ? `there are ${maxPresets} presets already: Ctrl-X in their list (Ctrl-O) removes one` : null);
  if (problem !== null) return refuse(state, problem, now);
  state.kept = { ...state.kept, presets: [...others, preset] };
  closePart(overlay);
  return [{ type: "keep", change: { preset } }];
}

function fill(overlay: PublishOverlay, { topic, payload, format = "text", qos, retain }: Publication): void {
  Object.assign(overlay, { topic: editor(topic), payload: editor(payload), format, qos, retain });
}

/**
 * The selected topic. What a pinbus publishes of an output, a rule or a counter is its own word: there the command to it is meant,
 * and the payload is what would change something.
 */
function suggested(state: State): Publication {
  const path = selectedTopic(state)?.path ?? "";
  const base = [state.agent.hello?.base, ...state.fleet.nodes.keys()].find((each) => each !== undefined && path.startsWith(`${each}/`));
  const [kind = "", id] = base === undefined ? [] : path.slice(base.length + 1).split("/");
  if (id === undefined || !["out", "rule", "counter"].includes(kind)) return { topic: path, payload: "", qos: 0, retain: false };
  const last = state.topics.store.node(`${base}/${kind}/${id}/state`)?.last?.bytes;
  const other = last === "ON" ? "OFF" : last === "OFF" ? "ON" : kind === "out" ? "TOGGLE" : "ON";
  const payload = kind === "counter" ? '{"set":0}' : other;
  return { topic: `${base}/${kind}/${id}/set`, payload, ...(kind === "counter" && { format: "json" as const }), qos: 1, retain: false };
}
