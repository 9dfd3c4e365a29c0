import type { Config } from "../../../config/schema.ts";
import { type Action, type End, type Rules, rule, type Trigger } from "../rule.ts";
import type { OwlcmsTopics } from "./topics.ts";

type Referee = Config["owlcms"]["referees"][string];

const connected = { and: [{ broker: "connected" as const }] };
const allReferees = ["1", "2", "3"];

/** A press that says something to owlcms. Nothing is said later: a decision that comes late belongs to another attempt. */
export function says(id: string, button: string | null, topic: string, payloads: readonly string[]): Rules {
  if (button === null) return {};
  const actions = payloads.map((payload): Action => ({ publish: topic, payload }));
  return { [id]: rule([{ input: button, gesture: "press" }], actions, connected) };
}

export function each(outputs: readonly string[], action: Action): Action[] {
  return outputs.map((output) => ({ ...action, output }));
}

/** The sign that this official is called (section 9: as the boxes that are in use). */
export function summoned(id: string, when: readonly Trigger[], { led, buzzer }: Pick<Referee, "led" | "buzzer">): Rules {
  if (led.length + buzzer.length === 0) return {};
  const flash = { total: 5000, on: 100, off: 100 };
  const tone = [
    { note: "C7", ms: 500 },
    { note: null, ms: 250 },
    { note: "C7", ms: 500 },
  ];
  return { [id]: rule(when, [...each(led, { flash }), ...each(buzzer, { tone })]) };
}

/** One referee's box (section 8). `number` 0 is a referee who decides alone: owlcms echoes all three. */
export function refereeRules(number: string, referee: Referee, topics: OwlcmsTopics, begins: readonly string[]): Rules {
  const { led, buzzer, confirm, no_echo: noEcho } = referee;
  const spoken = referee.as.length === 0 ? [number] : referee.as.map(String);
  const meant = number === "0" && referee.as.length === 0 ? allReferees : spoken;
  const [first = number] = meant;
  const id = `owlcms-r${number}`;
  const decision = topics.fop("decision");
  const rules: Rules = {};
  for (const word of ["good", "bad"] as const) {
    const button = referee[word];
    Object.assign(
      rules,
      says(
        `${id}-${word}`,
        button,
        topics.decide,
        spoken.map((one) => `${one} ${word}`),
      ),
    );
    if (button === null || noEcho === 0 || led.length === 0) continue;
    const heard: End = { topic: decision, payload: `${first} ${word}` };
    const sign = each(led, { beep: { times: 3, on: 100, off: 100 }, after: noEcho, unless: [heard] });
    rules[`${id}-${word}-unheard`] = rule([{ input: button, gesture: "press" }], sign);
  }
  const requests = meant.map((one) => topics.request(one));
  const until: End[] = [
    ...meant.flatMap((one) => ["good", "bad"].map((word) => ({ topic: decision, payload: `${one} ${word}` }))),
    ...requests.flatMap(({ ends }) => ends),
    { topic: topics.fop("resetDecisions") },
  ];
  // Before the light of the confirmation, which may be the same: the echo that ends this one begins that one.
  if (led.length + buzzer.length > 0)
    rules[`${id}-remind`] = rule(
      requests.map((request) => request.begins),
      [...each(led, { pattern: [20_000], until }), ...each(buzzer, { beep: { times: 3, on: 100, off: 50 }, until })],
    );
  if (confirm.length > 0)
    rules[`${id}-confirm`] = rule(
      [{ topic: decision, first_word: first, changed_since: [...begins] }],
      each(confirm, { set: "on", for: 2000 }),
    );
  const summons = meant.map((one) => topics.summon(one));
  return { ...rules, ...summoned(`${id}-summon`, summons, referee) };
}
