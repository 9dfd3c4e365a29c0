import type { Found, Report } from "./check.ts";
import { duration, formatDuration, id, oneOf, text, wholeNumber } from "./formats.ts";
import { type ConfigOf, inFileOnly, leaf, listOf, mapOf, oneOrMore, optional, required } from "./leaf.ts";
import { checkReference, itemPath } from "./references.ts";
import type { Config } from "./schema.ts";

// What stands on the table of a weightlifting competition: which button, light and buzzer is what to owlcms.

const second = 1000;

const platform = text(
  "platform",
  "the name of a platform",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^[^+#/\u0000-\u001f\u007f-\u009f]{1,64}$/,
  "write it as owlcms has it, without +, # and /",
);
const button = (what: string) => inFileOnly(optional(id, `The button: ${what}.`));
const output = required(id, "An output.");
const outputs = (doc: string) => inFileOnly(oneOrMore(output, doc, 0));
const yes = oneOf("true", "false");

const refereeSchema = {
  good: button("good lift"),
  bad: button("no lift"),
  led: outputs("The warning light: owlcms misses this decision, the referee is summoned, or a press was not heard."),
  buzzer: outputs("The buzzer that says the same."),
  confirm: outputs("The light that confirms the decision for 2 s, when owlcms has echoed it."),
  no_echo: leaf(
    duration(0, 10 * second),
    second,
    "How soon owlcms has to echo a press; without an echo `led` flashes three times. `0ms` = no sign.",
  ),
  as: listOf(required(wholeNumber(1, 3), "The number of a referee."), "One box for several referees: a press is the decision of each.", {
    value: [],
    shown: "the number of this referee",
  }),
};

const memberSchema = {
  good: button("this member votes good lift"),
  bad: button("this member votes no lift"),
  green: outputs("What is on when the member has voted and the vote is hidden."),
  white: outputs("What is on when the vote is a good lift; of an RGB light all three."),
  red: outputs("What is on when the vote is no lift."),
};

export const owlcmsSchema = {
  platform: optional(platform, "The platform of owlcms at which this box stands.", "the only one that owlcms has"),
  legacy: leaf(yes, "false", "Whether the box speaks the old topics of the first boxes, instead of the new ones, where there are both."),
  referees: mapOf(
    refereeSchema,
    "The referees at this box, by number: 1, 2, 3, or 0 for one who decides alone; see [owlcms.md](owlcms.md).",
  ),
  controller: {
    led: outputs("The light that flashes when the technical controller is summoned."),
    buzzer: outputs("The buzzer that sounds then."),
  },
  down: {
    light: outputs("The light of the down signal: on for 2 s."),
    horn: outputs("The horn of the down signal: on for 2 s."),
    majority: leaf(yes, "false", "Whether the box gives the signal itself as soon as two decisions are equal, and tells owlcms."),
  },
  timekeeper: {
    start: button("the clock runs"),
    stop: button("the clock stops"),
    one_minute: button("the clock is set to one minute"),
    two_minutes: button("the clock is set to two minutes"),
    toggle: button("the clock runs or stops; only newer builds of owlcms know it"),
  },
  clock: {
    horn: outputs("What sounds 90 s and 30 s before the end of the athlete's time, and at its end."),
  },
  jury: {
    members: mapOf(memberSchema, "The jury members, by number: 1 to 5."),
    referees: mapOf(
      { white: outputs("What is on when the referee has decided good lift."), red: outputs("What is on when the decision is no lift.") },
      "The decisions of the referees as the jury sees them, by number: 1 to 3.",
    ),
    verdict: { good: button("the jury says good lift"), bad: button("the jury says no lift") },
    summon: {
      "1": button("referee 1 is summoned"),
      "2": button("referee 2 is summoned"),
      "3": button("referee 3 is summoned"),
      all: button("all referees are summoned"),
      controller: button("the technical controller is summoned"),
    },
    deliberation: button("the jury deliberates"),
    challenge: button("a challenge"),
    technical: button("a technical break"),
    resume: button("the break is over"),
  },
  startup: outputs("What is on for 1 s when owlcms starts, so that one sees which boxes are there."),
};

export type OwlcmsConfig = ConfigOf<typeof owlcmsSchema>;

/** The longest time that each kind of output is on at once, and the shortest on-time and off-time of its patterns. */
const uses = {
  led: { longest: 20 * second, on: 100, off: 100 },
  buzzer: { longest: 1000, on: 100, off: 50 },
  confirm: { longest: 2 * second, on: 1, off: 0 },
  light: { longest: 2 * second, on: 1, off: 0 },
  "down horn": { longest: 2 * second, on: 1, off: 0 },
  "clock horn": { longest: second, on: 200, off: 200 },
  jury: { longest: null, on: 1, off: 0 },
  startup: { longest: second, on: 1, off: 0 },
} as const;

interface Named {
  path: string;
  ids: readonly string[];
  use: keyof typeof uses;
}

/** Every id names something that can do what is asked of it, and nothing is two things. */
export function checkOwlcms(config: Config, found: Found, report: Report): void {
  const box = config.owlcms;
  checkNumbers("owlcms.referees", found, ["0", "1", "2", "3"], report);
  checkNumbers("owlcms.jury.members", found, ["1", "2", "3", "4", "5"], report);
  checkNumbers("owlcms.jury.referees", found, ["1", "2", "3"], report);
  const taken = new Map<string, string>();
  for (const { path, id: name } of buttonsOf(box)) {
    const first = taken.get(name);
    if (first !== undefined) report(path, `${name} is ${first} already`, "give each a button of its own");
    taken.set(name, path);
    if (!checkReference(path, name, "input", found, report)) continue;
    const kind = Object.hasOwn(config.inputs, name) ? config.inputs[name]?.kind : undefined;
    if (kind === "counter" || kind === "encoder") report(path, `${name} is a ${kind}, which has no press`, "name a button");
  }
  for (const { path, ids, use } of outputsOf(box))
    for (const [index, name] of ids.entries()) checkOutput(itemPath(found, path, index), name, use, config, found, report);
  for (const [number, { as }] of Object.entries(box.referees)) {
    const twice = as.find((one, at) => as.indexOf(one) !== at);
    if (twice !== undefined) report(`owlcms.referees.${number}.as`, `${twice} stands in it twice`, "remove one of them");
    if (number === "0" && as.length > 0) report("owlcms.referees.0.as", "0 stands for all three already", "remove it");
  }
  if (box.down.majority === "true" && box.down.light.length + box.down.horn.length === 0)
    report("owlcms.down.majority", "there is no light and no horn beside it", "add `light:` or `horn:`", "warning");
  if (buttonsOf(box).length + outputsOf(box).length === 0) return;
  for (const rule of found.ids.get("rules") ?? [])
    if (rule.startsWith("owlcms-")) report(`rules.${rule}`, "ids that begin with owlcms- are those of the section owlcms", "rename it");
}

function checkNumbers(path: string, { ids, place }: Found, numbers: readonly string[], report: Report): void {
  for (const number of ids.get(path) ?? [])
    if (!numbers.includes(number) && place(`${path}.${number}`).line > 0)
      report(`${path}.${number}`, `${number} is not one of ${numbers.join(", ")}`, "write the number of the official");
}

function checkOutput(path: string, name: string, use: Named["use"], config: Config, found: Found, report: Report): void {
  if (!checkReference(path, name, "output", found, report)) return;
  const contract = Object.hasOwn(config.outputs, name) ? config.outputs[name] : undefined;
  if (!contract) return;
  const { longest, on, off } = uses[use];
  const { interlock, max_on, min_on, min_off } = contract;
  if (interlock !== null) report(path, `${name} is in the interlock ${interlock}, which has times of its own`, "name another output");
  else if (max_on !== null && longest !== null && max_on < longest)
    report(path, `it is on for ${formatDuration(longest)}, longer than max_on of ${name} (${formatDuration(max_on)})`, "raise max_on");
  else if (min_on > on) report(path, `it is on for ${formatDuration(on)}, shorter than min_on of ${name}`, "lower min_on");
  else if (min_off > 0 && min_off >= off) report(path, `its pauses are not longer than min_off of ${name}`, "lower min_off");
}

function buttonsOf({ referees, timekeeper, jury }: OwlcmsConfig): { path: string; id: string }[] {
  const { members, verdict, summon, deliberation, challenge, technical, resume } = jury;
  const all: [string, Readonly<Record<string, string | null>>][] = [
    ...Object.entries(referees).map(([n, { good, bad }]): [string, Record<string, string | null>] => [`referees.${n}`, { good, bad }]),
    ["timekeeper", timekeeper],
    ...Object.entries(members).map(([n, { good, bad }]): [string, Record<string, string | null>] => [`jury.members.${n}`, { good, bad }]),
    ["jury.verdict", verdict],
    ["jury.summon", summon],
    ["jury", { deliberation, challenge, technical, resume }],
  ];
  return all.flatMap(([path, buttons]) =>
    Object.entries(buttons).flatMap(([key, name]) => (name === null ? [] : [{ path: `owlcms.${path}.${key}`, id: name }])),
  );
}

function outputsOf({ referees, controller, down, clock, jury, startup }: OwlcmsConfig): Named[] {
  const all: Named[] = [
    ...Object.entries(referees).flatMap(([n, { led, buzzer, confirm }]): Named[] => [
      { path: `referees.${n}.led`, ids: led, use: "led" },
      { path: `referees.${n}.buzzer`, ids: buzzer, use: "buzzer" },
      { path: `referees.${n}.confirm`, ids: confirm, use: "confirm" },
    ]),
    { path: "controller.led", ids: controller.led, use: "led" },
    { path: "controller.buzzer", ids: controller.buzzer, use: "buzzer" },
    { path: "down.light", ids: down.light, use: "light" },
    { path: "down.horn", ids: down.horn, use: "down horn" },
    { path: "clock.horn", ids: clock.horn, use: "clock horn" },
    ...Object.entries(jury.members).flatMap(([n, member]) =>
      (["green", "white", "red"] as const).map((key): Named => ({ path: `jury.members.${n}.${key}`, ids: member[key], use: "jury" })),
    ),
    ...Object.entries(jury.referees).flatMap(([n, referee]) =>
      (["white", "red"] as const).map((key): Named => ({ path: `jury.referees.${n}.${key}`, ids: referee[key], use: "jury" })),
    ),
    { path: "startup", ids: startup, use: "startup" },
  ];
  return all.flatMap(({ path, ids, use }) => (ids.length === 0 ? [] : [{ path: `owlcms.${path}`, ids, use }]));
}
