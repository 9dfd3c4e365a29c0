import { deviceClasses, type Entity } from "../../config/homeassistant-classes.ts";
import { quoteText } from "../../config/problem.ts";
import type { Flow } from "./flow.ts";
import type { Foreign } from "./foreign.ts";
import type { Draft } from "./mqttio.ts";
import { type Module, moduleOf } from "./mqttio-modules.ts";

/** mqtt-io waits so long after an edge before it takes the next one, unless something else is written. */
const usualBounce = 100;
const longestDebounce = 10_000;
const longestMs = 86_400_000;

/** The modules by their names; what they need in config.txt is told when the pins are known. */
export function readModules(file: Foreign, draft: Draft): Map<string, Module> {
  const modules = new Map<string, Module>();
  const chips = new Map<string, string>();
  for (const entry of file.list("gpio_modules")) {
    const module = moduleOf(entry);
    const name = entry.text("name") ?? "";
    if (module === undefined) {
      entry.remarks.say(
        "left out",
        entry.at("module"),
        `the module ${quoteText(entry.text("module") ?? "")} is not known`,
        "write its pins by hand",
      );
      continue;
    }
    entry.rest(["i2c_bus_num", "chip_addr", "dev_addr", "chip", "mode", "test"]);
    const twin = module.expander && chips.get(module.expander.chip);
    if (module.expander && twin !== undefined) {
      const fix = "load it with an overlay of your own that names its lines, and write line: NAME";
      entry.remarks.say("left out", entry.spot, `the kernel calls the chips of ${twin} and ${name} both ${module.expander.chip}`, fix);
      continue;
    }
    if (module.expander) chips.set(module.expander.chip, name);
    if (module.module === "orangepi" || module.module === "sunxi")
      draft.remarks.say(
        "to do",
        entry.spot,
        "the chip is called here as on an Allwinner H3",
        "look in `pinbus pins` how it is called on this board",
      );
    modules.set(name, module);
  }
  return modules;
}

/** What an expander needs of the kernel, by the inputs that its INT wire goes to. */
export function tellExpanders(file: Foreign, modules: ReadonlyMap<string, Module>, draft: Draft): void {
  const moduleOfInput = new Map(file.list("digital_inputs").map((entry) => [entry.text("name"), entry.text("module")]));
  const interrupts = new Map<string, number>();
  for (const entry of file.list("digital_inputs"))
    for (const name of entry.texts("interrupt_for")) {
      const gpio = Number(entry.text("pin"));
      if (Number.isInteger(gpio)) interrupts.set(moduleOfInput.get(name) ?? "", gpio);
    }
  for (const [name, { expander, entry }] of modules) {
    if (expander === undefined) continue;
    const line = expander.overlay(interrupts.get(name) ?? null);
    draft.boot.add(line);
    const inputs = [...moduleOfInput.values()].includes(name);
    if (!inputs) continue;
    if (!expander.interrupts)
      entry.remarks.say(
        "to do",
        entry.spot,
        `the kernel tells no edges of ${expander.chip} with this overlay`,
        "load it with an overlay of your own that names the GPIO of its INT wire",
      );
    else if (!interrupts.has(name))
      entry.remarks.say(
        "to do",
        entry.spot,
        `the INT wire of ${name} goes nowhere, and without it the kernel tells no edges`,
        "connect INTA to a GPIO and write gpiopin=N in place of noints",
      );
  }
}

export function readInputs(file: Foreign, modules: ReadonlyMap<string, Module>, draft: Draft): void {
  for (const entry of file.list("digital_inputs")) {
    const { remarks } = entry;
    if (entry.texts("interrupt_for").length > 0) {
      const message = "its line belongs to the kernel now, which reads the expander by it, and it has no topic any more";
      remarks.say("different", entry.at("interrupt_for"), message, "look at the overlay at the top of the configuration");
      continue;
    }
    const found = begin(entry, "input", modules, draft);
    if (found === undefined) continue;
    const { name, id, module, line } = found;
    const wired = module.input?.(entry);
    const inverted = entry.flag("inverted") ?? false;
    const interrupt = entry.text("interrupt");
    const bounce = entry.whole("bouncetime");
    const debounce =
      interrupt === undefined || bounce === undefined || bounce === usualBounce ? undefined : Math.min(bounce, longestDebounce);
    if (debounce !== undefined)
      remarks.say(
        "different",
        entry.at("bouncetime"),
        `a level of ${name} must hold ${debounce} ms; mqtt-io takes the first edge and no other one for so long`,
        "write a shorter debounce if that is too late",
      );
    if (entry.number("poll_interval") !== undefined)
      remarks.say("different", entry.at("poll_interval"), `${name} is not polled: the kernel tells each edge`, "nothing is to be done");
    entry.flag("poll_when_interrupt_for");
    const up = entry.flag("pullup") === true;
    const bias = wired
      ? wired.bias
      : up
        ? "pull-up"
        : entry.flag("pulldown") === true
          ? "pull-down"
          : module.pulls === "set"
            ? "disabled"
            : undefined;
    if (module.pulls === "none" && bias !== undefined)
      remarks.say(
        "different",
        entry.at(up ? "pullup" : "pulldown"),
        `the kernel sets no pull on the lines of ${module.name}`,
        "rely on the expander's own, or add a resistor",
      );
    if (interrupt !== undefined && !["rising", "falling", "both"].includes(interrupt))
      remarks.say("left out", entry.at("interrupt"), "interrupt is none of rising, falling and both", "all changes are told");
    // Of an expander mqtt-io tells each level that it reads, whatever edge has brought it to look.
    const oneEdge = module.expander === undefined && (interrupt === "rising" || interrupt === "falling");
    const tells = oneEdge ? ((interrupt === "rising") !== inverted ? "on" : "off") : undefined;
    const own: Record<string, Flow> = {
      line,
      bias: module.pulls === "none" ? undefined : bias,
      active: (wired?.low ?? false) !== inverted ? "low" : undefined,
      kind: "switch",
      debounce: debounce === undefined ? undefined : `${debounce}ms`,
      ...appearance(entry, draft, ["binary_sensor"]),
    };
    entry.rest(inputKeys);
    draft.inputs.push({ id, own });
    draft.topics.inputs.push({ name, input: id, ...payloads(entry), tells, retain: entry.flag("retain") || undefined });
  }
}

export function readOutputs(file: Foreign, modules: ReadonlyMap<string, Module>, draft: Draft): void {
  for (const entry of file.list("digital_outputs")) {
    const found = begin(entry, "output", modules, draft);
    if (found === undefined) continue;
    const { name, id, module, line } = found;
    const { remarks } = entry;
    const inverted = entry.flag("inverted") ?? false;
    // Which level is off is not guessed: the wrong one would switch on at the start.
    const low = module.output ? module.output(entry).low : false;
    if (low === null || (entry.has("inverted") && entry.flag("inverted") === undefined)) continue;
    const initial = entry.text("initial");
    entry.flag("publish_initial");
    if (initial !== undefined && initial !== "high" && initial !== "low")
      remarks.say("left out", entry.at("initial"), "initial is neither high nor low", "the output starts off");
    const starts = (initial === "high" || initial === "low") && (initial === "high") !== inverted ? "on" : undefined;
    if (initial === undefined)
      remarks.say(
        "different",
        entry.spot,
        `${name} is switched off at the start; mqtt-io leaves it as it finds it`,
        "write on_start: keep if that is wanted",
      );
    const timed = entry.whole("timed_set_ms");
    const timedSet = timed !== undefined && timed >= 1 && timed <= longestMs ? `${timed}ms` : undefined;
    if (timed !== undefined && timedSet === undefined)
      remarks.say(
        "left out",
        entry.at("timed_set_ms"),
        `timed_set_ms is no time between 1 and ${longestMs} ms`,
        "write another one as timed_set",
      );
    else if (timedSet !== undefined)
      remarks.say(
        "different",
        entry.at("timed_set_ms"),
        `${name} stays off when it is switched off; mqtt-io switches it on again after ${timed} ms`,
        "send set_off_ms where it is to go on again",
      );
    const own: Record<string, Flow> = {
      line,
      active: low !== inverted ? "low" : undefined,
      on_start: starts,
      on_exit: module.cleanup ? undefined : "keep",
      ...appearance(entry, draft, ["switch"]),
    };
    const told = payloads(entry);
    const topic: Record<string, Flow> = { name, output: id, ...told, timed_set: timedSet, retain: entry.flag("retain") || undefined };
    entry.rest(outputKeys);
    draft.outputs.push({ id, own });
    draft.topics.outputs.push(topic);
  }
}

const inputKeys = [
  "class",
  "kwargs",
  "inverted",
  "on_payload",
  "off_payload",
  "pullup",
  "pulldown",
  "interrupt",
  "bouncetime",
  "retain",
  "poll_interval",
  "poll_when_interrupt_for",
  "ha_discovery",
];
const outputKeys = ["class", "kwargs", "ha_discovery"];

/** What inputs and outputs begin with; undefined, and told, for one that cannot be taken over. */
function begin(entry: Foreign, kind: "input" | "output", modules: ReadonlyMap<string, Module>, draft: Draft) {
  const { remarks, spot } = entry;
  const name = entry.text("name");
  if (name === undefined || !isTopic(name, kind)) {
    remarks.say(
      "left out",
      entry.at("name"),
      `the ${kind} has no name that may stand in a topic`,
      "give it one, without +, #, a slash and control characters",
    );
    return undefined;
  }
  if (draft.names[kind].has(name)) {
    remarks.say("left out", entry.at("name"), `${quoteText(name)} is the name of another ${kind}`, "give each a name of its own");
    return undefined;
  }
  draft.names[kind].add(name);
  const wanted = entry.text("module") ?? "";
  const module = modules.get(wanted);
  if (module === undefined) {
    remarks.say(
      "left out",
      entry.at("module"),
      `${name} is on the module ${quoteText(wanted)}, which could not be taken over`,
      "name a line of the kernel",
    );
    return undefined;
  }
  const place = module.place(entry);
  if (!place.ok) {
    remarks.say("left out", entry.has("pin") ? entry.at("pin") : spot, `${name}: ${place.message}`, place.fix);
    return undefined;
  }
  return { name, id: draft.ids.of(name, kind), module, line: place.line };
}

/** What may stand behind `input/`, `output/` or `sensor/`. */
export function isTopic(name: string, kind: "input" | "output" | "sensor"): boolean {
  return name.length > 0 && name.length <= 128 && !/[+#\p{Cc}]/u.test(name) && !(kind === "output" && name.includes("/"));
}

function payloads(entry: Foreign): Record<string, Flow> {
  const one = (key: "on_payload" | "off_payload", usual: string) => {
    const text = entry.text(key);
    if (text === undefined || text === usual) return undefined;
    if (/^[^\0\r\n]{1,1024}$/.test(text)) return text;
    entry.remarks.say("left out", entry.at(key), `${key} is no text in one line`, `${usual} is published instead`);
    return undefined;
  };
  return { on: one("on_payload", "ON"), off: one("off_payload", "OFF") };
}

/** How it is called in Home Assistant, and what it is there, as far as that is known here. */
export function appearance(entry: Foreign, draft: Draft, entities: readonly Entity[]): Record<string, Flow> {
  const asked = entry.map("ha_discovery");
  if (!draft.discovery || !entry.has("ha_discovery")) return {};
  const name = asked.text("name");
  const component = asked.text("component");
  const given = asked.text("device_class");
  const relay = entities.includes("switch") && component !== undefined && /^(light|lock|valve)$/.test(component) ? component : undefined;
  const known: readonly string[] = entities.flatMap((entity) => (relay === undefined ? deviceClasses[entity] : []));
  const device = given !== undefined && known.includes(given) ? given : undefined;
  if (given !== undefined && device === undefined && !entities.includes("sensor"))
    asked.remarks.say(
      "different",
      asked.at("device_class"),
      `Home Assistant has no ${entities[0]} of the class ${quoteText(given)}`,
      "write another one below homeassistant:",
    );
  const more = { as: relay, device_class: device };
  return {
    ...(name !== undefined && /^(?!\s)[^\p{Cc}]{1,64}$/u.test(name)
      ? entities.includes("sensor")
        ? { homeassistant: { name } }
        : { name }
      : {}),
    ...(relay === undefined && device === undefined ? {} : { homeassistant: more }),
  };
}
