import type { Config } from "../../../config/schema.ts";
import { type Action, type Rules, rule } from "../rule.ts";
import { each, says } from "./official.ts";
import type { OwlcmsTopics } from "./topics.ts";

type Jury = Config["owlcms"]["jury"];

/** Lights that show one thing at a time: each colour with its outputs, which colours may share. */
function shows(lights: Readonly<Record<string, readonly string[]>>, colour: string): Action[] {
  const on = lights[colour] ?? [];
  const off = [...new Set(Object.values(lights).flat())].filter((output) => !on.includes(output));
  return [...each(off, { set: "off" }), ...each(on, { set: "on" })];
}

/** The jury's desk (section 8). `begins`: the topics on which an attempt begins anew. */
export function juryRules(jury: Jury, topics: OwlcmsTopics, begins: readonly string[]): Rules {
  const rules: Rules = {};
  const add = (more: Rules) => Object.assign(rules, more);
  for (const [number, { good, bad, ...lights }] of Object.entries(jury.members)) {
    const vote = topics.to("jurybox/juryMember/decision");
    add(says(`owlcms-j${number}-good`, good, vote, [`${number} good`]));
    add(says(`owlcms-j${number}-bad`, bad, vote, [`${number} bad`]));
    if (Object.values(lights).flat().length === 0) continue;
    for (const [word, colour] of [
      ["hidden", "green"],
      ["good", "white"],
      ["bad", "red"],
    ] as const)
      rules[`owlcms-j${number}-shows-${word}`] = rule(
        [{ topic: topics.fop("juryMemberDecision"), payload: `${number} ${word}` }],
        shows(lights, colour),
      );
  }
  for (const [number, lights] of Object.entries(jury.referees)) {
    if (Object.values(lights).flat().length === 0) continue;
    for (const [word, colour] of [
      ["good", "white"],
      ["bad", "red"],
    ] as const)
      rules[`owlcms-jury-r${number}-${word}`] = rule(
        [{ topic: topics.fop("decision"), payload: `${number} ${word}`, changed_since: [...begins] }],
        shows(lights, colour),
      );
  }
  for (const word of ["good", "bad"] as const) add(says(`owlcms-jury-${word}`, jury.verdict[word], topics.to("jurybox/decision"), [word]));
  for (const [who, button] of Object.entries(jury.summon)) add(says(`owlcms-summon-${who}`, button, topics.to("jurybox/summon"), [who]));
  for (const [key, word] of [
    ["deliberation", "deliberation"],
    ["challenge", "challenge"],
    ["technical", "technical"],
    ["resume", "stop"],
  ] as const)
    add(says(`owlcms-jury-${key}`, jury[key], topics.to("jurybox/break"), [word]));
  const members = Object.values(jury.members).flatMap(({ green, white, red }) => [...green, ...white, ...red]);
  if (members.length > 0)
    rules["owlcms-jury-clear"] = rule(
      [{ topic: topics.fop("juryDeliberation") }, { topic: topics.fop("challenge") }],
      each([...new Set(members)], { set: "off" }),
    );
  return rules;
}

/** The rules of a jury member by the member's number: with a smaller jury they rest. */
export function memberOf(rule: string): number | null {
  const [, number] = /^owlcms-j(\d)-/.exec(rule) ?? [];
  return number === undefined ? null : Number(number);
}

/** Lights of the jury that show what is so until something else is. */
export function juryLights({ members, referees }: Jury): string[] {
  return [
    ...Object.values(members).flatMap(({ green, white, red }) => [...green, ...white, ...red]),
    ...Object.values(referees).flatMap(({ white, red }) => [...white, ...red]),
  ];
}
