import { isMap, isScalar, isSeq, parseDocument, visit } from "yaml";
import { quoteText } from "../config/problem.ts";
import { suggest } from "../config/suggest.ts";
import { type Fault, parseYaml, type Spot, type Tree } from "../config/yaml.ts";
import { type Change, defaultSettings, maxPins, maxPresetName, maxPresets, type Preset, type Settings } from "./kept.ts";
import { tabs } from "./model.ts";
import { payloadFormats, publishProblem } from "./publication.ts";
import { backgrounds, themes } from "./theme.ts";

const maxFilters = 20;
const maxText = 4096;

type Report = (at: Spot, message: string, fix: string) => void;
type Reader<T> = (tree: Tree, path: string, report: Report) => T | undefined;
type Readers<T> = { readonly [K in keyof T]-?: Reader<T[K]> };

/** Reads the file strictly; what is right counts, whatever is wrong beside it. */
export function readSettings(text: string): { settings: Settings; faults: Fault[] } {
  const { tree, faults } = parseYaml(text);
  const report: Report = ({ line, column }, message, fix) => faults.push({ line, column, message, fix });
  const found = tree === undefined || isEmpty(tree) ? {} : mapOf(readers)(tree, "", report);
  return { settings: { ...defaultSettings, ...found }, faults: faults.sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** The text of the file with a change in it; comments and everything else stay as they are. The text must be without faults. */
export function amend(text: string, change: Change): string {
  const document = parseDocument(text, { version: "1.2", schema: "core", merge: false });
  // As the person wrote them: 007 is no 7.
  visit(document, {
    Scalar(_key, scalar) {
      if (typeof scalar.value === "number" && scalar.source !== undefined && String(scalar.value) !== scalar.source)
        scalar.value = scalar.source;
    },
  });
  const ofPresets = "preset" in change || "unpreset" in change;
  const key = ofPresets ? "presets" : "pins";
  const known = document.get(key);
  const items = isSeq(known) ? known.items : [];
  const at = items.findIndex((item) => {
    if (ofPresets) return isMap(item) && String(item.get("name")) === ("preset" in change ? change.preset.name : change.unpreset);
    return isScalar(item) && (item.source ?? String(item.value)) === ("pin" in change ? change.pin : change.unpin);
  });
  const removes = "unpin" in change || "unpreset" in change;
  if (removes ? at < 0 : "pin" in change && at >= 0) return text;
  if (!isSeq(known)) document.set(key, document.createNode([]));
  if (removes) document.deleteIn([key, at]);
  else document.setIn([key, at < 0 ? items.length : at], document.createNode("pin" in change ? change.pin : change.preset));
  return document.toString({ lineWidth: 0, flowCollectionPadding: !/[[{]\S/.test(text) });
}

function isEmpty(tree: Tree): boolean {
  return tree.kind === "scalar" && tree.value === null;
}

function scalarText(tree: Tree): string | undefined {
  if (tree.kind !== "scalar") return undefined;
  return typeof tree.value === "string" ? tree.value : tree.source;
}

function oneOf<T extends string>(values: readonly T[]): Reader<T> {
  return (tree, path, report) => {
    const text = scalarText(tree) ?? "";
    const value = values.find((each) => each === text);
    if (value === undefined) report(tree, `${path}: ${quoteText(text)} is not known`, hint(text, values));
    return value;
  };
}

function textOf(problem: (text: string) => string | null, most = maxText): Reader<string> {
  return (tree, path, report) => {
    const text = scalarText(tree);
    const wrong = text === undefined ? "it is no text" : text.length > most ? `it is longer than ${most} characters` : problem(text);
    if (wrong !== null) report(tree, `${path}: ${wrong}`, "write one text, in quotes when it has special characters");
    return wrong === null ? text : undefined;
  };
}

const truth: Reader<boolean> = (tree, path, report) => {
  const value = tree.kind === "scalar" && typeof tree.value === "boolean" ? tree.value : undefined;
  if (value === undefined) report(tree, `${path} is neither true nor false`, "write true or false");
  return value;
};

const qos: Reader<0 | 1 | 2> = (tree, path, report) => {
  const value = ([0, 1, 2] as const).find((each) => tree.kind === "scalar" && tree.value === each);
  if (value === undefined) report(tree, `${path} is not 0, 1 or 2`, "write 0, 1 or 2");
  return value;
};

function listOf<T>(item: Reader<T>, most: number): Reader<readonly T[]> {
  return (tree, path, report) => {
    if (isEmpty(tree)) return [];
    if (tree.kind !== "list") {
      report(tree, `${path} is not a list`, "write each item in a line of its own with `- ` in front");
      return undefined;
    }
    if (tree.items.length > most) report(tree, `${path} has more than ${most} items`, `the first ${most} count: remove some`);
    return tree.items.slice(0, most).flatMap((each, index) => {
      const value = item(each, `${path}[${index}]`, report);
      return value === undefined ? [] : [value];
    });
  };
}

/** What was found of the fields; nothing else may stand there. */
function mapOf<T extends object>(fields: Readers<T>): (tree: Tree, path: string, report: Report) => Partial<T> {
  return (tree, path, report) => {
    const found: Partial<T> = {};
    if (tree.kind !== "map") {
      report(tree, `${path || "the file"} is not a map`, "write `name: value` lines");
      return found;
    }
    for (const { key, value, ...at } of tree.entries) {
      if (!Object.hasOwn(fields, key)) {
        report(at, `${quoteText(key)} is no setting${path === "" ? "" : ` of ${path}`}`, hint(key, Object.keys(fields)));
        continue;
      }
      const name = key as keyof T & string;
      const read = fields[name](value, path === "" ? name : `${path}.${name}`, report);
      if (read !== undefined) found[name] = read;
    }
    return found;
  };
}

/** [MQTT-4.7.1-1] and [MQTT-4.7.1-2]. */
function isFilter(text: string): boolean {
  const levels = text.split("/");
  return text !== "" && levels.every((level, at) => level === "+" || (level === "#" && at === levels.length - 1) || !/[+#]/.test(level));
}

function hint(text: string, known: readonly string[]): string {
  const meant = suggest(text, known);
  return meant === undefined ? `write one of ${known.join(", ")}` : `did you mean ${meant}?`;
}

const readPreset = mapOf<Required<Preset>>({
  name: textOf((text) => (text === "" ? "a name is needed" : null), maxPresetName),
  topic: textOf(publishProblem),
  payload: textOf(() => null),
  format: oneOf(payloadFormats),
  qos,
  retain: truth,
});

const preset: Reader<Preset> = (tree, path, report) => {
  const { name, topic, ...rest } = readPreset(tree, path, report);
  if (name === undefined || topic === undefined) {
    const lacks = tree.kind === "map" ? ["name", "topic"].find((key) => tree.entries.every((entry) => entry.key !== key)) : undefined;
    if (lacks !== undefined) report(tree, `${path} has no ${lacks}`, `add \`${lacks}:\``);
    return undefined;
  }
  return { name, topic, payload: "", qos: 0, retain: false, ...rest };
};

const readers: Readers<Settings> = {
  theme: oneOf(themes),
  background: oneOf(backgrounds),
  tabs: listOf(oneOf(tabs.map(({ id }) => id)), tabs.length),
  pins: listOf(
    textOf((text) => (/[+#]/.test(text) ? "+ and # are for filters: a branch is pinned by its name" : null)),
    maxPins,
  ),
  presets: listOf(preset, maxPresets),
  filters: listOf(
    textOf((text) => (isFilter(text) ? null : "this is no topic filter")),
    maxFilters,
  ),
};
